"""The policy of a pool: who gets which connection, and when one has served its time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from envoi.errors import ConfigError, ConnectionFailed, Phase
from envoi.session.pool import Desk
from envoi.session.pool_places import Place, PoolLimits, Request, State
from envoi.session.pool_servers import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED = ConnectionFailed("refused", phase=Phase.CONNECT)


def limits(
    connections: int = 2,
    idle_seconds: float | None = None,
    age_seconds: float | None = None,
    messages: int | None = None,
) -> PoolLimits:
    return PoolLimits(
        connections=connections, idle_seconds=idle_seconds, age_seconds=age_seconds, messages=messages
    )


def servers(*priorities_and_weights: tuple[int, int]) -> list[Standing]:
    return [
        Standing(f"server {number}", number, priority=priority, weight=weight)
        for number, (priority, weight) in enumerate(priorities_and_weights or [(0, 1)])
    ]


def ask(desk: Desk, now: float = 0.0, until: float | None = None) -> Request:
    request = Request(until=until)
    desk.join(request)
    desk.serve(now)
    return request


def given_place(desk: Desk, now: float = 0.0) -> Place:
    place = ask(desk, now).place
    assert place is not None
    return place


def opened(desk: Desk, now: float = 0.0, most_messages: int | None = None) -> Place:
    place = given_place(desk, now)
    if place.to_open:
        desk.is_open(place, now, most_messages)
    return place


def used(desk: Desk, now: float = 0.0, most_messages: int | None = None) -> Place:
    place = opened(desk, now, most_messages)
    desk.give_back(place, now, alive=True)
    return place


def test_the_connection_used_last_is_used_next() -> None:
    desk = Desk(limits(3), servers())
    one, two = opened(desk), opened(desk)
    desk.give_back(one, 1.0, alive=True)
    desk.give_back(two, 2.0, alive=True)
    assert given_place(desk, 3.0) is two
    assert given_place(desk, 3.0) is one
    assert given_place(desk, 3.0).to_open


def test_a_single_server_takes_a_short_cut() -> None:
    desk = Desk(limits(2, messages=2), servers())
    assert desk.at_once(0.0) is None
    place = used(desk)
    assert desk.at_once(0.0) is None, "somebody has to tidy up first"
    assert desk.worn(0.0) is None
    assert desk.at_once(0.5) is place
    assert desk.at_once(0.5) is None, "it is in use"
    desk.give_back(place, 0.5, alive=True)
    assert desk.at_once(0.5) is None, "it has carried its mails"
    assert desk.worn(0.5) is place
    desk.clear(place)
    used(desk, 0.5)
    assert desk.at_once(1.5) is None, "a second is over"


def test_nobody_overtakes() -> None:
    desk = Desk(limits(1), servers())
    place = opened(desk)
    waiting = [ask(desk) for _ in range(3)]
    assert (desk.waiting, desk.lent) == (3, 1)
    for request in waiting:
        desk.give_back(place, 1.0, alive=True)
        assert desk.serve(1.0) == [request]
        assert request.place is place


def test_whoever_was_given_what_did_not_work_goes_first() -> None:
    desk = Desk(limits(1), servers())
    place = opened(desk)
    later, first = Request(), Request()
    desk.join(later)
    desk.join(first, first=True)
    desk.give_back(place, 0.0, alive=True)
    assert desk.serve(0.0) == [first]


def test_a_broken_connection_is_not_lent_again() -> None:
    desk = Desk(limits(1), servers())
    desk.give_back(opened(desk), 1.0, alive=False)
    assert desk.connections() == 0
    assert given_place(desk, 1.0).to_open


@pytest.mark.parametrize(
    ("which", "most", "now"),
    [
        (limits(1, messages=2), None, 3.0),
        (limits(1), 2, 3.0),
        (limits(1, messages=9), 2, 3.0),
        (limits(1, idle_seconds=5.0), None, 7.0),
        (limits(1, age_seconds=5.0), None, 5.0),
    ],
)
def test_a_worn_connection_is_replaced(which: PoolLimits, most: int | None, now: float) -> None:
    desk = Desk(which, servers())
    used(desk, 0.0, most)
    assert not given_place(desk, 1.0).to_open
    desk.give_back(desk.places[0], 2.0, alive=True)
    place = given_place(desk, now)
    assert place.to_open
    desk.is_open(place, now, most)
    assert (place.messages, desk.opened) == (0, 2)


def test_a_worn_connection_is_lent_to_be_closed() -> None:
    desk = Desk(limits(2, idle_seconds=5.0), servers())
    used(desk)
    assert desk.worn(1.0) is None
    place = desk.worn(6.0)
    assert place is not None
    assert place is desk.places[0]
    assert (desk.lent, desk.worn(6.0)) == (1, None)
    desk.clear(place)
    assert (desk.lent, desk.connections()) == (0, 0)


def test_a_server_is_reached_by_one_first() -> None:
    desk = Desk(limits(3), servers())
    place = given_place(desk)
    waiting = ask(desk)
    assert not waiting.answered
    desk.is_open(place, 0.0, None)
    assert desk.serve(0.0) == [waiting]


def test_servers_share_by_weight() -> None:
    desk = Desk(limits(4), servers((0, 3), (0, 1)))
    shares = Counter(used(desk, float(now)).server for now in range(40))
    assert [shares[each] for each in desk.standings] == [30, 10]
    assert [desk.connections(each) for each in desk.standings] == [1, 1]


def test_another_connection_does_where_there_is_no_room() -> None:
    desk = Desk(limits(1), servers((0, 1), (0, 1)))
    assert {used(desk, float(now)).server for now in range(4)} == {desk.standings[0]}


def test_the_next_priority_serves_while_the_first_rests() -> None:
    desk = Desk(limits(1), servers((10, 1), (20, 1)))
    place = given_place(desk)
    assert place.server is desk.standings[0]
    desk.not_opened(place, 0.0, REFUSED)
    assert used(desk, 0.5).server is desk.standings[1]
    # Rested: the connection to the stand-in makes room.
    place = given_place(desk, 1.5)
    assert (place.server, place.to_open) == (desk.standings[0], True)
    desk.not_opened(place, 1.5, REFUSED)
    assert given_place(desk, 2.0).server is desk.standings[1]


def test_waits_for_a_connection_while_the_server_takes_no_more() -> None:
    desk = Desk(limits(3), servers())
    one = opened(desk)
    desk.not_opened(given_place(desk), 0.0, REFUSED)
    waiting = ask(desk, 0.5)
    assert not waiting.answered
    assert desk.wakes_at(0.5) == 1.0
    desk.give_back(one, 0.6, alive=True)
    assert desk.serve(0.6) == [waiting]


@pytest.mark.parametrize(("until", "waits"), [(None, True), (5.0, True), (0.9, False), (0.5, False)])
def test_waits_for_a_server_only_as_long_as_it_can(until: float | None, waits: bool) -> None:
    desk = Desk(limits(), servers())
    desk.not_opened(given_place(desk), 0.0, REFUSED)
    request = ask(desk, 0.5, until)
    assert request.answered is not waits
    assert request.place is None
    if waits:
        assert desk.serve(1.0) == [request]
        assert request.place is not None


def test_whoever_has_tried_all_servers_is_refused() -> None:
    desk = Desk(limits(), servers())
    desk.not_opened(given_place(desk), 0.0, REFUSED)
    request = Request(patient=False)
    desk.join(request, first=True)
    assert desk.serve(0.0) == [request]
    assert request.place is None


def test_whoever_leaves_leaves_no_trace() -> None:
    desk = Desk(limits(1), servers())
    request = ask(desk)
    assert desk.leave(request, 0.0) is desk.places[0]
    assert (desk.lent, desk.places[0].state) == (0, State.EMPTY)
    place = opened(desk)
    waiting = ask(desk)
    assert desk.leave(waiting, 0.0) is None
    assert desk.waiting == 0
    served = ask(desk)
    desk.put_back(place)
    desk.serve(0.0)
    assert served.place is place
    assert desk.leave(served, 0.0) is None
    assert (desk.lent, place.state, place.messages) == (0, State.IDLE, 0)
    desk.standings[0].fail(0.0, REFUSED)
    desk.clear(desk.places[0])
    refused = Request(patient=False, answered=True)
    assert desk.leave(refused, 0.0) is None


def test_warming_up_takes_empty_places() -> None:
    desk = Desk(limits(2), servers((0, 1), (1, 1)))
    one = desk.vacant(0.0)
    assert one is not None
    assert one.server is desk.standings[0]
    two = desk.vacant(0.0)
    assert two is not None
    assert two.server is desk.standings[1]
    assert desk.vacant(0.0) is None
    desk.not_opened(one, 0.0, REFUSED)
    desk.not_opened(two, 0.0)
    desk.standings[1].fail(0.0, REFUSED)
    assert desk.vacant(0.5) is None
    assert desk.vacant(1.0) is one


def test_closed_it_refuses_everybody() -> None:
    desk = Desk(limits(2), servers())
    place = opened(desk)
    busy = [ask(desk), ask(desk)]
    assert [request.answered for request in busy] == [True, False]
    desk.closed = True
    assert desk.serve(0.0) == [busy[1]]
    assert busy[1].place is None
    assert desk.vacant(0.0) is None
    desk.give_back(place, 0.0, alive=True)
    assert desk.worn(0.0) is place


@pytest.mark.parametrize(
    "wrong",
    [
        {"connections": 0},
        {"connections": 1.5},
        {"connections": True},
        {"messages": 0},
        {"idle_seconds": 0},
        {"age_seconds": -1},
    ],
)
def test_refuses_limits_that_let_nothing_through(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        limits(**wrong)  # type: ignore[arg-type]


class Pool(RuleBasedStateMachine):
    """Whatever happens, in whatever order."""

    requests = Bundle("requests")
    offered: tuple[tuple[int, int], ...] = ((0, 2), (0, 1), (1, 1))

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.desk = Desk(limits(3, idle_seconds=20.0, age_seconds=60.0, messages=4), servers(*self.offered))
        self.queue = list[Request]()
        self.holders = dict[Place, Request]()
        self.broken = set[int]()
        self.connection = dict[Place, int]()
        self.made = 0

    def check(self, answered: Iterable[Request]) -> None:
        for request in answered:
            assert request is self.queue.pop(0), "first come, first served"
            if request.place is None:
                continue
            assert request.place not in self.holders, "one user at a time"
            self.holders[request.place] = request
            if not request.place.to_open:
                assert self.connection[request.place] not in self.broken, "a broken one is never lent again"
                assert request.place.messages < 4
                assert self.now - request.place.used_at < 20

    def serve(self) -> None:
        self.check(self.desk.serve(self.now))

    @rule(target=requests)
    def somebody_asks(self) -> Request:
        request = Request(until=self.now + 30)
        place = self.desk.at_once(self.now)
        if place is not None:
            assert not self.queue, "nobody overtakes"
            assert not place.to_open
            request.place, request.answered = place, True
            self.queue.append(request)
            self.check([request])
            return request
        self.desk.join(request)
        self.queue.append(request)
        self.serve()
        return request

    @rule(request=consumes(requests))
    def somebody_leaves(self, request: Request) -> None:
        waits = not request.answered
        holds = request.place is not None and self.holders.get(request.place) is request
        if waits or holds:
            self.desk.leave(request, self.now)
            if waits:
                self.queue.remove(request)
            elif request.place is not None:
                del self.holders[request.place]
            self.serve()

    @rule(request=requests, works=st.booleans())
    def a_connection_is_tried(self, request: Request, works: bool) -> None:
        place = request.place
        if place is None or self.holders.get(place) is not request or not place.to_open:
            return
        if works:
            self.made += 1
            self.connection[place] = self.made
            self.desk.is_open(place, self.now, None)
        else:
            del self.holders[place]
            self.desk.not_opened(place, self.now, REFUSED)
        self.serve()

    @rule(request=requests, alive=st.booleans())
    def a_mail_is_sent(self, request: Request, alive: bool) -> None:
        place = request.place
        if place is None or self.holders.get(place) is not request or place.to_open:
            return
        if not alive:
            self.broken.add(self.connection[place])
        del self.holders[place]
        self.desk.give_back(place, self.now, alive=alive)
        self.serve()

    @rule()
    def somebody_tidies_up(self) -> None:
        while (place := self.desk.worn(self.now)) is not None:
            assert place not in self.holders
            self.desk.clear(place)
        self.serve()

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.serve()

    @invariant()
    def no_more_than_there_are(self) -> None:
        assert self.desk.lent == len(self.holders) <= 3
        assert self.desk.connections() <= 3

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        """Whoever waits, waits for a connection that is out, or for a server that will have rested."""
        assert self.desk.waiting == len(self.queue)
        if self.queue and not self.holders:
            assert self.desk.wakes_at(self.now) is not None

    def teardown(self) -> None:
        """When everybody gives back, everybody has had a turn."""
        for _ in range(1000):
            if not self.queue:
                return
            for place, request in list(self.holders.items()):
                if place.to_open:
                    self.a_connection_is_tried(request, works=True)
                self.a_mail_is_sent(request, alive=True)
            self.time_passes(40.0)
        raise AssertionError("somebody starves")


class LonelyPool(Pool):
    """The same with a single server, which takes a short cut."""

    offered = ((0, 1),)


Pool.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
LonelyPool.TestCase.settings = Pool.TestCase.settings
test_whatever_happens = Pool.TestCase
test_whatever_happens_with_a_single_server = LonelyPool.TestCase
