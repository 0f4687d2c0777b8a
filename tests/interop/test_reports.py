"""Delivery reports: asked for, sent by a real server, and about the right mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import DeliveryOptions, Email, Notify, NotSupportedByServer, Recipient
from tests.interop.mails import new_mail
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix")


def test_success_is_reported_when_asked_for(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.submission, user=ALICE) as session:
        session.send(
            mail,
            sender=ALICE.address,
            recipients=[Recipient(BOB.address, original="robert+tag@mail.test")],
            options=DeliveryOptions(notify=frozenset({Notify.SUCCESS}), ret="headers", envid="order=42+1"),
        )
    report = postfix.mailbox(ALICE).wait_for_report(message_id)
    assert b"Original-Envelope-Id: order=42+1" in report
    assert b"Original-Recipient: rfc822;robert+tag@mail.test" in report
    assert b"Action: relayed" in report or b"Action: delivered" in report
    assert b"Hello." not in report


def test_an_email_can_ask_for_it_itself(client: Client, postfix: Postfix) -> None:
    mail = Email(sender=ALICE.address, to=[BOB.address], text="Voilà", delivery_receipt=True)
    with client.session(postfix.submission, user=ALICE) as session:
        session.send(mail)
    assert b"Final-Recipient: rfc822; bob@mail.test" in postfix.mailbox(ALICE).wait_for_report(
        mail.message_id
    )


def test_a_bounce_comes_without_being_asked_for(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.submission, user=ALICE) as session:
        receipt = session.send(mail, sender=ALICE.address, recipients=[Fate.BOUNCED])
    assert receipt.accepted == (Fate.BOUNCED,)
    assert b"Action: failed" in postfix.mailbox(ALICE).wait_for_report(message_id)


def test_a_bounce_can_be_declined_for_one_recipient(client: Client, postfix: Postfix) -> None:
    quiet = Recipient(f"quiet-{Fate.BOUNCED}", notify=frozenset({Notify.NEVER}))
    message_id, mail = new_mail()
    with client.session(postfix.submission, user=ALICE) as session:
        session.send(mail, sender=ALICE.address, recipients=[Fate.BOUNCED, quiet])
    report = postfix.mailbox(ALICE).wait_for_report(message_id)
    assert Fate.BOUNCED.encode() in report
    assert b"Final-Recipient: rfc822; quiet-" not in report


def test_the_null_sender_arrives_as_such(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.submission, user=ALICE) as session:
        receipt = session.send(mail, sender="", recipients=[BOB.address])
    assert receipt.sender == ""
    assert postfix.mailbox(BOB).wait_for(message_id).startswith(b"Return-Path: <>\r\n")


def test_a_server_without_reports_is_not_asked(client: Client, postfix: Postfix) -> None:
    _, mail = new_mail()
    wish = DeliveryOptions(notify=frozenset({Notify.SUCCESS}))
    with client.session(postfix.no_extensions) as session, pytest.raises(NotSupportedByServer, match="DSN"):
        session.send(mail, sender=ALICE.address, recipients=[BOB.address], options=wish)
    assert not any(text.startswith("MAIL ") for text in session.commands)
