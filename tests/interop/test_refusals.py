"""What servers refuse: recipients, messages, sizes; and that the session lives on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import (
    Accepted,
    DeadlineExceeded,
    DeliveryOptions,
    MessageRejected,
    MessageTooLarge,
    NotSupportedByServer,
    Phase,
    RawEmail,
    Receipt,
    RecipientsRejected,
    Retry,
    SenderRejected,
    Timeouts,
)
from tests.interop.mails import new_mail, to_several
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

CODES = {Fate.DEFERRED: 451, Fate.REFUSED: 550, Fate.FULL: 552}
# BDAT, DATA with PIPELINING, DATA without.
WAYS = pytest.mark.parametrize("port", ["mx", "no_chunking", "no_extensions"])


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


def test_a_slow_recipient_is_waited_for(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.mx, timeout=Timeouts(reply=5.0)) as session:
        assert session.send(mail, sender=ALICE.address, recipients=[Fate.SLOW]).accepted == (Fate.SLOW,)
    assert postfix.mailbox(ALICE).wait_for(message_id)


@pytest.mark.parametrize(
    ("port", "phase", "accepted"),
    [
        ("no_extensions", Phase.RCPT, Accepted.NO),
        # Postfix keeps its reply to MAIL back until the next one is ready as well.
        ("no_chunking", Phase.MAIL, Accepted.NO),
        # By BDAT a small message has travelled with its envelope, so the server may well take it.
        ("mx", Phase.MAIL, Accepted.MAYBE),
    ],
)
def test_a_recipient_slower_than_the_timeout(
    client: Client, postfix: Postfix, port: str, phase: Phase, accepted: Accepted
) -> None:
    _, late = new_mail()
    message_id, mail = new_mail()
    with client.session(getattr(postfix, port), timeout=Timeouts(reply=0.3)) as session:
        with pytest.raises(DeadlineExceeded) as caught:
            session.send(late, sender=ALICE.address, recipients=[Fate.SLOW])
        assert not session.face.is_open
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    error = caught.value
    assert (error.phase, error.retry, error.accepted) == (phase, Retry.LATER, accepted)
    assert error.recipients == (Fate.SLOW,)
    assert session.connections == 2
    assert postfix.mailbox(BOB).wait_for(message_id)


def test_the_deadline_covers_all_phases(client: Client, postfix: Postfix) -> None:
    _, mail = new_mail()
    session = client.session(postfix.no_extensions, deadline=0.5)
    with session, pytest.raises(DeadlineExceeded):
        session.send(mail, sender=ALICE.address, recipients=[Fate.SLOW])


@WAYS
def test_the_hundred_and_first_recipient_is_deferred(client: Client, postfix: Postfix, port: str) -> None:
    message_id, mail = new_mail()
    recipients = [f"bob@{number}.mail.test" for number in range(101)]
    recipients[50] = BOB.address
    with client.session(getattr(postfix, port)) as session:
        receipt = session.send(mail, sender=ALICE.address, recipients=recipients)
    assert receipt.accepted == tuple(recipients[:100])
    assert {address: reply.code for address, reply in receipt.refused.items()} == {recipients[100]: 452}
    assert postfix.mailbox(BOB).wait_for(message_id)


@pytest.mark.parametrize("server", ["postfix", "exim", "dovecot_submission"])
def test_a_message_larger_than_the_limit_is_not_begun(
    client: Client, request: pytest.FixtureRequest, server: str
) -> None:
    _, mail = new_mail(b"0123456789abcde\n" * (10 * 1024 * 1024 // 16))
    with client.session(request.getfixturevalue(server).submission, user=ALICE) as session:
        with pytest.raises(MessageTooLarge, match="10,485,760"):
            session.send(mail, sender=ALICE.address, recipients=[BOB.address])
        assert session.noop() == 250
    assert not any(text.startswith("MAIL ") for text in session.commands)


def test_a_server_without_a_size_refuses_too_much_itself(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    _, large = new_mail(b"0123456789abcd\r\n" * (11 * 1024 * 1024 // 16))
    with client.session(postfix.no_extensions) as session:
        with pytest.raises(MessageRejected) as caught:
            session.send(large, sender=ALICE.address, recipients=[BOB.address])
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert caught.value.reply is not None
    assert caught.value.reply.code == 552
    assert caught.value.accepted is Accepted.NO
    assert postfix.mailbox(BOB).wait_for(message_id)


def test_without_extensions_there_is_no_eight_bit(client: Client, postfix: Postfix) -> None:
    _, mail = new_mail("été\r\n".encode())
    with client.session(postfix.no_extensions) as session:
        with pytest.raises(NotSupportedByServer, match="8BITMIME"):
            session.send(mail, sender=ALICE.address, recipients=[BOB.address])
        assert session.noop() == 250


def test_without_extensions_one_waits_for_every_reply(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.no_extensions) as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address, ALICE.address])
    spoken = [line[0] for line in session.dialogue.splitlines() if line[0] in "CS"]
    # The greeting, then command and reply in turn; only the message itself is no command.
    assert "".join(spoken).replace("CSCSCSCSCSSCS", "") == "S"
    assert "MAIL FROM:<alice@mail.test>" in session.commands
    assert to_several(postfix.no_extensions).as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_with_pipelining_the_envelope_is_one_flight(client: Client, postfix: Postfix) -> None:
    _, mail = new_mail()
    with client.session(postfix.no_chunking) as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address, ALICE.address])
    spoken = [line.split()[1] for line in session.dialogue.splitlines() if line[0] == "C"]
    assert spoken == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    said = "".join(line[0] for line in session.dialogue.splitlines())
    assert "CCCC" + "SSSS" in said


def test_each_of_several_mails_has_its_own_result(client: Client, exim: Exim) -> None:
    mails = [
        RawEmail(new_mail()[1], sender=ALICE.address, recipients=recipients)
        for recipients in ([BOB.address], [Fate.REFUSED], [Fate.DEFERRED, BOB.address], [ALICE.address])
    ]
    with client.session(exim.submission, user=ALICE) as session:
        results = session.send_all(mails)
    assert [type(result) for result in results] == [Receipt, RecipientsRejected, Receipt, Receipt]
    assert session.connections == 1
    for result in (results[0], results[2]):
        assert isinstance(result, Receipt)
        assert result.message_id is not None
        assert exim.mailbox(BOB).wait_for(result.message_id)


def test_a_reply_per_recipient_is_not_asked_for(client: Client, exim: Exim) -> None:
    # Exim offers PRDR, which would let it refuse this one after the message.
    message_id, mail = new_mail()
    with client.session(exim.submission, user=ALICE) as session:
        assert session.offers("PRDR")
        receipt = session.send(mail, sender=ALICE.address, recipients=[BOB.address, Fate.PICKY])
    assert receipt.accepted == (BOB.address, Fate.PICKY)
    assert not receipt.refused
    assert exim.submission.as_sent(exim.mailbox(BOB).wait_for(message_id)) == mail


def test_a_server_is_asked_about_an_address(client: Client, postfix: Postfix, exim: Exim) -> None:
    with client.session(exim.submission, user=ALICE) as session:
        assert session.verify(BOB.address) == 250
    with client.session(postfix.mx) as session:
        assert session.verify(BOB.address) == 252
        assert session.verify(Fate.REFUSED) == 550
