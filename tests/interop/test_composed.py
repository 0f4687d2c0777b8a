"""Mails that were composed here or by the standard library: what a reader finds at the other end."""

from __future__ import annotations

import asyncio
import email
import email.policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from envoi import Attachment, Email, UsageError
from envoi.message.content import WireEncoding
from tests.interop.mails import new_id, to_several
from tests.servers.listeners import ALICE, BOB, UTF8_DOMAIN, ZOE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.interop.sessions import Client, Session
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

TEXT = "Voilà l'été : ☃ fond.\n.\n..\nFin\n"
BINARY = bytes(range(256)) * 200
EVERY_SERVER = pytest.mark.parametrize("server", ["postfix", "exim", "dovecot_submission"])


def read(stored: bytes) -> EmailMessage:
    message = email.message_from_bytes(stored, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def rendered(mail: Email, session: Session) -> bytes:
    """The octets that this server should have been given."""
    offered = WireEncoding(
        eightbit=session.offers("8BITMIME"),
        binary=session.offers("BINARYMIME"),
        smtputf8=session.offers("SMTPUTF8"),
    )
    return b"".join(mail.chunks(mail.requirements(offered).encoding))


def rich_mail() -> Email:
    return Email(
        sender=f"Comptabilité <{ALICE.address}>",
        to=[f"Zoë & Bob <{BOB.address}>"],
        bcc=[ALICE.address],
        subject="Le rapport d'été " + "très long " * 20,
        text=TEXT,
        html="<p>Voilà l'été : <b>☃</b> fond.</p>",
        attachments=[
            Attachment.from_bytes(
                BINARY, filename="données été.bin", content_type="application/octet-stream"
            ),
            Attachment.from_bytes(b"a;b\nc;d\n", filename="table.csv", content_type="text/csv"),
        ],
    )


@EVERY_SERVER
def test_an_email_arrives_whole(client: Client, request: pytest.FixtureRequest, server: str) -> None:
    running: Postfix | Exim | Dovecot = request.getfixturevalue(server)
    mail = rich_mail()
    with client.session(running.submission, user=ALICE) as session:
        receipt = session.send(mail)
        expected = rendered(mail, session)
    assert set(receipt.accepted) == {ALICE.address, BOB.address}
    for user in (ALICE, BOB):
        stored = to_several(running.submission).as_sent(running.mailbox(user).wait_for(mail.message_id))
        assert stored == expected
    message = read(expected)
    assert message["Subject"] == mail.subject
    assert message["Bcc"] is None
    binary, table = message.iter_attachments()
    assert binary.get_filename() == "données été.bin"
    assert binary.get_content() == BINARY
    assert table.get_payload(decode=True) == b"a;b\nc;d\n"
    text = message.get_body(["plain"])
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == TEXT


def test_a_large_attachment_is_read_from_its_file(client: Client, postfix: Postfix, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(BINARY * 100)
    mail = Email(sender=ALICE.address, to=[BOB.address], attachments=[Attachment.from_path(path)])
    with client.session(postfix.submission, user=ALICE) as session:
        session.send(mail)
        expected = rendered(mail, session)
    assert postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(mail.message_id)) == expected
    (found,) = read(expected).iter_attachments()
    assert found.get_content() == BINARY * 100


def test_an_asynchronous_attachment_is_for_asynchronous_sessions(client: Client, postfix: Postfix) -> None:
    async def octets() -> AsyncIterator[bytes]:
        for start in range(0, len(BINARY), 1000):
            await asyncio.sleep(0)
            yield BINARY[start : start + 1000]

    attached = Attachment.from_async_iterator(octets, filename="stream.bin")
    mail = Email(sender=ALICE.address, to=[BOB.address], attachments=[attached])
    with client.session(postfix.submission, user=ALICE) as session:
        if not client.is_asynchronous:
            with pytest.raises(UsageError, match="AsyncSMTPSession"):
                session.send(mail)
            assert session.face.is_open  # nothing was begun, so nothing was broken off
            return
        session.send(mail)
    stored = postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(mail.message_id))
    (found,) = read(stored).iter_attachments()
    assert found.get_content() == BINARY


def test_an_email_is_ascii_for_a_server_without_extensions(client: Client, postfix: Postfix) -> None:
    mail = rich_mail()
    with client.session(postfix.no_extensions) as session:
        session.send(mail)
    stored = to_several(postfix.no_extensions).as_sent(postfix.mailbox(BOB).wait_for(mail.message_id))
    assert stored.isascii()
    assert stored == mail.to_bytes()


def standard_mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Zoë Müller <{ALICE.address}>"
    message["To"] = BOB.address
    message["Bcc"] = ALICE.address
    message["Subject"] = "Le rapport d'été"
    message["Message-ID"] = new_id()
    message.set_content(TEXT, cte="8bit")
    message.add_attachment(BINARY, maintype="application", subtype="octet-stream", filename="été.bin")
    return message


@pytest.mark.parametrize(
    ("port", "sevenbit"), [("submission", False), ("no_chunking", False), ("no_extensions", True)]
)
def test_an_email_message_of_the_standard_library(
    client: Client, postfix: Postfix, port: str, sevenbit: bool
) -> None:
    sent = standard_mail()
    listener = getattr(postfix, port)
    with client.session(listener, user=ALICE if port == "submission" else None) as session:
        assert set(session.send(sent).accepted) == {ALICE.address, BOB.address}
    stored = to_several(listener).as_sent(postfix.mailbox(BOB).wait_for(sent["Message-ID"]))
    assert stored.isascii() is sevenbit
    message = read(stored)
    assert message["Bcc"] is None
    assert message["Subject"] == "Le rapport d'été"
    text, binary = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == TEXT
    assert binary.get_content() == BINARY


def international_mail() -> Email:
    return Email(
        sender=f"{ZOE.name}@{UTF8_DOMAIN}", to=[f"{ZOE.name}@{UTF8_DOMAIN}"], subject="Été", text="Voilà ☃"
    )


def test_postfix_takes_an_international_address(client: Client, postfix: Postfix) -> None:
    mail = international_mail()
    with client.session(postfix.to_utf8_domain, user=ALICE) as session:
        session.send(mail)
        expected = rendered(mail, session)
    assert any(text.startswith("MAIL ") and text.endswith(" SMTPUTF8") for text in session.commands)
    assert postfix.to_utf8_domain.as_sent(postfix.utf8_mailbox.wait_for(mail.message_id)) == expected


def test_exim_takes_an_international_address(client: Client, exim: Exim) -> None:
    mail = international_mail()
    with client.session(exim.submission, user=ALICE) as session:
        session.send(mail)
        expected = rendered(mail, session)
    assert exim.submission.as_sent(exim.mailbox(ZOE).wait_for(mail.message_id)) == expected


@pytest.mark.parametrize("port", ["no_extensions", "lmtp"])
def test_an_international_address_needs_smtputf8(client: Client, postfix: Postfix, port: str) -> None:
    listener = postfix.dovecot.lmtp if port == "lmtp" else postfix.no_extensions
    protocol = "lmtp" if port == "lmtp" else "smtp"
    mail = Email(sender=ALICE.address, to=[ZOE.address], text="Voilà")
    with client.session(listener, protocol=protocol) as session:
        with pytest.raises(UsageError, match=r"zoë@mail\.test.*SMTPUTF8"):
            session.send(mail)
        assert session.noop() == 250
    assert not any(text.startswith("MAIL ") for text in session.commands)
