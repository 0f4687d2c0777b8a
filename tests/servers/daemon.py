"""A server in the foreground: started, waited for, stopped by its process id.

Every daemon leads a process group of its own, so that the children it forks are found and ended with
it, and nothing else ever is. Its log is one file, whose tail is what a failed start shows. Nothing here
knows which server it runs: `dovecot`, `postfix` and `exim` beside this file do.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Daemon", "DaemonFailed", "wait_until"]

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
# Children that outlive their master this long have missed the signal.
_FOLLOW_SECONDS = 1.0
_POLL_SECONDS = 0.01
_LOG_TAIL_LINES = 30


class DaemonFailed(Exception):
    """A server did not start, or would not stop; the text ends with its log's tail."""


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll `condition` until it holds; False when it still does not after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() >= deadline:
            return False
        pause.wait(_POLL_SECONDS)
    return True


class Daemon:
    """One server process and what it forked."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        self._stop_signal = stop_signal
        self._command = list(command)
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    def start(self, *, port: int, greeting: bytes, hello: bytes = b"") -> None:
        """Start, and return once `port` answers `hello` with a line that begins with `greeting`.

        Raises:
            DaemonFailed: it ended, or said nothing in time.
        """
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        self._guardian = _guard(self._process.pid)
        answered = wait_until(
            lambda: self._has_ended() or _greets(port, greeting, hello), seconds=_START_SECONDS
        )
        if self._has_ended() or not answered:
            why = "ended at once" if self._has_ended() else f"said no {greeting!r} on port {port}"
            self.stop()
            raise DaemonFailed(f"{' '.join(self._command)} {why}; its log ends:\n{self.log_tail()}")

    def stop(self, by: signal.Signals | None = None) -> None:
        """End the daemon and its children, by its own signal or another; harmless when it has ended already.

        Raises:
            DaemonFailed: a process survived even SIGKILL.
        """
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(by or self._stop_signal)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        self._end_group(process.pid)
        if self._guardian is not None:
            self._guardian.communicate(b"all ended\n")
            self._guardian = None

    def log_tail(self) -> str:
        """The last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:]) or "(empty)"

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _end_group(self, group: int) -> None:
        """Wait for the children to follow their master, then ask no longer."""
        if wait_until(lambda: not _living_members(group), seconds=_FOLLOW_SECONDS):
            return
        for member in _living_members(group):
            with suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        if not wait_until(lambda: not _living_members(group), seconds=_STOP_SECONDS):
            raise DaemonFailed(f"{self._command[0]}: processes {_living_members(group)} would not end")


def _guard(group: int) -> subprocess.Popen[bytes]:
    """Start what ends a group if the tests are killed: their end of the pipe closes without a word then.

    The kernel's own means (PR_SET_PDEATHSIG) is lost as soon as a server changes its user.
    """
    return subprocess.Popen(
        ["sh", "-c", 'read -r word || kill -s TERM -- "-$0"', str(group)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _greets(port: int, greeting: bytes, hello: bytes) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_STOP_SECONDS) as connection:
            connection.sendall(hello)
            return connection.recv(512).startswith(greeting)
    except OSError:
        return False


def _living_members(group: int) -> list[int]:
    """The processes of a group; a zombie is no longer one, for init may be slow to reap it."""
    members = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text(encoding="ascii", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # proc(5): `pid (name) state ppid pgrp …`, and the name may hold anything, parentheses included.
        state, _parent, process_group = stat.rpartition(")")[2].split()[:3]
        if int(process_group) == group and state not in "ZX":
            members.append(int(folder.name))
    return members
