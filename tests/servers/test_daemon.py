"""Servers come and go cleanly: nothing of them outlives its fixture, and a failed start says why."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.daemon import Daemon, DaemonFailed, wait_until
from tests.servers.dovecot import running_dovecot
from tests.servers.exim import running_exim
from tests.servers.listeners import Listener
from tests.servers.ports import PortPool
from tests.servers.postfix import running_postfix
from tests.servers.tokens import TokenMint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.certificates import CertificateAuthority


def processes_in(folder: Path) -> list[str]:
    """Return the command lines of the living processes that work in a folder or were told of it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            works_in = (process / "cwd").readlink()
        except OSError:
            continue
        if bytes(folder) in told or works_in.is_relative_to(folder):
            found.append(told.decode(errors="replace"))
    return found


@pytest.fixture
def room(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    folder = server_folder / str(request.node.name)
    folder.mkdir()
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("postfix", "exim")
def test_servers_leave_no_process_behind(
    room: Path,
    ca: CertificateAuthority,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
) -> None:
    for name in "dpe":
        (room / name).mkdir()
    program = require_program("exim4")
    with (
        running_dovecot(room / "d", ca, TokenMint(), server_ports) as dovecot,
        running_postfix(room / "p", ca, dovecot, server_ports),
        running_exim(room / "e", program, ca, server_ports),
    ):
        assert len(processes_in(room)) >= 3
    assert processes_in(room) == []


def test_failed_start_shows_what_the_server_said(room: Path, server_ports: PortPool) -> None:
    daemon = Daemon(["sh", "-c", "echo fatal: no such map; exit 1"], log=room / "log")
    with pytest.raises(DaemonFailed, match=r"(?s)ended at once.*fatal: no such map"):
        daemon.start(port=server_ports.take(), greeting=b"220")


def test_stopping_reaches_the_children(room: Path) -> None:
    port_of_nobody = 1
    daemon = Daemon(["sh", "-c", f"(cd {room}; trap '' TERM; sleep 60) & exit 0"], log=room / "log")
    with pytest.raises(DaemonFailed, match="ended at once"):
        daemon.start(port=port_of_nobody, greeting=b"220")
    assert processes_in(room) == []


def test_killed_tests_take_their_servers_along(room: Path, server_ports: PortPool) -> None:
    greeter = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
    greeter += "[s.accept()[0].send(b'220 x') for _ in iter(int, 1)]"
    tests = f"""
import os, pathlib, signal, sys
from tests.servers.daemon import Daemon
daemon = Daemon([sys.executable, "-c", sys.argv[1], sys.argv[2], "{room}"], log=pathlib.Path("{room}/log"))
daemon.start(port=int(sys.argv[2]), greeting=b"220")
print("started", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", tests, greeter, str(server_ports.take())]
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=False)
    assert (ended.stdout, ended.returncode) == (b"started\n", -signal.SIGKILL)
    assert wait_until(lambda: processes_in(room) == [], seconds=60)


def test_no_port_is_given_twice() -> None:
    first, second = PortPool(), PortPool()
    try:
        assert len({pool.take() for pool in [first, second] * 50}) == 100
    finally:
        first.close()
        second.close()


def test_only_the_fields_of_the_way_are_taken_off() -> None:
    listener = Listener(port=25, security="plaintext", trace=("Return-Path", "Received"))
    stored = b"Return-Path: <a@b.test>\r\nReceived: by x\r\n\tfor y\r\n\r\nReceived: by z\r\n\r\ntext\r\n"
    sent = b"Received: by z\r\n\r\ntext\r\n"
    assert listener.as_sent(stored.replace(b"\r\n\r\nReceived", b"\r\nReceived")) == sent
    with pytest.raises(AssertionError, match="expected the fields Return-Path, Received on top"):
        listener.as_sent(b"Received: by x\r\n\r\ntext\r\n")
