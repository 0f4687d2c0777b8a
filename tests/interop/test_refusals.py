"""What servers refuse (recipients, senders, messages), and that the session lives on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import (
    Accepted,
    DeliveryOptions,
    MessageRejected,
    Phase,
    RecipientsRejected,
    Retry,
    SenderRejected,
)
from tests.interop.mails import new_mail, to_several
from tests.interop.ways import WAYS
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

CODES = {Fate.DEFERRED: 451, Fate.REFUSED: 550, Fate.FULL: 552}


@WAYS
def test_the_receipt_tells_each_recipient_s_fate(client: Client, postfix: Postfix, port: str) -> None:
    listener = getattr(postfix, port)
    message_id, mail = new_mail()
    with client.session(listener) as session:
        receipt = session.send(
            mail,
            sender=ALICE.address,
            recipients=[Fate.DEFERRED, BOB.address, Fate.REFUSED, ALICE.address, Fate.FULL],
        )
    assert receipt.accepted == (BOB.address, ALICE.address)
    assert {address: reply.code for address, reply in receipt.refused.items()} == CODES
    assert [address for address, reply in receipt.refused.items() if reply.transient] == [Fate.DEFERRED]
    for user in (ALICE, BOB):
        assert to_several(listener).as_sent(postfix.mailbox(user).wait_for(message_id)) == mail


@WAYS
@pytest.mark.parametrize(
    ("recipients", "retry"),
    [([Fate.REFUSED, Fate.FULL], Retry.NEVER), ([Fate.REFUSED, Fate.DEFERRED], Retry.LATER)],
)
def test_nobody_accepted_is_an_error(
    client: Client, postfix: Postfix, port: str, recipients: list[str], retry: Retry
) -> None:
    refused_id, refused = new_mail()
    message_id, mail = new_mail()
    with client.session(getattr(postfix, port)) as session:
        with pytest.raises(RecipientsRejected, match=recipients[0]) as caught:
            session.send(refused, sender=ALICE.address, recipients=recipients)
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    error = caught.value
    assert {address: reply.code for address, reply in error.refused.items()} == {
        address: CODES[address] for address in recipients
    }
    assert error.recipients == tuple(recipients)
    assert (error.phase, error.retry, error.accepted) == (Phase.RCPT, retry, Accepted.NO)
    assert error.remedy or retry is Retry.LATER
    assert session.connections == 1
    assert postfix.mailbox(BOB).wait_for(message_id)
    assert not postfix.mailbox(BOB).find(refused_id)


@WAYS
def test_a_large_message_to_nobody_stays_here(client: Client, postfix: Postfix, port: str) -> None:
    told: list[int] = []
    _, mail = new_mail(b"0123456789abcd\r\n" * (1024 * 1024 // 16))
    with client.session(getattr(postfix, port)) as session:
        with pytest.raises(RecipientsRejected):
            session.send(
                mail,
                sender=ALICE.address,
                recipients=[Fate.REFUSED],
                progress=lambda sent, _: told.append(sent),
            )
        assert session.noop() == 250
    assert told == []
    assert session.connections == 1


@WAYS
def test_one_refused_recipient_can_stop_the_message_for_all(
    client: Client, postfix: Postfix, port: str
) -> None:
    stopped_id, stopped = new_mail()
    message_id, mail = new_mail()
    with client.session(getattr(postfix, port)) as session:
        with pytest.raises(RecipientsRejected) as caught:
            session.send(
                stopped,
                sender=ALICE.address,
                recipients=[BOB.address, Fate.REFUSED],
                options=DeliveryOptions(all_or_nothing=True),
            )
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert list(caught.value.refused) == [Fate.REFUSED]
    assert session.connections == 1
    assert postfix.mailbox(BOB).wait_for(message_id)
    assert not postfix.mailbox(BOB).find(stopped_id)


@pytest.mark.parametrize("recipient", [Fate.DEFERRED, Fate.REFUSED])
def test_exim_refuses_recipients_too(client: Client, exim: Exim, recipient: str) -> None:
    message_id, mail = new_mail()
    with client.session(exim.submission, user=ALICE) as session:
        receipt = session.send(mail, sender=ALICE.address, recipients=[recipient, BOB.address])
    assert {address: reply.code for address, reply in receipt.refused.items()} == {
        recipient: CODES[recipient]
    }
    assert exim.submission.as_sent(exim.mailbox(BOB).wait_for(message_id)) == mail


@WAYS
@pytest.mark.parametrize(
    ("subject", "code", "retry"),
    [(Fate.REFUSED_SUBJECT, 550, Retry.NEVER), (Fate.DEFERRED_SUBJECT, 451, Retry.LATER)],
)
def test_a_message_refused_after_its_end(
    client: Client, postfix: Postfix, port: str, subject: str, code: int, retry: Retry
) -> None:
    refused_id, refused = new_mail(subject=subject)
    message_id, mail = new_mail()
    with client.session(getattr(postfix, port)) as session:
        with pytest.raises(MessageRejected) as caught:
            session.send(refused, sender=ALICE.address, recipients=[BOB.address])
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    error = caught.value
    assert error.reply is not None
    assert error.reply.code == code
    assert (error.phase, error.retry, error.accepted) == (Phase.FINAL, retry, Accepted.NO)
    assert error.recipients == (BOB.address,)
    assert session.connections == 1
    assert postfix.mailbox(BOB).wait_for(message_id)
    assert not postfix.mailbox(BOB).find(refused_id)


def test_strangers_may_not_relay(client: Client, exim: Exim) -> None:
    _, mail = new_mail()
    with (
        client.session(exim.submission) as session,
        pytest.raises(RecipientsRejected, match="Relaying denied") as caught,
    ):
        session.send(mail, sender=ALICE.address, recipients=["someone@elsewhere.test"])
    assert caught.value.retry is Retry.NEVER


def test_a_refused_sender_is_named(client: Client, exim: Exim) -> None:
    message_id, mail = new_mail()
    with client.session(exim.submission, user=ALICE) as session:
        with pytest.raises(SenderRejected, match="domain literals not allowed") as caught:
            session.send(mail, sender="alice@[127.0.0.1]", recipients=[BOB.address])
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert (caught.value.phase, caught.value.retry) == (Phase.MAIL, Retry.NEVER)
    assert session.connections == 1
    assert exim.submission.as_sent(exim.mailbox(BOB).wait_for(message_id)) == mail
