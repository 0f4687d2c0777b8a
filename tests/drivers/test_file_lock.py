from __future__ import annotations

import errno
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envoi.drivers import file_lock
from envoi.drivers.file_lock import FileLock

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, pathlib
from envoi.drivers.file_lock import FileLock
lock = FileLock(pathlib.Path(sys.argv[1]))
print(lock.try_take(), flush=True)
sys.stdin.read()
"""


def test_one_taker_at_a_time_in_a_process(tmp_path: Path) -> None:
    first, second = (FileLock(tmp_path / "lock") for _ in range(2))
    assert first.try_take()
    assert not second.try_take()
    first.release()
    first.release()
    assert second.try_take()
    second.release()


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        lock = FileLock(tmp_path / "lock")
        assert not lock.try_take()
        holder.kill()
        holder.wait(60)
        assert lock.try_take()
        lock.release()


def test_a_file_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(file_lock, "_lock", refuse)
    with pytest.raises(OSError, match="No locks"):
        FileLock(tmp_path / "lock").try_take()
