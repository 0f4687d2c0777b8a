from __future__ import annotations

import asyncio
import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import NotSupportedByServer, UsageError
from envoi.message.attachment import Attachment
from envoi.message.content import Content, Requirements, WireEncoding
from envoi.message.envelope import DeliveryOptions
from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMSigner
from envoi.session.outgoing import outgoing
from tests.message import strategies as some
from tests.message.signing.material import (
    SIGNED_AT,
    dkim_ed25519,
    dkim_rsa,
    in_pieces,
    mail,
)
from tests.message.signing.test_dkim import BOTH, holds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from envoi.message.signing import SignedEmail

MIB = 1 << 20
EVERYTHING = WireEncoding(eightbit=True, binary=True, smtputf8=True)
ENCODINGS = [WireEncoding(), WireEncoding(eightbit=True), WireEncoding(smtputf8=True), EVERYTHING]


def sign(content: Any, signer: DKIMSigner = BOTH) -> SignedEmail:
    return signer.sign(content, at=SIGNED_AT)


def raw(data: bytes | Path) -> RawEmail:
    return RawEmail(data, sender="alice@example.org", recipients=["bob@example.org"])


async def collected(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def test_is_a_content_that_sessions_take() -> None:
    content = sign(mail())
    assert isinstance(content, Content)
    taken, envelope = outgoing(content)
    assert taken is content
    assert envelope == mail().envelope()


def test_keeps_identifier_and_envelope_of_the_mail() -> None:
    content = sign(mail(bcc="secret@example.org"))
    assert content.message_id == mail().message_id
    options = DeliveryOptions(envid="x")
    assert content.envelope(options) == mail(bcc="secret@example.org").envelope(options)


def test_leaves_the_mail_as_it_is() -> None:
    used = WireEncoding()
    octets = b"".join(sign(mail()).chunks(used))
    assert octets.endswith(b"".join(mail().chunks(used)))


@pytest.mark.parametrize("used", ENCODINGS, ids=repr)
@pytest.mark.parametrize("signer", [BOTH, DKIMSigner(dkim_ed25519(), lifetime_seconds=5)])
@given(some.bodies, st.binary(max_size=300))
def test_knows_its_size_and_holds_for_every_encoding(
    used: WireEncoding, signer: DKIMSigner, text: str, data: bytes
) -> None:
    content = sign(mail(text=text, html="é", attachments=[Attachment.from_bytes(data, "a.bin")]), signer)
    octets = b"".join(content.chunks(used))
    assert content.size(used) == len(octets)
    assert signer is not BOTH or holds(octets)


@pytest.mark.parametrize(
    "data", [b"Subject: x", b"Subject: x\n", b"\r\nbody", b"\nbody", b"From: a\r\n\r\n"], ids=repr
)
def test_knows_its_size_without_a_body_or_a_header(data: bytes) -> None:
    content = sign(in_pieces(data, [1, 2]))
    assert content.size() == len(b"".join(content.chunks()))


def test_asks_for_seven_bits_as_long_as_they_do() -> None:
    content = sign(mail(text="Été", attachments=[Attachment.from_bytes(b"\0", "a.bin")]))
    assert mail(text="Été").requirements(EVERYTHING).body == "8bitmime"
    assert content.requirements(EVERYTHING) == Requirements()


def test_takes_eight_bits_where_a_raw_mail_has_them_but_never_binary() -> None:
    content = sign(raw(b"From: a@example.org\r\n\r\n\xc3\xa9t\xc3\xa9\r\n"))
    assert content.requirements(EVERYTHING) == Requirements(body="8bitmime")
    with pytest.raises(NotSupportedByServer, match="8BITMIME"):
        content.requirements(WireEncoding())


def test_does_not_know_the_size_when_an_attachment_does_not() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data"

    assert sign(mail(attachments=[Attachment.from_async_iterator(pieces, "a.bin")])).size() is None


def test_reads_an_asynchronous_attachment_twice() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data"

    content = sign(mail(attachments=[Attachment.from_async_iterator(pieces, "a.bin", size=4)]))
    assert content.is_async
    assert holds(asyncio.run(collected(content.achunks())))
    with pytest.raises(UsageError, match="asynchronous"):
        list(content.chunks())


def test_refuses_what_can_be_read_only_once_before_anything_is_sent() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data"

    pipe = SimpleNamespace(read=lambda _: b"", seekable=lambda: False)
    for attached in (
        Attachment.from_async_iterator(pieces(), "a.bin"),
        Attachment.from_file(pipe, "a.bin"),  # type: ignore[arg-type]
        Attachment.from_email(mail(attachments=[Attachment.from_file(pipe, "a.bin")])),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match=r"'a\.bin' can be read only once"):
            sign(mail(attachments=[attached]))


@pytest.mark.parametrize("used", ENCODINGS, ids=repr)
def test_gives_the_same_octets_in_both_colours(used: WireEncoding) -> None:
    content = sign(mail(html="<p>é</p>"))
    assert not content.is_async
    assert asyncio.run(collected(content.achunks(used))) == b"".join(content.chunks(used))


def test_signs_a_large_file_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * (16 * MIB // 256))
    content = sign(mail(attachments=[Attachment.from_path(path)]))
    tracemalloc.start()
    try:
        octets = sum(map(len, content.chunks()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert octets == content.size()
    assert peak < MIB


def test_holds_for_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: a@example.org\n\n" + b" a  line\t\n\n" * 50_000 + b"\n" * 1000)
    from tests.message.signing.material import on_the_wire

    assert holds(on_the_wire(sign(raw(path), DKIMSigner(dkim_rsa()))))


def test_sends_nothing_half_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 100_000)
    content = sign(mail(attachments=[Attachment.from_path(path)]))
    pieces = content.chunks()
    next(pieces)
    path.write_bytes(b"y" * 100_001)
    with pytest.raises(UsageError, match="changed"):
        list(pieces)
