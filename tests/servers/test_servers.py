"""The servers do what their fixtures say: mail goes in at every port and comes back byte for byte."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from tests.servers.fates import Fate
from tests.servers.independent import connect, new_mail, send, strict_context
from tests.servers.listeners import ALICE, BOB, HOST, UTF8_DOMAIN, ZOE, Listener

if TYPE_CHECKING:
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")


@pytest.mark.parametrize("name", ["submission", "submissions", "cleartext_auth", "no_extensions", "mx"])
def test_what_postfix_takes_arrives_byte_for_byte(postfix: Postfix, name: str) -> None:
    listener: Listener = getattr(postfix, name)
    message_id, mail = new_mail()
    send(listener, strict_context(postfix.ca_file), mail, BOB.address)
    assert listener.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


@pytest.mark.parametrize("name", ["submission", "submissions", "mx"])
def test_what_exim_takes_arrives_byte_for_byte(exim: Exim, name: str) -> None:
    listener: Listener = getattr(exim, name)
    message_id, mail = new_mail()
    send(listener, strict_context(exim.ca_file), mail, BOB.address)
    assert listener.as_sent(exim.mailbox(BOB).wait_for(message_id)) == mail


@pytest.mark.parametrize("name", ["submission", "submissions"])
def test_what_dovecot_takes_arrives_byte_for_byte(dovecot_submission: Dovecot, name: str) -> None:
    listener: Listener = getattr(dovecot_submission, name)
    message_id, mail = new_mail()
    send(listener, strict_context(dovecot_submission.ca_file), mail, BOB.address)
    assert listener.as_sent(dovecot_submission.mailbox(BOB).wait_for(message_id)) == mail


def test_lmtp_answers_for_each_recipient(dovecot: Dovecot) -> None:
    message_id, mail = new_mail()
    with smtplib.LMTP(HOST, dovecot.lmtp.port) as session:
        refused = session.sendmail(ALICE.address, [BOB.address, Fate.BOUNCED], mail)
    assert [*refused] == [Fate.BOUNCED]
    assert dovecot.lmtp.as_sent(dovecot.mailbox(BOB).wait_for(message_id)) == mail


def test_lmtp_is_also_a_socket(dovecot: Dovecot) -> None:
    with smtplib.LMTP(str(dovecot.lmtp_socket)) as session:
        assert session.ehlo()[0] == 250


def test_postfix_delivers_to_an_internationalised_address(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    send(postfix.submission, strict_context(postfix.ca_file), mail, f"{ZOE.name}@{UTF8_DOMAIN}", "SMTPUTF8")
    assert postfix.to_utf8_domain.as_sent(postfix.utf8_mailbox.wait_for(message_id)) == mail


def test_exim_delivers_to_an_internationalised_address(exim: Exim) -> None:
    message_id, mail = new_mail()
    send(exim.submission, strict_context(exim.ca_file), mail, f"{ZOE.name}@{UTF8_DOMAIN}", "SMTPUTF8")
    assert exim.submission.as_sent(exim.mailbox(ZOE).wait_for(message_id)) == mail


@pytest.mark.parametrize("server", ["postfix", "exim"])
def test_chunks_arrive_as_one_mail(request: pytest.FixtureRequest, server: str) -> None:
    running: Postfix | Exim = request.getfixturevalue(server)
    message_id, mail = new_mail()
    with connect(running.mx, strict_context(running.ca_file)) as session:
        session.mail(ALICE.address)
        session.rcpt(BOB.address)
        session.send(b"BDAT 100\r\n" + mail[:100])
        assert session.getreply()[0] == 250
        session.send(b"BDAT %d LAST\r\n" % len(mail[100:]) + mail[100:])
        assert session.getreply()[0] == 250
    assert running.mx.as_sent(running.mailbox(BOB).wait_for(message_id)) == mail


def test_sender_gets_a_bounce(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    send(postfix.submission, strict_context(postfix.ca_file), mail, Fate.BOUNCED)
    assert b"Action: failed" in postfix.mailbox(ALICE).wait_for_report(message_id)


def test_exim_replies_per_recipient_after_the_dot(exim: Exim) -> None:
    message_id, mail = new_mail()
    with connect(exim.mx, strict_context(exim.ca_file)) as session:
        session.mail(ALICE.address, ["PRDR"])
        session.rcpt(BOB.address)
        session.rcpt(Fate.PICKY)
        assert session.data(mail)[0] == 353
        # Bob's reply, the other's, and one for the mail as a whole.
        assert [session.getreply()[0] for _ in range(3)] == [250, 550, 250]
    assert exim.mailbox(BOB).wait_for(message_id)
