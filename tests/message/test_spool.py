from __future__ import annotations

import errno
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from envoi.errors import UsageError
from envoi.message.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WINDOW = 1 << 22
PIECES = [os.urandom(100_000) for _ in range(95)]
ALL = b"".join(PIECES)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("size", [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, len(ALL)])
def test_gives_back_what_it_took(size: int) -> None:
    spool = Spool([ALL[:size]], name="it")
    assert spool.size == size
    assert b"".join(spool) == b"".join(spool) == ALL[:size]


def test_is_read_by_many_at_once() -> None:
    spool = Spool(PIECES, name="it")
    with ThreadPoolExecutor(4) as pool:
        assert all(read == ALL for read in pool.map(lambda _: b"".join(spool), range(8)))
    interleaved = list(zip(spool, spool, strict=True))
    assert all(first == second for first, second in interleaved)


def test_its_pieces_are_small() -> None:
    assert max(map(len, Spool(PIECES, name="it"))) <= 64 * 1024


def test_leaves_no_file_behind(folder: Path) -> None:
    spool = Spool(PIECES, name="it")
    reading = iter(spool)
    next(reading)
    del spool
    assert b"".join(reading)  # whoever reads it keeps it
    del reading
    assert list(folder.iterdir()) == []


class Full:
    """A file on a disk without room, which closing does not help."""

    closed = False

    def writelines(self, pieces: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        self.closed = True
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_says_where_there_is_no_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Full()
    monkeypatch.setattr("envoi.message.spool.TemporaryFile", lambda: file)
    with pytest.raises(UsageError, match=r"the film .* No space left on device; .* TMPDIR") as raised:
        Spool(PIECES, name="the film")
    assert str(folder) in str(raised.value)
    assert file.closed


def test_says_when_there_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("envoi.message.spool.TemporaryFile", nowhere)
    monkeypatch.setattr("envoi.message.spool.gettempdir", nowhere)
    with pytest.raises(UsageError, match="kept in a temporary folder: No usable"):
        Spool(PIECES, name="it")


def test_an_error_of_the_source_stays_what_it_is(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise UsageError("the file changed")

    with pytest.raises(UsageError, match=r"^the file changed$"):
        Spool(broken(), name="it")
    assert list(folder.iterdir()) == []
