"""Disks that are full, broken, or lose their power: nothing that was acknowledged is lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sqlite_store import open_store
from envoi.outbox.model import MessageStatus, Stage
from envoi.session.run import run_sync
from tests.outbox.contract.arena import NOON

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.drivers.sqlite_store.disks import Disk

pytestmark = pytest.mark.programs("cc")
ENOUGH = "100000"


def line(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().strip().split(" ", 2)


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def kill(process: subprocess.Popen[str]) -> list[list[str]]:
    """End it as a power failure would, and return what it said still."""
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return [text.split(" ", 2) for text in rest.splitlines() if text]


def until_failed(process: subprocess.Popen[str]) -> tuple[set[str], str]:
    """The ids of what was put before the first failure, and what that says."""
    put: set[str] = set()
    while True:
        word, *details = line(process)
        if word == "failed":
            return put, " ".join(details)
        if word == "put":
            put.add(details[0])


def found(path: Path, messages: set[str]) -> tuple[MessageStatus, ...]:
    """What a store that is opened anew knows of these messages; it is sound."""
    store = open_store(path, wall=lambda: NOON)
    try:
        assert run_sync(store.check()) == ()
        statuses = run_sync(store.status(sorted(messages)))
        for status in statuses:
            if status.stage is not Stage.DONE:
                content = run_sync(store.read(status.id))
                octets = content.octets if content.path is None else content.path.read_bytes()
                assert octets is not None
                assert len(octets) == status.size
        return statuses
    finally:
        run_sync(store.close())


def test_a_full_disk_says_so_and_the_store_goes_on_when_there_is_room(disk: Disk) -> None:
    path = disk.root / "outbox.db"
    process = disk.start("submitter", str(path), ENOUGH)
    put = {line(process)[1]}
    disk.switch("full", on=True)
    more, reason = until_failed(process)
    assert "full" in reason or "No space left" in reason
    assert "Make room" in reason
    disk.switch("full", on=False)
    go_on(process)
    afterwards: set[str] = set()
    while len(afterwards) < 30:
        word, *details = line(process)
        assert word != "failed", details
        if word == "put":
            afterwards.add(details[0])
    messages = put | more | afterwards | {words[1] for words in kill(process) if words[0] == "put"}
    assert len(found(path, messages)) == len(messages)


def test_an_error_of_the_disk_closes_the_store(disk: Disk) -> None:
    path = disk.root / "outbox.db"
    process = disk.start("submitter", str(path), ENOUGH)
    put = {line(process)[1]}
    disk.switch("broken", on=True)
    more, reason = until_failed(process)
    assert "I/O error" in reason or "Input/output error" in reason
    disk.switch("broken", on=False)
    # Only a large content fails before the commit, and leaves the store open; whatever comes first, no commit
    # that failed is ever tried again on the same handle.
    go_on(process)
    word, *_ = line(process)
    assert word == "failed" or "Input/output error" in reason
    kill(process)
    messages = put | more
    assert len(found(path, messages)) == len(messages)


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 7, 40, 90, 160, 230])
def test_a_power_failure_loses_nothing_that_was_acknowledged(disk: Disk, tmp_path: Path, lines: int) -> None:
    process = disk.start("submitter", str(disk.root / "outbox.db"), ENOUGH, forgetful=True)
    said = [line(process) for _ in range(lines)] + kill(process)
    disk.after_power_failure(tmp_path / "afterwards")
    put = {words[1] for words in said if words[0] == "put"}
    settled = {words[1] for words in said if words[0] == "settle"}
    statuses = found(tmp_path / "afterwards" / "outbox.db", put)
    assert {status.id for status in statuses} == put
    assert {status.id for status in statuses if status.stage is Stage.DONE} >= settled


def test_a_disk_that_forgets_is_noticed_by_this_test(disk: Disk, tmp_path: Path) -> None:
    """Without FULL, acknowledged mail would be lost: the disk above does forget."""
    process = disk.start("careless", str(disk.root / "outbox.db"), forgetful=True)
    put = {line(process)[1] for _ in range(40)}
    kill(process)
    disk.after_power_failure(tmp_path / "afterwards")
    assert len(found(tmp_path / "afterwards" / "outbox.db", put)) < len(put)
