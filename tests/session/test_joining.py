"""Mails of several callers in one window: each gets its own end, and nobody is left without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import Accepted, ConfigError, Disconnected, UsageError
from envoi.session.batch import Batch
from envoi.session.conversation import Conversation
from envoi.session.joining import Joining, may_be_taken, received
from envoi.session.receipt import Receipt
from envoi.session.run import run_sync
from envoi.session.tally import MAYBE_REMEDY
from tests.session.mailing import CHUNKING, DATA, EXPECTED, SERVERS, check, numbered
from tests.session.relay import Network, Rules
from tests.session.stage import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.session.joining import Joined


RIPE = Batch._ripe


class Slot:
    """The place of a result; `gone` when nobody waits for it, `then` is called when it comes."""

    def __init__(self, joining: Joining | None = None, after: Sequence[Joined] = ()) -> None:
        self.result: Any = None
        self.gone = False
        self._joining = joining
        self._after = after

    def done(self) -> bool:
        return self.gone or self.result is not None

    def set_result(self, result: Any, /) -> None:
        assert not self.done()
        self.result = result
        for mail in self._after:
            assert self._joining is not None
            self._joining.join(mail)


def joined(number: int, kind: str = "", slot: Slot | None = None) -> Joined:
    """A mail in numbers, ready to join."""
    mail = numbered(number, kind)
    return slot or Slot(), mail, mail.envelope()


def begun(rules: Rules, window: int = 8, **options: Any) -> tuple[Joining, Conversation]:
    """A queue for such a server."""
    conversation = Conversation(settings(**options), Network(rules))
    return Joining(conversation, window), conversation


def queued(joining: Joining, kinds: Sequence[str], first: int = 0) -> list[Slot]:
    """Queue mails of these kinds, and return their slots."""
    slots = [Slot() for _ in kinds]
    for number, (kind, slot) in enumerate(zip(kinds, slots, strict=True), first):
        joining.join(joined(number, kind, slot))
    return slots


@pytest.mark.parametrize("window", [0, -1, True, "64", 1.5, None])
def test_refuses_a_window_that_is_none(window: Any) -> None:
    with pytest.raises(ConfigError, match="window="):
        begun(Rules(), window)


@pytest.mark.parametrize("offers", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("window", [1, 3])
@given(kinds=st.lists(st.sampled_from([*EXPECTED, "", ""]), max_size=8))
def test_each_gets_its_own_result(offers: tuple[str, ...], window: int, kinds: list[str]) -> None:
    rules = Rules(offers=offers)
    joining, conversation = begun(rules, window)
    slots = queued(joining, kinds)
    run_sync(joining.drive())
    run_sync(conversation.close())
    results = [slot.result for slot in slots]
    assert [type(result) for result in results] == [EXPECTED[kind] for kind in kinds]
    check(results, len(kinds), rules)
    assert not joining.waiting
    assert joining.slots == []


def test_all_who_are_queued_share_a_flight() -> None:
    rules = Rules()
    joining, _ = begun(rules, 64)
    queued(joining, [""] * 64)
    run_sync(joining.drive())
    assert rules.relays[0].flights == 1 + 1


def test_who_comes_meanwhile_joins_until_those_before_have_their_results() -> None:
    """By look-ahead: the next envelope travels with the end of the last, as long as somebody is owed."""
    rules = Rules(offers=DATA)
    joining, _ = begun(rules)
    late = [Slot(), Slot()]
    joining.join(joined(0, slot=Slot(joining, [joined(2, slot=late[0]), joined(3, slot=late[1])])))
    [second] = queued(joining, [""], first=1)
    run_sync(joining.drive())
    assert isinstance(second.result, Receipt)
    assert [slot.result is None for slot in late] == [False, True]
    assert joining.waiting
    run_sync(joining.drive())
    assert isinstance(late[1].result, Receipt)
    assert [sender for sender, _, _ in rules.delivered] == [f"a{number}@example.org" for number in range(4)]


def test_an_empty_turn_needs_no_connection() -> None:
    rules = Rules()
    joining, _ = begun(rules)
    run_sync(joining.drive())
    assert rules.relays == []


def test_who_leaves_in_time_is_never_sent() -> None:
    rules = Rules()
    joining, _ = begun(rules)
    mail = joined(0)
    joining.join(mail)
    [slot] = queued(joining, [""], first=1)
    assert joining.leave(mail)
    assert not joining.leave(mail)
    run_sync(joining.drive())
    assert isinstance(slot.result, Receipt)
    assert [sender for sender, _, _ in rules.delivered] == ["a1@example.org"]


def test_what_became_of_a_mail_whose_caller_has_gone_can_be_asked() -> None:
    joining, _ = begun(Rules())
    slots = queued(joining, ["", "nobody", ""])
    slots[0].gone = slots[1].gone = True
    run_sync(joining.drive())
    told = [joining.unclaimed(slot) for slot in slots]
    assert [type(result) for result in told] == [EXPECTED[""], EXPECTED["nobody"], type(None)]
    assert isinstance(slots[2].result, Receipt)


@pytest.mark.parametrize("gone", range(1, 4))
def test_is_deserted_when_all_have_gone(gone: int) -> None:
    joining, _ = begun(Rules())
    for slot in queued(joining, [""] * 3)[:gone]:
        slot.gone = True
    assert joining.deserted is (gone == 3)


@pytest.mark.parametrize("offers", [CHUNKING, DATA, ()], ids=["by BDAT", "by DATA", "one by one"])
@pytest.mark.parametrize("window", [2, 5])
def test_a_link_that_breaks_at_every_octet_leaves_each_with_the_truth(
    offers: tuple[str, ...], window: int
) -> None:
    kinds = ["", "some", "bad", "", "nobody", "", "spam", ""]
    for limit in range(8, 1200, 7):
        rules = Rules(offers=offers, limits=[limit])
        joining, conversation = begun(rules, window)
        slots = queued(joining, kinds)
        run_sync(joining.drive())
        run_sync(conversation.close())
        check([slot.result for slot in slots], len(kinds), rules)
        if len(rules.relays) == 1:
            break
    else:
        pytest.fail("the link never held")


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
def test_a_goodbye_between_two_turns_costs_no_mail(offers: tuple[str, ...]) -> None:
    """421 to the first mail of a turn, on a connection that has carried others: they go over another."""
    rules = Rules(offers=offers, most=3)
    joining, _ = begun(rules)
    for first in range(0, 9, 3):
        slots = queued(joining, [""] * 3, first=first)
        run_sync(joining.drive())
        assert all(isinstance(slot.result, Receipt) for slot in slots)
    assert len(rules.relays) == 3


def test_a_closed_session_tells_each() -> None:
    rules = Rules()
    joining, conversation = begun(rules)
    slots = queued(joining, ["", ""])
    run_sync(conversation.close())
    run_sync(joining.drive())
    assert [type(slot.result) for slot in slots] == [UsageError, UsageError]
    assert slots[0].result is not slots[1].result


@pytest.mark.parametrize("offers", [CHUNKING, DATA, ()], ids=["by BDAT", "by DATA", "one by one"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interruption_anywhere_leaves_each_with_the_truth(
    offers: tuple[str, ...], error: type[BaseException]
) -> None:
    for moment in range(100):
        rules = Rules(offers=offers, interrupt=(moment, error))
        joining, conversation = begun(rules, 3)
        slots = queued(joining, ["", "bad", "", "", "nobody", ""])
        try:
            run_sync(joining.drive())
        except BaseException as stop:
            if type(stop) is not error:
                raise
            doubtful = getattr(stop, "__notes__", []) == [MAYBE_REMEDY]
        else:
            assert moment > 5
            assert all(slot.done() for slot in slots)
            break
        assert not conversation.is_open
        results = [slot.result for slot in slots]
        maybe = [result for result in results if getattr(result, "accepted", None) is Accepted.MAYBE]
        assert bool(maybe) == doubtful
        # The others wait for the next turn, over another connection.
        rules.interrupt = None
        run_sync(joining.drive())
        check([slot.result for slot in slots], 6, rules)
    else:
        pytest.fail("the interruption never came too late")


class Trouble(Exception):
    """What nobody expects."""


@pytest.mark.parametrize("offers", [CHUNKING, ()], ids=["by BDAT", "one by one"])
def test_an_unexpected_exception_is_the_cause_for_those_under_way(offers: tuple[str, ...]) -> None:
    rules = Rules(offers=offers, interrupt=(6 if offers else 10, Trouble))
    joining, conversation = begun(rules, 3)
    slots = queued(joining, [""] * 5)
    run_sync(joining.drive())
    told = [slot.result for slot in slots if isinstance(slot.result, Disconnected)]
    assert told
    assert all(isinstance(one.__cause__, Trouble) for one in told)
    assert told[0].recipients
    assert not conversation.is_open
    run_sync(joining.drive())
    check([slot.result for slot in slots], 5, rules)


def test_a_result_that_was_lost_on_its_way_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C right between the account and the slots."""
    rules = Rules()
    joining, _ = begun(rules)
    slots = queued(joining, [""] * 3)

    def interrupted(*told: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(Joining, "_tell", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sync(joining.drive())
    assert [slot.result.accepted for slot in slots] == [Accepted.MAYBE] * 3
    assert len(rules.delivered) == 3


def test_ctrl_c_between_two_steps_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no step of the dialogue notices: mails fly, and nobody has asked for replies yet."""
    rules = Rules(piece=100)
    joining, conversation = begun(rules, 8)
    slots = queued(joining, [""] * 8)

    def ripe(self: Batch) -> list[Any]:
        if self.flying:
            raise KeyboardInterrupt
        return RIPE(self)

    monkeypatch.setattr(Batch, "_ripe", ripe)
    with pytest.raises(KeyboardInterrupt) as caught:
        run_sync(joining.drive())
    assert caught.value.__notes__ == [MAYBE_REMEDY]
    assert not conversation.is_open
    results = [slot.result for slot in slots]
    check(results, 8, rules)
    assert [type(result) for result in results] == [Receipt] + [Disconnected] * 7


def test_who_is_dismissed_is_told_that_nothing_was_sent() -> None:
    rules = Rules()
    joining, _ = begun(rules)
    slots = queued(joining, ["", ""])
    joining.dismiss(asyncio.CancelledError())
    for number, slot in enumerate(slots):
        assert slot.result.accepted is Accepted.NO
        assert slot.result.recipients == (f"b{number}@example.org",)
    assert not joining.waiting
    assert rules.relays == []


def test_an_error_is_raised_as_the_caller_s_own() -> None:
    joining, _ = begun(Rules())
    [slot] = queued(joining, [""])
    run_sync(joining.drive())
    assert received(slot.result) is slot.result
    with pytest.raises(UsageError) as inner:
        raise UsageError("no")
    assert inner.value.__traceback__ is not None
    with pytest.raises(UsageError) as outer:
        received(inner.value)
    frames = outer.traceback
    assert [frame.name for frame in frames] == [
        "test_an_error_is_raised_as_the_caller_s_own",
        "received",
    ]


def test_only_a_refusal_is_certain() -> None:
    assert may_be_taken(None)
    assert not may_be_taken(UsageError("no"))
