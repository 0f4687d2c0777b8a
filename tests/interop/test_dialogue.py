"""How one talks to a server: together or in turn, several mails, and what is left unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import RawEmail, Receipt, RecipientsRejected
from tests.interop.mails import new_mail, to_several
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")


def test_without_extensions_one_waits_for_every_reply(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.no_extensions) as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address, ALICE.address])
    spoken = "".join(line[0] for line in session.dialogue.splitlines() if line[0] in "CS")
    # The greeting, then command and reply in turn; the message is answered too, and is no command.
    assert spoken == "S" + 5 * "CS" + "S" + "CS"
    assert "MAIL FROM:<alice@mail.test>" in session.commands
    assert to_several(postfix.no_extensions).as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_with_pipelining_the_envelope_is_one_flight(client: Client, postfix: Postfix) -> None:
    _, mail = new_mail()
    with client.session(postfix.no_chunking) as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address, ALICE.address])
    spoken = [line.split()[1] for line in session.dialogue.splitlines() if line[0] == "C"]
    assert spoken == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    said = "".join(line[0] for line in session.dialogue.splitlines())
    assert "CCCCSSSS" in said


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
