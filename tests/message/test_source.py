from __future__ import annotations

import asyncio
import io
import os
from typing import Any

import pytest

from envoi.errors import UsageError
from envoi.message.source import PIECE, AsyncSource, BytesSource, FileSource, PathSource

DATA = bytes(range(256)) * 1000


def collect(source):
    async def pieces():
        return [piece async for piece in source.achunks()]

    return b"".join(asyncio.run(pieces()))


class Stream(io.RawIOBase):
    """A file object that cannot seek, such as a socket or a pipe."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 1000))


class Broken(Stream):
    def read(self, size: int = -1) -> bytes:
        if size:
            raise OSError(5, "Input/output error")
        return b""


def file_source(file: Any, **fields: Any) -> FileSource:
    return FileSource(file, **{"name": "x", **fields})


def test_bytes_are_given_in_pieces():
    source = BytesSource(DATA)
    assert (source.size, source.is_async) == (len(DATA), False)
    assert max(map(len, source.chunks())) == PIECE
    assert b"".join(source.chunks()) == collect(source) == DATA
    assert next(BytesSource(DATA[:9]).chunks()) == DATA[:9]


def test_a_file_is_given_in_pieces(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(DATA)
    source = PathSource.of(path)
    assert (source.size, source.is_async) == (len(DATA), False)
    assert b"".join(source.chunks()) == collect(source) == DATA
    assert b"".join(source.after(1000).chunks()) == DATA[1000:]
    assert source.head(10) == DATA[:10]


def test_an_empty_file_is_fine(tmp_path):
    (tmp_path / "x").touch()
    assert list(PathSource.of(tmp_path / "x").chunks()) == []


def test_refuses_what_is_no_readable_file(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "secret").touch()
    for name, reason in [
        ("none", "No such file"),
        ("", "is a directory"),
        ("pipe", "no regular file"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(UsageError, match=reason):
            PathSource.of(tmp_path / name)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match=r"secret.*permission denied"):
        PathSource.of(tmp_path / "secret")


@pytest.mark.parametrize(
    ("change", "begun"),
    [(change, begun) for change in ("shrink", "grow", "touch") for begun in (False, True)]
    + [("remove", False)],
)
def test_a_file_that_changes_is_named_before_its_last_piece(tmp_path, change, begun):
    path = tmp_path / "x.bin"
    path.write_bytes(DATA)
    chunks = PathSource.of(path).chunks()
    given = [next(chunks)] if begun else []
    {
        "shrink": lambda: os.truncate(path, PIECE + 1),
        "grow": lambda: path.write_bytes(DATA + b"x"),
        "touch": lambda: os.utime(path, (1, 1)),
        "remove": path.unlink,
    }[change]()
    with pytest.raises(UsageError, match=r"x\.bin.*(changed|no longer)"):
        given += chunks
    assert sum(map(len, given)) < len(DATA)


def test_a_failing_disk_is_named(tmp_path, monkeypatch):
    path = tmp_path / "x.bin"
    path.write_bytes(DATA)
    source = PathSource.of(path)
    monkeypatch.setattr(PathSource, "_open", lambda _: Broken(b""))
    monkeypatch.setattr(PathSource, "_begin", lambda *_: None)
    with pytest.raises(UsageError, match=r"reading .*x\.bin.* failed: Input/output error"):
        list(source.chunks())


def test_a_file_object_that_can_seek_is_read_again_from_where_it_stood():
    file = io.BytesIO(b"skip" + DATA)
    file.seek(4)
    source = file_source(file)
    assert (source.size, source.is_async) == (len(DATA), False)
    first, second = source.chunks(), source.chunks()
    assert next(first) == next(second) == DATA[:PIECE]
    assert b"".join(source.chunks()) == collect(source) == DATA


def test_one_that_cannot_seek_is_read_once():
    source = file_source(Stream(DATA), name="the stream", size=len(DATA))
    assert b"".join(source.chunks()) == DATA
    with pytest.raises(UsageError, match="'the stream' can be read only once"):
        source.chunks()
    assert file_source(Stream(b"")).size is None


@pytest.mark.parametrize(("size", "reason"), [(5, "more than 5"), (50, "only 10 of 50")])
def test_a_promised_size_must_hold(size, reason):
    with pytest.raises(UsageError, match=reason):
        list(file_source(Stream(b"x" * 10), size=size).chunks())

    async def pieces():
        yield b"x" * 10

    with pytest.raises(UsageError, match=reason):
        collect(AsyncSource(pieces(), name="x", size=size))


def test_file_objects_fail_by_name():
    with pytest.raises(UsageError, match="'x' is open in text mode"):
        file_source(io.StringIO("x"))
    with pytest.raises(UsageError, match="reading 'x' failed: Input/output error"):
        list(file_source(Broken(b"")).chunks())
    file = io.BytesIO(b"x")
    source = file_source(file)
    file.close()
    with pytest.raises(UsageError, match="reading 'x' failed"):
        list(source.chunks())


def test_an_asynchronous_iterator_is_read_once_and_a_function_again():
    async def pieces():
        yield b"a"
        yield b"b"

    once, again = AsyncSource(pieces(), name="x"), AsyncSource(pieces, name="x", size=2)
    assert (once.size, once.is_async, again.size) == (None, True, 2)
    assert collect(once) == collect(again) == collect(again) == b"ab"
    with pytest.raises(UsageError, match="only once"):
        once.achunks()
    with pytest.raises(UsageError, match="AsyncSMTPSession"):
        once.chunks()
