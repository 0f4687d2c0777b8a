"""The outbox as a program uses it, whatever its colour."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from envoi.errors import AddressSuppressed, IdempotencyConflict, OutboxError, Retry, UsageError
from envoi.message.raw import RawEmail
from envoi.outbox.account_rules import AccountRules, OnUnknown
from envoi.outbox.courier import Attempt
from envoi.outbox.model import Query, RecipientResult, State, Ticket
from envoi.outbox.model import Stage as Place
from envoi.outbox.office import Office
from envoi.outbox.submitting import Order
from tests.outbox.stage import Stage, play
from tests.outbox.values import CONTENT, START, reply

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.message.content import Content
    from envoi.message.envelope import Envelope

LATER = START + timedelta(days=1)


def ordered(
    body: bytes = CONTENT, *, to: str = "b@example.org", key: str = ""
) -> tuple[Content, Envelope, Order]:
    mail = RawEmail(body, sender="a@example.org", recipients=[to])
    return mail, mail.envelope(), Order(account="default", key=key)


def test_a_key_is_good_for_one_mail(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        first = await stage.submit(key="k")
        again = await stage.submit(key="k")
        assert (again.id, again.message_id, again.duplicate) == (first.id, first.message_id, True)
        with pytest.raises(IdempotencyConflict):
            await stage.submit(key="k", body=CONTENT + b"other")
        assert len([message async for message in stage.office.find(Query())]) == 1

    play(tmp_path, scene)


def test_of_many_each_has_its_own_answer(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.office.suppress(["gone@example.org"], "bounced")
        await stage.submit(key="used")
        answers = await stage.office.submit_some(
            [
                ordered(key="new"),
                ordered(to="gone@example.org"),
                ordered(CONTENT + b"other", key="used"),
                ordered(key="used"),
            ]
        )
        kinds = [type(answer) for answer in answers]
        assert kinds == [Ticket, AddressSuppressed, IdempotencyConflict, Ticket]
        assert await stage.office.submit_some([]) == []
        only = await stage.office.submit_some([ordered(), ordered(to="gone@example.org")])
        assert [type(answer) for answer in only] == [Ticket, AddressSuppressed]

    play(tmp_path, scene)


def test_of_many_one_that_cannot_be_read_harms_no_other(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        path = tmp_path / "mail.eml"
        path.write_bytes(CONTENT)
        mail = RawEmail(path, sender="a@example.org", recipients=["b@example.org"])
        path.unlink()
        await stage.office.suppress(["gone@example.org"], "bounced")
        unreadable = (mail, mail.envelope(), Order(account="default"))
        answers = await stage.office.submit_some([unreadable, ordered(to="gone@example.org"), ordered()])
        assert [type(answer) for answer in answers] == [UsageError, AddressSuppressed, Ticket]

    play(tmp_path, scene)


def test_who_is_suppressed_at_the_last_moment_harms_no_other(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.office.suppress(["gone@example.org"], "bounced")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("envoi.outbox.office.refuse", lambda message, _: message)
            answers = await stage.office.submit_some([ordered(), ordered(to="gone@example.org")])
        assert [type(answer) for answer in answers] == [Ticket, AddressSuppressed]

    play(tmp_path, scene)


def test_who_is_not_there_is_an_error_for_good(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        with pytest.raises(OutboxError, match="purged") as caught:
            await stage.office.status("0" * 32)
        assert caught.value.retry is Retry.NEVER

    play(tmp_path, scene)


def test_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ticket = await stage.submit()
        assert (await stage.office.wait(ticket, 3)).stage is Place.WAITING
        assert 3 <= stage.clock.monotonic() < 3.1
        waiting = asyncio.create_task(stage.office.wait(ticket, None))
        await stage.pass_time(100)
        await stage.office.cancel([ticket])
        assert (await waiting).recipients[0].state is State.CANCELLED

    play(tmp_path, scene)


def test_finds_more_than_a_page(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        mails = [ordered() for _ in range(150)]
        tickets = await stage.office.submit_some(mails)
        found = [message.id async for message in stage.office.find(Query(account="default"))]
        assert found == [str(ticket) for ticket in reversed(tickets)]

    play(tmp_path, scene)


def test_follows_what_happens(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        first = await stage.submit()
        assert [(event.kind, event.id) async for event in stage.office.events(None, follow=False)] == [
            ("submitted", first.id)
        ]
        heard: list[str] = []

        async def follow() -> None:
            async for event in stage.office.events(None, follow=True):
                heard.append(event.kind)  # noqa: PERF401 - it never ends

        following = asyncio.create_task(follow())
        await stage.pass_time(2)
        await stage.office.hold([first])
        await stage.office.release([first])
        await stage.pass_time(2)
        following.cancel()
        assert heard == ["held", "released"]

    play(tmp_path, scene)


def test_follows_an_outbox_from_its_first_event(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        events = stage.office.events(None, follow=True)
        first = asyncio.ensure_future(anext(events))
        await stage.pass_time(1)
        await stage.submit()
        assert (await first).kind == "submitted"
        await events.aclose()  # type: ignore[attr-defined]

    play(tmp_path, scene)


def test_steers(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = lambda *_: Attempt(refused={"b@example.org": reply("550 no")})
        ticket, other = await stage.submit(), await stage.submit()
        assert await stage.office.reschedule([ticket], LATER) == {ticket.id}
        assert (await stage.office.status(ticket)).due_at == LATER
        async with stage.working():
            await stage.office.wait(other, 60)
        assert await stage.office.retry([other], None) == {other.id}
        status = await stage.office.status(other)
        assert (status.stage, status.expires_at - stage.clock.now()) == (Place.WAITING, timedelta(days=5))
        assert (await stage.office.read(ticket)).octets is not None
        assert (await stage.office.stats()).due == 1

    play(tmp_path, scene)


def test_an_instant_without_a_time_zone_is_none(tmp_path: Path) -> None:
    naive = datetime(2027, 1, 1)  # noqa: DTZ001 - the very mistake

    async def scene(stage: Stage) -> None:
        ticket = await stage.submit()
        for told in (
            stage.office.reschedule([ticket], naive),
            stage.office.retry([ticket], naive),
            stage.office.purge(naive),
        ):
            with pytest.raises(UsageError, match="time zone"):
                await told

    play(tmp_path, scene)


def test_forgets_what_is_done(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.office.cancel([await stage.submit()])
        await stage.submit()
        assert await stage.office.purge(None) == 0
        await stage.pass_time(8 * 24 * 3600)
        assert await stage.office.purge(None) == 1
        assert await stage.office.purge(stage.clock.now()) == 0

    play(tmp_path, scene)


def test_keeps_the_list_of_those_who_want_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.office.suppress(["b@example.org", "c@example.org"], "asked for it")
        listed = [entry.address async for entry in stage.office.suppressions()]
        assert listed == ["b@example.org", "c@example.org"]
        assert await stage.office.unsuppress(["b@example.org", "d@example.org"]) == 1

    play(tmp_path, scene)


def test_takes_note_of_what_was_learnt_later(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ticket = await stage.submit()
        async with stage.working():
            await stage.office.wait(ticket, 60)
        result = RecipientResult(address="b@example.org", state=State.FAILED, reply=reply("550 5.1.1 gone"))
        assert await stage.office.note(ticket, [result], "bounced")
        assert await stage.states(ticket) == {"b@example.org": State.FAILED}

    play(tmp_path, scene)


def test_declares_accounts_before_anything_else(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        rules = AccountRules(name="work", on_unknown=OnUnknown.HOLD)
        office = Office(stage.store, stage.clock, lambda: "", [rules])
        assert [known for known, _ in await office.accounts()] == [rules]
        await office.declare([AccountRules(name="work", dsn=True)])
        assert (await office.accounts())[0][0].dsn
        assert stage.store.calls["declare"] == 2

    play(tmp_path, scene)
