"""Limits of both sides: how long we wait, how many and how large the server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import (
    Accepted,
    DeadlineExceeded,
    MessageRejected,
    MessageTooLarge,
    NotSupportedByServer,
    Phase,
    Retry,
    Timeouts,
)
from tests.interop.mails import new_mail
from tests.interop.ways import WAYS
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")


def test_a_slow_recipient_is_waited_for(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.mx, timeout=Timeouts(reply=30)) as session:
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
    with client.session(getattr(postfix, port), timeout=Timeouts(reply=2)) as session:
        with pytest.raises(DeadlineExceeded) as caught:
            session.send(late, sender=ALICE.address, recipients=[Fate.SILENT])
        assert not session.face.is_open
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    error = caught.value
    assert (error.phase, error.retry, error.accepted) == (phase, Retry.LATER, accepted)
    assert error.recipients == (Fate.SILENT,)
    assert session.connections == 2
    assert postfix.mailbox(BOB).wait_for(message_id)


def test_the_deadline_covers_all_phases(client: Client, postfix: Postfix) -> None:
    _, mail = new_mail()
    session = client.session(postfix.no_extensions, deadline=0.3)
    with pytest.raises(DeadlineExceeded), session:
        session.send(mail, sender=ALICE.address, recipients=[Fate.SILENT])


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
