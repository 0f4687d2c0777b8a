from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from envoi.errors import UsageError
from envoi.message.content import WireEncoding
from envoi.message.email import Attachment, Email
from envoi.message.shared import SharedSource
from envoi.message.source import BytesSource, PathSource
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from pathlib import Path

DATA = bytes(range(256)) * 1000


async def gathered(source: SharedSource) -> bytes:
    return b"".join([piece async for piece in source.achunks()])


def mail(source: SharedSource) -> Email:
    return Email(
        sender="a@b.example", to="c@d.example", attachments=[Attachment(source=source, filename="a.bin")]
    )


@pytest.mark.parametrize("held", [True, False])
def test_is_encoded_once(held: bool) -> None:
    shared = SharedSource(BytesSource(DATA), held=held)
    assert shared.encoded() is shared.encoded()
    assert base64.b64decode(b"".join(shared.encoded())) == DATA
    assert (shared.size, shared.is_async) == (len(DATA), False)


async def read_both_ways(source: SharedSource) -> tuple[bytes, bytes]:
    email = mail(source)
    return email.to_bytes(), b"".join([piece async for piece in email.achunks()])


@pytest.mark.parametrize("held", [True, False])
def test_all_ways_give_the_same(held: bool) -> None:
    shared = SharedSource(BytesSource(DATA), held=held)
    written, awaited = run_sync(read_both_ways(shared))
    alone = Email(
        sender="a@b.example",
        to="c@d.example",
        attachments=[Attachment.from_bytes(DATA, "a.bin")],
        stamp=mail(shared).stamp,
    )
    assert written == awaited
    assert len(written) == len(alone.to_bytes()) == mail(shared).size()


def test_binary_travels_as_it_is() -> None:
    shared = SharedSource(BytesSource(DATA))
    used = WireEncoding(eightbit=True, binary=True)
    assert DATA in b"".join(mail(shared).chunks(used))
    assert run_sync(gathered(shared)) == DATA


def test_is_held_in_pieces() -> None:
    assert max(map(len, SharedSource(BytesSource(DATA)).encoded())) < 80_000


def test_what_goes_wrong_does_so_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    email = mail(SharedSource(PathSource.of(path)))
    path.write_bytes(b"other")
    email.requirements(WireEncoding(eightbit=True, binary=True))  # as it is: read while it is sent
    with pytest.raises(UsageError, match="changed"):
        email.requirements(WireEncoding())


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    shared = SharedSource(PathSource.of(path))
    first = shared.encoded()
    path.write_bytes(b"other")
    assert shared.encoded() is first
    with pytest.raises(UsageError, match="changed"):
        SharedSource(PathSource(path=path, size=3, modified=0)).encoded()
