"""A Postfix of the crash suite's own: takes mail for anybody from anybody, into one Maildir.

No TLS and no login, whose cost would be most of a worker's life; one instance serves any number of runs, each
of which has a recipient of its own. Postfix never forgets and never doubles what it acknowledged, so what is
in the Maildir once its queue is empty is what was sent.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.crash.server import KEY
from tests.servers.daemon import Daemon
from tests.servers.ports import LOOPBACK, PortPool
from tests.servers.postfix import LONE_MAIN, MASTER, make_folders, write_aged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CrashPostfix", "running_postfix"]

#: How long nothing must be in the queue before everything is believed to be delivered, seconds.
QUIET = 1.0
#: Of a delivered mail, more than its header.
HEAD = 2000

_MAIN = (
    LONE_MAIN
    + """\
mynetworks =
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/maildirs
virtual_mailbox_maps = inline:{{ {{ @example.org = everybody/ }} }}
virtual_uid_maps = static:8
virtual_gid_maps = static:8
virtual_minimum_uid = 1
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
"""
)
_MASTER = """\
{host}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class CrashPostfix:
    """The running server.

    Args:
        folder: everything it writes is under it.
        port: where it listens.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.session = {"host": LOOPBACK, "port": port, "security": "plaintext"}
        self._spool = folder / "spool"
        self._mail = folder / "maildirs" / "everybody" / "new"

    def received(self, recipient: str) -> Counter[str]:
        """How often somebody got which mail, once nothing more comes; the mail itself is thrown away."""
        empty_since = time.monotonic()
        while time.monotonic() - empty_since < QUIET:
            time.sleep(0.05)  # Postfix says nowhere that it has nothing to do any more
            if self._has_queued():
                empty_since = time.monotonic()
        return self._taken_out(f"\nTo: {recipient}\n".encode())

    def _has_queued(self) -> bool:
        queues = ("incoming", "active", "deferred")
        return any(path.is_file() for queue in queues for path in (self._spool / queue).rglob("*"))

    def _taken_out(self, to: bytes) -> Counter[str]:
        found: Counter[str] = Counter()
        for path in list(self._mail.glob("*")):
            with path.open("rb") as file:
                head = file.read(HEAD)
            if to in head and (key := KEY.search(head)):
                found[key[1].decode()] += 1
            path.unlink()
        return found


@contextmanager
def running_postfix(folder: Path) -> Iterator[CrashPostfix]:
    """Run it with everything it writes under `folder`, which its own accounts can enter."""
    ports = PortPool()
    port = ports.take()
    make_folders(folder)
    write_aged(folder / "main.cf", _MAIN.format(folder=folder))
    write_aged(folder / "master.cf", _MASTER.format(host=LOOPBACK, port=port))
    daemon = Daemon(
        [MASTER, "-d", "-c", str(folder)], log=folder / "log", environment={"MAIL_CONFIG": str(folder)}
    )
    try:
        daemon.start(port=port, greeting=b"220 ")
        yield CrashPostfix(folder, port)
    finally:
        daemon.stop()
        ports.close()
