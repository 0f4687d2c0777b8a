"""Lost triggers and doubled ones: neither loses mail nor sends it twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from envoi.integrations.trigger import Trigger
from envoi.outbox import State
from envoi.testing import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envoi import Email, Outbox, SMTPSession
    from envoi.testing import SMTPServer


@pytest.fixture
def sent() -> list[Sequence[str]]:
    """What was put into the queue."""
    return []


@pytest.fixture
def trigger(outbox: Outbox, session: Callable[[str], SMTPSession], sent: list[Sequence[str]]) -> Trigger:
    return Trigger(outbox, sent.append, session=session)


def test_carries_tickets_and_nothing_else(trigger: Trigger, mail: Email, sent: list[Sequence[str]]) -> None:
    ticket = trigger.submit(mail)
    assert sent == [[ticket.id]]


def test_what_is_not_to_leave_now_is_not_published(
    trigger: Trigger, mail: Email, sent: list[Sequence[str]]
) -> None:
    trigger.submit(mail, send_at=datetime(2035, 1, 1, tzinfo=UTC))
    assert sent == []
    assert trigger.sweep() == 0


def test_a_doubled_trigger_finds_nothing_to_do(
    trigger: Trigger, mail: Email, smtp_server: SMTPServer
) -> None:
    ticket = trigger.submit(mail)
    trigger.deliver(ticket)
    trigger.deliver(ticket)
    trigger.deliver("0" * 32)
    assert len(smtp_server.messages) == 1


def test_triggers_at_once_send_once(
    trigger: Trigger, mail: Email, outbox: Outbox, smtp_server: SMTPServer
) -> None:
    ticket = trigger.submit(mail)
    threads = [threading.Thread(target=trigger.deliver, args=(ticket,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(smtp_server.messages) == 1
    assert outbox.status(ticket).recipients[0].state is State.DELIVERED


def test_a_lost_trigger_is_swept_up(
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(_: Sequence[str]) -> None:
        raise ConnectionError("no broker")

    trigger = Trigger(outbox, away, session=session)
    ticket = trigger.submit(mail)
    assert "1 tickets wait for the next sweep, for the queue is away: no broker" in caplog.text
    assert smtp_server.messages == []
    assert trigger.sweep() == 1
    assert trigger.sweep() == 0
    assert outbox.status(ticket).recipients[0].state is State.DELIVERED


def test_sweeps_the_longest_waiting_first(trigger: Trigger, mail: Email, outbox: Outbox) -> None:
    tickets = [trigger.submit(mail) for _ in range(3)]
    assert trigger.sweep(limit=2) == 2
    assert [outbox.status(ticket).stage.value for ticket in tickets] == ["done", "done", "waiting"]


def test_a_deferred_recipient_is_the_outboxs_to_try_again(
    trigger: Trigger, mail: Email, outbox: Outbox, smtp_server: SMTPServer
) -> None:
    smtp_server.faults.append(faults.reply("RCPT", "451 4.7.1 come back later"))
    ticket = trigger.submit(mail)
    trigger.deliver(ticket)
    assert outbox.status(ticket).recipients[0].state is State.DEFERRED
    smtp_server.faults.clear()
    trigger.deliver(ticket)  # not due yet
    assert smtp_server.messages == []
    outbox.retry(ticket)
    assert trigger.sweep() == 1
    assert len(smtp_server.messages) == 1


def test_tells_who_has_failed(
    outbox: Outbox, session: Callable[[str], SMTPSession], mail: Email, smtp_server: SMTPServer
) -> None:
    failed: list[str] = []
    smtp_server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user"))
    trigger = Trigger(
        outbox, lambda _: None, session=session, on_failed=lambda status: failed.append(status.id)
    )
    ticket = trigger.submit(mail)
    trigger.deliver(ticket)
    assert failed == [ticket.id]
