"""Who is told what became of a message."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest

from envoi.errors import OutboxError, StoreUnavailable
from envoi.message.envelope import DeliveryOptions, Notify
from envoi.outbox import notifying
from envoi.outbox.account_rules import AccountRules
from envoi.outbox.courier import Attempt
from envoi.outbox.model import Stage as Place
from envoi.outbox.model import State
from tests.outbox.stage import Stage, play, taken
from tests.outbox.values import CONTENT, START, reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envoi.outbox.model import Claim, Event, MessageStatus, Settlement

NEVER = DeliveryOptions(notify=frozenset({Notify.NEVER}))
FAILURES = DeliveryOptions(notify=frozenset({Notify.FAILURE}), envid="order-42")


def refuse_c(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
    if "c@example.org" not in recipients:
        return taken(claim, recipients)
    kept = tuple(one for one in recipients if one != "c@example.org")
    return Attempt(
        accepted=kept, refused={"c@example.org": reply("550 5.1.1 unknown")}, reply=reply("250 ok")
    )


async def reports(stage: Stage, **submission: object) -> list[bytes]:
    """What the sender gets when c fails."""
    stage.server.answers["default"] = refuse_c
    ticket = await stage.submit("b@example.org", "c@example.org", **submission)  # type: ignore[arg-type]
    async with stage.working():
        await stage.office.wait(ticket, 60)
        await stage.pass_time(5)
    return [octets for _, _, id_, _, octets in stage.server.carried if id_ != ticket.id]


def test_the_sender_gets_a_report_by_mail(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))
        (octets,) = await reports(stage, options=FAILURES)
        report = message_from_bytes(octets)
        assert report["To"] == "a@example.org"
        assert report.get_content_type() == "multipart/report"
        assert b"Final-Recipient: rfc822; c@example.org" in octets
        assert b"Status: 5.1.1" in octets
        assert b"Original-Envelope-Id: order-42" in octets
        assert (
            b"b@example.org"
            not in octets.partition(b"Content-Type: message/delivery-status")[2].partition(b"--")[0]
        )

    play(tmp_path, scene)


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_report_has_the_header_of_the_message_however_large(tmp_path: Path, size: int) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))
        (octets,) = await reports(stage, body=CONTENT + b"x" * size)
        assert b"Subject: hi" in octets

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("rules", "submission"),
    [
        (AccountRules(name="default"), {}),
        (AccountRules(name="default", dsn=True), {"sender": ""}),
        (AccountRules(name="default", dsn=True), {"options": NEVER}),
        (AccountRules(name="default", dsn=True), {"body": b"Auto-Submitted: auto-replied\r\n" + CONTENT}),
    ],
)
def test_nobody_gets_a_report_who_should_not(
    tmp_path: Path, rules: AccountRules, submission: dict[str, object]
) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(rules)
        assert await reports(stage, **submission) == []
        assert [one.recipients[1].state for one in stage.failed] == [State.FAILED]

    play(tmp_path, scene)


def test_a_report_says_what_happened_where_no_server_did(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))
        ticket = await stage.submit(expires_at=START + timedelta(seconds=10))
        await stage.pass_time(20)
        async with stage.working():
            await stage.office.wait(ticket, 60)
            await stage.pass_time(5)
        ((_, _, _, _, octets),) = stage.server.carried
        assert b"Status: 5.4.7" in octets
        assert b"given up" in octets

    play(tmp_path, scene)


def test_nothing_is_reported_about_a_message_whose_content_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))
        stage.server.answers["default"] = refuse_c
        ticket = await stage.submit("c@example.org", body=CONTENT + b"x" * 100_000)

        async def lose(*_: object) -> None:
            # The sender has read it; whoever asks again gets nothing.
            if stage.store.calls["content"] > 1:
                raise OutboxError("its content is gone")

        stage.store.before["content"] = lose
        async with stage.working():
            await stage.office.wait(ticket, 60)
            await stage.pass_time(5)
        assert stage.server.carried == []
        assert len(stage.failed) == 1

    play(tmp_path, scene)
    assert caplog.records == []


def test_a_store_that_is_away_when_the_report_is_made_loses_neither(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))

        async def be_away(*_: object) -> None:
            stage.store.failing["content"] = stage.store.calls["content"] in (2, 3)

        stage.store.before["content"] = be_away
        (octets,) = await reports(stage, body=CONTENT + b"x" * 100_000)
        assert b"Final-Recipient: rfc822; c@example.org" in octets

    play(tmp_path, scene)


def test_what_cannot_be_reported_has_failed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))
        monkeypatch.setattr(notifying, "delivery_status_notification", fail)
        assert await reports(stage) == []
        assert [one.recipients[1].state for one in stage.failed] == [State.FAILED]

    play(tmp_path, scene)
    (record,) = caplog.records
    assert "nobody is told by mail" in record.message


def test_who_dies_after_the_commit_has_reported(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", dsn=True))
        stage.server.answers["default"] = refuse_c
        ticket = await stage.submit("c@example.org")
        async with stage.working() as worker:
            settle = stage.store._store.settle

            async def die(settlements: Sequence[Settlement]) -> None:
                await settle(settlements)
                worker.stop()
                raise StoreUnavailable("nothing is heard any more")

            stage.store.before["settle"] = die
            await stage.pass_time(5)
            del stage.store.before["settle"]
        assert stage.failed == []
        async with stage.working():
            await stage.pass_time(5)
        (octets,) = [octets for _, _, id_, _, octets in stage.server.carried if id_ != ticket.id]
        assert b"Final-Recipient: rfc822; c@example.org" in octets

    play(tmp_path, scene)


def test_events_are_told_from_the_beginning_of_the_work(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        heard: list[str] = []

        async def hear(event: Event) -> None:
            heard.append(event.kind)

        await stage.office.cancel([await stage.submit()])
        async with stage.working(on_event=hear):
            await stage.pass_time(2)
            await stage.office.wait(await stage.submit(), 60)
            await stage.pass_time(2)
        assert heard == ["submitted", "delivered"]

    play(tmp_path, scene)


def test_the_first_event_of_all_is_told(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        heard: list[Event] = []
        async with stage.working(on_event=heard.append):
            await stage.pass_time(2)
            await stage.submit()
            await stage.pass_time(2)
        assert [event.kind for event in heard] == ["submitted", "delivered"]

    play(tmp_path, scene)


@pytest.mark.parametrize("failing", ["callback", "store"])
def test_who_fails_to_listen_stops_nothing(
    tmp_path: Path, failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        def fail(status: MessageStatus) -> None:
            raise ValueError("a bug")

        async def lose(*_: object) -> None:
            stage.store.failing["status"] = 1

        if failing == "store":
            stage.store.before["status"] = lose
        stage.server.answers["default"] = refuse_c
        ticket = await stage.submit("c@example.org")
        async with stage.working(on_failed=fail):
            await stage.pass_time(5)
        assert (await stage.store._store.status([ticket.id]))[0].stage is Place.DONE

    play(tmp_path, scene)
    assert len(caplog.records) == 1


def test_a_program_that_does_not_listen_is_not_told(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = refuse_c
        ticket = await stage.submit("c@example.org")
        async with stage.working(on_failed=None):
            assert (await stage.office.wait(ticket, 60)).stage is Place.DONE

    play(tmp_path, scene)
