from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from envoi import AsyncSMTPSession, SMTPSession
from envoi.message.attachment import Attachment
from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMSigner
from envoi.testing import SMTPServer
from envoi.testing.settings import EXTENSIONS
from tests.message import strategies as some
from tests.message.signing.material import alice, dkim_rsa, mail
from tests.message.signing.test_dkim import holds
from tests.message.signing.test_smime import signer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PLAIN = {"SIZE", "PIPELINING"}
MAILS = {
    "dots": mail(text=".\n..a\n.\n\n\n"),
    "attached": mail(
        text="Été", html="<p>Été</p>", attachments=[Attachment.from_bytes(b"\xff" * 200_000, "a.bin")]
    ),
    "bare line ends": RawEmail(
        b"From: alice@example.org\nSubject: x\n\n.\na\rb\n\n",
        sender="alice@example.org",
        recipients=["bob@example.org"],
    ),
}


@pytest.mark.parametrize("extensions", [PLAIN, {*EXTENSIONS}], ids=["DATA", "BDAT"])
@pytest.mark.parametrize("content", MAILS.values(), ids=MAILS)
def test_holds_when_it_arrives(content: Any, extensions: set[str]) -> None:
    signed = DKIMSigner(dkim_rsa()).sign(content)
    with SMTPServer(security="plaintext", extensions=extensions) as server:
        with SMTPSession(**server.session_options()) as session:
            session.send(signed)
            session.send(signed)
        first, second = server.messages
    assert holds(first.data)
    assert first.data == second.data
    if not isinstance(content, RawEmail):  # whose line ends are repaired on the way
        assert int(first.parameters["SIZE"]) == len(first.data)


def test_holds_when_it_comes_from_an_asynchronous_source() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b"data" * 999

    async def send(options: Any) -> None:
        async with AsyncSMTPSession(**options) as session:
            attachment = Attachment.from_async_iterator(pieces, "a.bin")
            await session.send(DKIMSigner(dkim_rsa()).sign(mail(attachments=[attachment])))

    with SMTPServer(security="plaintext") as server:
        asyncio.run(send(server.session_options()))
        (received,) = server.messages
    assert holds(received.data)


def test_holds_when_it_is_signed_by_a_person_as_well() -> None:
    content = DKIMSigner(dkim_rsa()).sign(signer(alice()).sign(mail(), stamp=some.STAMP))
    with SMTPServer(security="plaintext") as server:
        with SMTPSession(**server.session_options()) as session:
            session.send(content)
        (received,) = server.messages
    assert holds(received.data)
    assert received.email.get_content_type() == "multipart/signed"
