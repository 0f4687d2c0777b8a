"""Local delivery to Dovecot, by TCP and by Unix socket: a reply for each recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import Email, Phase, RecipientsRejected, Retry
from tests.interop.mails import new_mail, to_several
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client, Session
    from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.programs("dovecot")


@pytest.fixture(params=["TCP", "socket"])
def session(request: pytest.FixtureRequest, client: Client, dovecot: Dovecot) -> Session:
    host = dovecot.lmtp.host if request.param == "TCP" else str(dovecot.lmtp_socket)
    return client.plain_session(host, dovecot.lmtp.port, security="plaintext", protocol="lmtp")


def test_a_mail_is_delivered(session: Session, dovecot: Dovecot) -> None:
    message_id, mail = new_mail(b"one\n.\n..two\r\n")
    with session:
        receipt = session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert session.commands[0].startswith("LHLO ")
    assert receipt.accepted == (BOB.address,)
    stored = dovecot.lmtp.as_sent(dovecot.mailbox(BOB).wait_for(message_id))
    assert stored == mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_each_recipient_has_a_reply(session: Session, dovecot: Dovecot) -> None:
    message_id, mail = new_mail()
    with session:
        receipt = session.send(
            mail, sender=ALICE.address, recipients=[BOB.address, Fate.BOUNCED, ALICE.address]
        )
    assert receipt.accepted == (BOB.address, ALICE.address)
    assert [(address, reply.code) for address, reply in receipt.refused.items()] == [(Fate.BOUNCED, 550)]
    # After the message, one reply for each of the two who were accepted.
    assert session.dialogue.count(" Saved") == 2
    for user in (ALICE, BOB):
        assert to_several(dovecot.lmtp).as_sent(dovecot.mailbox(user).wait_for(message_id)) == mail


def test_an_unknown_user_alone_is_an_error(session: Session, dovecot: Dovecot) -> None:
    message_id, mail = new_mail()
    with session:
        with pytest.raises(RecipientsRejected, match=Fate.BOUNCED) as caught:
            session.send(new_mail()[1], sender=ALICE.address, recipients=[Fate.BOUNCED])
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert (caught.value.phase, caught.value.retry) == (Phase.RCPT, Retry.NEVER)
    assert session.connections == 1
    assert dovecot.lmtp.as_sent(dovecot.mailbox(BOB).wait_for(message_id)) == mail


def test_an_email_is_delivered(session: Session, dovecot: Dovecot) -> None:
    mail = Email(sender=ALICE.address, to=[BOB.address], subject="Été", text="Voilà ☃\n" * 50_000)
    with session:
        session.send(mail)
    stored = dovecot.lmtp.as_sent(dovecot.mailbox(BOB).wait_for(mail.message_id))
    assert stored.partition(b"\r\n\r\n")[2] == ("Voilà ☃\r\n" * 50_000).encode()
