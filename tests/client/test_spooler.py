"""Asynchronous sessions: on disk at once, sent in the background, also by a later program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envoi import Outbox, UsageError
from envoi.errors import AddressSuppressed, OutboxError
from envoi.outbox import State
from envoi.testing import SMTPServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.colours import Colour

ENVELOPE: dict[str, Any] = {"sender": "a@example.org", "recipients": ["b@example.org"]}
RAW = b"Subject: hi\r\nMessage-ID: <1@example.org>\r\nDate: now\r\n\r\nHello\r\n"


def test_sends_in_the_background(colour: Colour, server: SMTPServer, tmp_path: Path) -> None:
    with colour.session(**server.session_options(), asynchronous=tmp_path / "outbox.db") as session:
        assert session.is_open
        receipt = session.send(RAW, **ENVELOPE)
        assert receipt.accepted == ("b@example.org",)
        assert (receipt.message_id, receipt.server) == ("<1@example.org>", "the outbox")
        assert receipt.ticket is not None
        assert receipt.ticket in receipt.reply.text
        assert session.status(receipt.ticket).message_id == "<1@example.org>"
    assert not session.is_open
    assert server.messages[0].data == RAW
    assert session.status("<1@example.org>").recipients[0].state is State.DELIVERED


def test_a_later_program_sends_what_was_left(colour: Colour, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/outbox.db"
    with SMTPServer(security="plaintext", accounts={"alice": "secret"}, allow_plaintext_auth=True) as server:
        options = {**server.session_options(), "asynchronous": place}
        with Outbox(place) as outbox:
            left = outbox.submit(RAW, **ENVELOPE, account=f"alice at 127.0.0.1:{server.port}")
            other = outbox.submit(RAW, **ENVELOPE, account="somebody else")
        session = colour.session(**options)
        session.open()
        session.open()
        session.send(RAW, **ENVELOPE)
        session.close()
        assert len(server.messages) == 2
        with Outbox(place) as outbox:
            assert outbox.wait(left, 60).recipients[0].state is State.DELIVERED
            assert outbox.status(other).recipients[0].state is State.PENDING
        session.close()


def test_is_opened_by_the_first_mail(colour: Colour, server: SMTPServer, tmp_path: Path) -> None:
    session = colour.session(**server.session_options(), asynchronous=tmp_path / "outbox.db")
    assert not session.is_open
    session.send(RAW, **ENVELOPE)
    assert session.is_open
    session.close()
    assert len(server.messages) == 1


def test_by_default_the_outbox_is_the_users(
    colour: Colour, server: SMTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with colour.session(**server.session_options(), asynchronous=True) as session:
        session.send(RAW, **ENVELOPE)
    assert (tmp_path / "envoi" / "outbox.db").exists()
    assert (tmp_path / "envoi").stat().st_mode & 0o077 == 0


def test_who_wants_no_mail_is_refused(colour: Colour, server: SMTPServer, tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.suppress("b@example.org", reason="bounced")
    with colour.session(**server.session_options(), asynchronous=tmp_path / "outbox.db") as session:
        receipt = session.send(RAW, sender="a@example.org", recipients=["b@example.org", "c@example.org"])
        assert receipt.accepted == ("c@example.org",)
        assert "bounced" in receipt.refused["b@example.org"].text
        with pytest.raises(AddressSuppressed):
            session.send(RAW, **ENVELOPE)


def test_who_is_not_there_has_no_status(colour: Colour, server: SMTPServer, tmp_path: Path) -> None:
    session = colour.session(**server.session_options(), asynchronous=tmp_path / "outbox.db")
    with pytest.raises(OutboxError):
        session.status("<nobody@example.org>")


def test_a_session_that_waits_has_receipts_for_that(colour: Colour, server: SMTPServer) -> None:
    with pytest.raises(UsageError, match="receipt"):
        colour.session(**server.session_options()).status("1")
