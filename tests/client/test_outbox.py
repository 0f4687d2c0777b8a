"""`Outbox` and `AsyncOutbox`: what users hold, over a file of SQLite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from envoi import AsyncOutbox, ConfigError, Email, Outbox, UsageError
from envoi.client.stores import open_store
from envoi.errors import AddressSuppressed, IdempotencyConflict
from envoi.message.reports.verp import verp_token
from envoi.outbox import (
    AccountRules,
    Bounces,
    Limits,
    RecipientResult,
    Stage,
    State,
    Ticket,
)
from tests.client.colours import Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.client.colours import Colour

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def opened(colour: Colour, path: Path, **options: Any) -> Any:
    """An outbox of this colour whose methods block."""
    if colour._runner is None:
        return Outbox(path, **options)
    return Waiting(AsyncOutbox(path, **options), colour._runner)


def mail(number: int = 0, to: str = "b@example.org") -> Email:
    return Email(sender="a@example.org", to=to, subject=f"mail {number}", text="Hello")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_accepts_and_tells_what_is_known(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        ticket = outbox.submit(mail(), key="order-42", priority=1, send_at=TOMORROW)
        status = outbox.status(ticket)
    assert str(ticket) == ticket.id == status.id
    assert (status.account, status.key, status.priority) == ("default", "order-42", 1)
    assert (status.stage, status.subject, status.due_at) == (Stage.WAITING, "mail 0", TOMORROW)
    assert [one.state for one in status.recipients] == [State.PENDING]


def test_a_key_used_twice_is_one_mail(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        first, again = (outbox.submit(mail(), key="k") for _ in range(2))
        assert (again.id, again.duplicate) == (first.id, True)
        with pytest.raises(IdempotencyConflict):
            outbox.submit(mail(1), key="k")
        assert len(list(outbox.find())) == 1


def test_accepts_many(colour: Colour, path: Path) -> None:
    mails = [mail(number) for number in range(205)]
    with opened(colour, path) as outbox:
        outbox.suppress("gone@example.org", reason="bounced")
        answers = list(
            outbox.submit_all(
                [*mails, b"no envelope", mail(to="gone@example.org")],
                key=lambda one: getattr(one, "subject", ""),
            )
        )
        assert [type(one) for one in answers[:205]] == [Ticket] * 205
        assert [type(one) for one in answers[205:]] == [UsageError, AddressSuppressed]
        assert outbox.stats().stages[Stage.WAITING] == 205
        assert [one.duplicate for one in outbox.submit_all(mails[:3], key=lambda one: one.subject)] == [
            True
        ] * 3


def test_takes_mails_as_they_are_made(colour: Colour, path: Path) -> None:
    async def made() -> AsyncIterator[Email]:
        for number in range(3):
            yield mail(number)

    mails: Any = map(mail, range(3)) if colour._runner is None else made()
    with opened(colour, path) as outbox:
        assert len(list(outbox.submit_all(mails))) == 3


def test_steers(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        ticket = outbox.submit(mail())
        assert outbox.hold(ticket) == {ticket.id}
        assert outbox.wait(ticket, 1).stage is Stage.HELD
        assert outbox.release(ticket.id) == {ticket.id}
        assert outbox.reschedule(ticket, at=TOMORROW) == {ticket.id}
        assert outbox.retry(ticket) == frozenset()
        assert outbox.read(ticket).octets.endswith(b"Hello\r\n")
        assert outbox.cancel(ticket) == {ticket.id}
        assert outbox.wait(ticket).recipients[0].state is State.CANCELLED
        assert outbox.purge(before=TOMORROW) == 1
        kinds = [event.kind for event in outbox.events()]
        assert kinds == []


def test_tells_what_happened(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        ticket = outbox.submit(mail())
        outbox.hold(ticket)
        events = list(outbox.events())
        assert [event.kind for event in events] == ["submitted", "held"]
        assert list(outbox.events(after=events[0].position)) == events[1:]


def test_finds(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        ticket = outbox.submit(mail(to="c@example.org"), account="work", key="k")
        outbox.submit(mail())
        for query in (
            {"account": "work"},
            {"recipient": "c@example.org"},
            {"message_id": ticket.message_id},
            {"key": "k"},
        ):
            assert [message.id for message in outbox.find(**query)] == [ticket.id]
        assert list(outbox.find(state=State.FAILED)) == []
        assert len(list(outbox.find(stage=Stage.WAITING, before=TOMORROW))) == 2
        assert list(outbox.find(since=TOMORROW)) == []


def test_keeps_who_wants_nothing(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        outbox.suppress("b@example.org", reason="asked for it")
        assert [entry.reason for entry in outbox.suppressions()] == ["asked for it"]
        with pytest.raises(AddressSuppressed):
            outbox.submit(mail())
        assert outbox.unsuppress("b@example.org") == 1


def test_takes_note_of_a_bounce(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        ticket = outbox.submit(mail())
        gone = RecipientResult(address="b@example.org", state=State.FAILED, text="gone")
        assert outbox.note(ticket, [gone], kind="bounced")
        assert not outbox.note("0" * 32, [gone], kind="bounced")


def test_a_sole_account_is_the_one_that_sends(colour: Colour, path: Path) -> None:
    rules = AccountRules(name="work", limits=Limits(messages_per_day=500))
    with opened(colour, path, accounts=[rules]) as outbox:
        assert outbox.status(outbox.submit(mail())).account == "work"
        outbox.declare(AccountRules(name="other"))
        assert [known.name for known, _ in outbox.accounts()] == ["other", "work"]


def test_what_comes_back_names_its_ticket(colour: Colour, path: Path) -> None:
    secret = b"known to nobody else"
    with opened(colour, path, bounces=Bounces(address="bounces@example.org", secret=secret)) as outbox:
        ticket = outbox.submit(mail(), key="k")
        sender = outbox.status(ticket).sender
        assert verp_token(sender, "bounces@example.org", secret=secret) == ticket.id
        assert outbox.submit(mail(), key="k").id == ticket.id
        report = outbox.submit(mail(), sender="")
        assert outbox.status(report).sender == ""


def test_is_made_current_and_sound(colour: Colour, path: Path) -> None:
    with opened(colour, path) as outbox:
        outbox.submit(mail())
        assert outbox.migrate(dry_run=True) == ()
        assert isinstance(outbox.check(), tuple)


@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_url_names_an_engine(path: Path, asynchronous: bool) -> None:
    for url in (path, f"sqlite:///{path}", "postgresql://nobody@localhost/nothing"):
        assert open_store(url, asynchronous=asynchronous) is not None
    for wrong in ("", "sqlite:///", "mysql://user:secret@host/db"):
        with pytest.raises(ConfigError) as caught:
            open_store(wrong, asynchronous=asynchronous)
        assert "secret" not in str(caught.value)
