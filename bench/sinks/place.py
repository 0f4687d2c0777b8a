"""The server of a discipline: the sink of our own, Postfix's smtp-sink, or a whole Postfix of our own.

All on loopback, each ended with its block. Only our own sink can say how many messages it took. Postfix
runs as for the tests, from a configuration in a temporary folder; it queues, and throws away what it would
deliver.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.contestant import NotHere
from bench.cores import pin
from bench.sinks.native import best_sink, running
from tests.servers.daemon import Daemon, DaemonFailed
from tests.servers.ports import LOOPBACK, PortPool
from tests.servers.postfix import LONE_MAIN, MASTER, make_folders, write_aged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.disciplines import Discipline

__all__ = ["Place", "sink_for"]

_SMTP_SINK = Path("/usr/sbin/smtp-sink")
_MASTER_CF = """\
{listen} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN_CF = (
    LONE_MAIN
    + """\
mynetworks =
smtpd_peername_lookup = no
relay_domains = example.org
relay_recipient_maps =
relay_transport = discard:
default_transport = discard:
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A running server.

    Attributes:
        port: on 127.0.0.1.
        messages: tells how many it has taken; None when it cannot say.
    """

    port: int
    messages: Callable[[], int | None]


@contextmanager
def sink_for(discipline: Discipline, folder: Path, certificate: Path) -> Iterator[Place]:
    """Run the server that a discipline asks for.

    Raises:
        NotHere: this machine does not have it.
    """
    if discipline.sink == "own":
        secured = certificate if discipline.starttls else None
        with running(best_sink(chunking=discipline.chunking, certificate=secured)) as sink:
            if not discipline.round_trip:
                pin(sink.process.pid)
            yield Place(port=sink.port, messages=lambda: sink.counts().messages)
        return
    ports = PortPool()
    run = _smtp_sink if discipline.sink == "smtp-sink" else _postfix
    try:
        port = ports.take()
        with run(port, folder):
            yield Place(port=port, messages=lambda: None)
    finally:
        ports.close()


@contextmanager
def _smtp_sink(port: int, folder: Path) -> Iterator[None]:
    if not _SMTP_SINK.exists():
        raise NotHere("smtp-sink is not installed (it comes with Postfix)")
    command = [str(_SMTP_SINK), *(["-u", "nobody"] if os.geteuid() == 0 else []), f"{LOOPBACK}:{port}", "512"]
    with _daemon(command, folder / "smtp-sink.log", port):
        yield


@contextmanager
def _postfix(port: int, folder: Path) -> Iterator[None]:
    if not Path(MASTER).exists() or os.geteuid():
        raise NotHere("Postfix is not installed, or may not be started: only root can")
    with TemporaryDirectory(dir=folder) as name:
        home = Path(name)
        home.chmod(0o755)
        make_folders(home)
        write_aged(home / "main.cf", _MAIN_CF.format(folder=home))
        write_aged(home / "master.cf", _MASTER_CF.format(listen=f"{LOOPBACK}:{port}"))
        command = [MASTER, "-d", "-c", str(home)]
        with _daemon(command, home / "log", port, {"MAIL_CONFIG": str(home)}):
            yield


@contextmanager
def _daemon(
    command: list[str], log: Path, port: int, environment: dict[str, str] | None = None
) -> Iterator[None]:
    daemon = Daemon(command, log=log, environment=environment)
    try:
        daemon.start(port=port, greeting=b"220 ")
        yield
    except DaemonFailed as error:
        raise NotHere(str(error)) from error
    finally:
        daemon.stop()
