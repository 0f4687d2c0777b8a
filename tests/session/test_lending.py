"""What a pool does, on a stage: conversations that do as they are told, and a clock that jumps."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import (
    Accepted,
    ConnectionFailed,
    DeadlineExceeded,
    DeliveryError,
    Disconnected,
    MessageRejected,
    Phase,
    UsageError,
)
from envoi.session.lending import Lending
from envoi.session.pool import Desk
from envoi.session.pool_places import PoolLimits
from envoi.session.pool_servers import Standing
from envoi.session.run import run_sync
from envoi.smtp.capabilities import Capabilities
from envoi.smtp.replies import Reply
from envoi.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

ENVELOPE: dict[str, Any] = {"sender": "a@example.org", "recipients": ["b@example.org"]}
REFUSED = ConnectionFailed("refused", phase=Phase.CONNECT)
GONE = Disconnected("gone", phase=Phase.MAIL)


class Actor:
    """A conversation; what is to happen next is in `script`: an error, or something to do."""

    signer: Any = None

    def __init__(self, name: str, script: list[Any]) -> None:
        self.name = name
        self.script = script
        self.is_open = False
        self.said = list[str]()
        self.capabilities: Capabilities | None = None

    async def open(self) -> None:
        self.said.append("open")
        await self._act()
        self.is_open = True

    async def send(self, content: Any, envelope: Any, *, progress: Any) -> str:
        self.said.append("send")
        await self._act()
        return self.name

    async def close(self) -> None:
        self.said.append("close")
        self.is_open = False

    def abort(self) -> None:
        self.said.append("abort")
        self.is_open = False

    async def _act(self) -> None:
        step = self.script.pop(0) if self.script else None
        if isinstance(step, BaseException):
            if not isinstance(step, DeliveryError) or step.phase is not Phase.DATA:
                self.is_open = False
            raise step
        if step is not None:
            await step()


class JumpingBell:
    """Time passes, or something happens, instead of waiting."""

    def __init__(self, clock: FakeClock, meanwhile: list[Callable[[], Any]]) -> None:
        self._clock = clock
        self._meanwhile = meanwhile

    def ring(self) -> None:
        pass

    async def wait(self, seconds: float | None) -> None:
        if self._meanwhile:
            done = self._meanwhile.pop(0)()
            if done is not None:
                await done
        else:
            assert seconds is not None, "nothing will ever happen"
            self._clock.advance(seconds)


class Stage:
    """A lending whose servers are actors."""

    def __init__(self, *scripts: list[Any], wait_timeout: float | None = 10.0, **limits: Any) -> None:
        self.clock = FakeClock()
        self.actors = list[Actor]()
        self.meanwhile: list[Callable[[], Any]] = []
        self.guard = nullcontext()
        options = {"connections": 1, "idle_seconds": None, "age_seconds": None, "messages": None, **limits}
        standings = [Standing(f"server {number}", number, priority=number) for number in range(len(scripts))]
        self.desk = Desk(PoolLimits(**options), standings)
        self.scripts = scripts
        self.lending = Lending(
            self.desk, turns=self, clock=self.clock, converse=self.converse, wait_timeout=wait_timeout
        )

    def bell(self) -> JumpingBell:
        return JumpingBell(self.clock, self.meanwhile)

    def converse(self, number: int) -> Any:
        actor = Actor(f"server {number}", self.scripts[number])
        self.actors.append(actor)
        return actor

    def send(self) -> str:
        return str(run_sync(self.lending.send(b"Subject: hi\r\n\r\n", **ENVELOPE)))

    @property
    def said(self) -> list[list[str]]:
        return [actor.said for actor in self.actors]


def test_keeps_the_connection() -> None:
    stage = Stage([])
    assert [stage.send(), stage.send()] == ["server 0", "server 0"]
    assert stage.said == [["open", "send", "send"]]
    assert stage.lending.is_open


@pytest.mark.parametrize("failure", [REFUSED, DeadlineExceeded("slow", phase=Phase.GREETING)])
def test_goes_to_the_next_server(failure: DeliveryError) -> None:
    stage = Stage([failure], [])
    assert stage.send() == "server 1"
    stats = stage.lending.stats()
    assert [each.failures for each in stats.servers] == [1, 0]
    assert stats.servers[0].error == str(failure)
    assert stats.servers[0].rests_seconds == 1.0


def test_goes_on_when_the_server_leaves_before_the_mail() -> None:
    stage = Stage([None, GONE], [])
    assert stage.send() == "server 1"
    assert stage.said == [["open", "send"], ["close", "open", "send"]] or stage.said[1][-1] == "send"


@pytest.mark.parametrize(
    "failure",
    [
        MessageRejected("no", phase=Phase.DATA),
        Disconnected("gone", phase=Phase.FINAL, accepted=Accepted.MAYBE),
        Disconnected("gone", phase=Phase.RCPT),
        DeadlineExceeded("slow", phase=Phase.MAIL),
    ],
)
def test_never_offers_elsewhere_what_was_judged_or_may_be_taken(failure: DeliveryError) -> None:
    stage = Stage([None, failure], [])
    with pytest.raises(type(failure)) as caught:
        stage.send()
    assert caught.value is failure
    assert len(stage.actors) == 1
    assert stage.desk.lent == 0


def test_says_at_once_what_it_has_seen_itself() -> None:
    stage = Stage([REFUSED])
    with pytest.raises(ConnectionFailed) as caught:
        stage.send()
    assert caught.value is REFUSED


def test_waits_until_the_server_has_rested() -> None:
    stage = Stage([REFUSED, REFUSED])
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            stage.send()
    assert stage.clock.monotonic() == FakeClock().monotonic() + 1
    assert stage.send() == "server 0"
    assert stage.clock.monotonic() == FakeClock().monotonic() + 3


def test_does_not_wait_where_that_is_no_use() -> None:
    stage = Stage([REFUSED], wait_timeout=0.5)
    for _ in range(2):
        with pytest.raises(ConnectionFailed, match="refused"):
            stage.send()
    assert stage.said == [["open"]]


def test_gives_up_after_each_server_had_its_chance() -> None:
    """Connections that come about and then break before each mail: an end must come."""
    stage = Stage([None, GONE] * 9, [None, GONE] * 9, connections=3)
    with pytest.raises(DeliveryError):
        stage.send()
    assert sum(said.count("send") for said in stage.said) <= 3


def test_names_all_servers_when_none_is_left() -> None:
    stage = Stage([REFUSED], [REFUSED])
    with pytest.raises(
        ConnectionFailed, match=r"none of the 2 servers.*server 0: refused; server 1: refused"
    ):
        stage.send()


def test_is_too_late_while_all_are_in_use() -> None:
    stage = Stage([])
    run_sync(stage.lending.open())
    place = stage.desk.worn(0.0)
    assert place is None
    stage.desk.closed = True
    taken = stage.desk.worn(0.0)
    assert taken is not None
    stage.desk.closed = False
    with pytest.raises(
        DeadlineExceeded, match=r"none of the pool's 1 connections .* within 10 seconds: 1 are"
    ):
        stage.send()
    assert stage.desk.waiting == 0
    # Without a limit it waits until one comes back.
    stage.lending = Lending(
        stage.desk, turns=stage, clock=stage.clock, converse=stage.converse, wait_timeout=None
    )
    stage.meanwhile.append(lambda: stage.desk.put_back(taken))
    assert stage.send() == "server 0"


def test_whoever_is_stopped_while_waiting_gives_back_what_came_meanwhile() -> None:
    stage = Stage([])
    run_sync(stage.lending.open())
    stage.desk.closed = True
    taken = stage.desk.worn(0.0)
    assert taken is not None
    stage.desk.closed = False

    def given_and_stopped() -> None:
        stage.desk.put_back(taken)
        stage.desk.serve(0.0)
        raise KeyboardInterrupt

    stage.meanwhile.append(given_and_stopped)
    with pytest.raises(KeyboardInterrupt):
        stage.send()
    assert (stage.desk.lent, stage.desk.connections()) == (0, 1)


def test_whoever_is_stopped_before_opening_closes_what_was_to_make_room() -> None:
    stage = Stage([], messages=1)
    stage.send()
    taken = stage.desk.worn(0.0)
    assert taken is not None

    def given_and_stopped() -> None:
        stage.desk.put_back(taken)
        stage.desk.serve(0.0)
        raise KeyboardInterrupt

    stage.meanwhile.append(given_and_stopped)
    with pytest.raises(KeyboardInterrupt):
        stage.send()
    assert (stage.desk.lent, stage.desk.connections()) == (0, 0)
    assert stage.said == [["open", "send", "abort"]]


def test_whoever_is_stopped_while_connecting_says_nothing_of_the_server() -> None:
    stage = Stage([KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        stage.send()
    assert stage.lending.stats().servers[0].failures == 0
    assert stage.send() == "server 0"


def test_replaces_worn_connections_before_sending() -> None:
    stage = Stage([], messages=2)
    for _ in range(5):
        stage.send()
    assert stage.said == [["open", "send", "send", "close", "open", "send", "send", "close", "open", "send"]]
    assert stage.lending.stats().opened == 3


def test_honours_what_the_server_takes_per_connection() -> None:
    stage = Stage([])
    run_sync(stage.lending.open())
    stage.actors[0].capabilities = Capabilities.from_reply(Reply(code=250, text="server\nLIMITS MAILMAX=1"))
    run_sync(stage.lending.close())
    run_sync(stage.lending.open())
    stage.send()
    stage.send()
    assert stage.said[0][3:] == ["send", "close", "open", "send"]


def test_makes_room_for_a_server_that_is_back() -> None:
    stage = Stage([REFUSED], [])
    assert stage.send() == "server 1"
    stage.clock.advance(1.0)
    assert stage.send() == "server 0"
    assert stage.said[1] == ["open", "send", "close"]


def test_warms_up_as_far_as_it_can() -> None:
    stage = Stage([None, None, REFUSED], connections=4)
    run_sync(stage.lending.warm(None))
    assert stage.desk.connections() == 2
    run_sync(stage.lending.warm(1))
    assert len(stage.actors) == 3
    nothing = Stage([REFUSED])
    with pytest.raises(ConnectionFailed):
        run_sync(nothing.lending.warm(None))


def test_what_is_in_use_is_closed_when_it_comes_back() -> None:
    stage = Stage([None])

    async def close() -> None:
        await stage.lending.close()

    stage.scripts[0].append(close)
    assert stage.send() == "server 0"
    assert stage.said == [["open", "send", "close"]]
    with pytest.raises(UsageError, match="pool is closed"):
        stage.send()


def test_abandoned_it_says_nothing() -> None:
    stage = Stage([], connections=2)
    run_sync(stage.lending.open())
    stage.lending.abandon()
    assert stage.said == [["open", "abort"]]


def test_what_became_of_each_is_the_result() -> None:
    stage = Stage([None, MessageRejected("no", phase=Phase.DATA)])
    results = [run_sync(stage.lending.attempt(mail, None)) for mail in (b"no envelope",)]
    assert isinstance(results[0], UsageError)
    assert stage.actors == []


def test_a_cancelled_farewell_leaves_no_place_taken() -> None:
    stage = Stage([], messages=1)
    stage.send()

    async def never(self: Actor) -> None:
        raise asyncio.CancelledError

    stage.actors[0].close = never.__get__(stage.actors[0])  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        stage.send()
    assert stage.desk.lent == 0


def test_signs_as_the_server_it_goes_to_wants() -> None:
    stage = Stage([])
    run_sync(stage.lending.open())
    signed = list[Any]()

    def outgoing(mail: Any, *, sender: str, recipients: Any) -> tuple[bytes, None]:
        signed.append((mail, sender, [each.address for each in recipients]))
        return b"signed", None

    stage.actors[0].signer = object()
    stage.actors[0].outgoing = outgoing  # type: ignore[attr-defined]
    stage.send()
    assert signed == [(b"Subject: hi\r\n\r\n", "a@example.org", ["b@example.org"])]
