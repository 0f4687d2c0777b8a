"""The policy of a pool: who gets which connection, and when one has served its time.

The `Desk` is told what happens (somebody asks, a connection comes back, one could not be opened) and
decides what follows. Pure: it opens nothing, waits for nobody and is told the time. Which server comes
next is `pool_servers`' business; `lending` acts on the decisions, `client.pool` guards them.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from math import inf
from typing import TYPE_CHECKING

from envoi.session.pool_places import Place, Request, State
from envoi.session.pool_servers import Standing, whose_turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from envoi.errors import DeliveryError
    from envoi.session.pool_places import PoolLimits

__all__ = ["Desk"]

TIDY_SECONDS = 1.0
"""How often connections are looked at that nobody uses."""


class Desk:
    """Hands out the places of a pool, first come, first served.

    Attributes:
        limits: the limits.
        standings: the servers.
        places: all of them.
        closed: whether nothing is handed out any more.
        opened: how many connections have come about so far.
    """

    __slots__ = (
        "_age_seconds",
        "_idle",
        "_idle_seconds",
        "_lent",
        "_queue",
        "_ranks",
        "_tidy_at",
        "closed",
        "limits",
        "opened",
        "places",
        "standings",
    )

    def __init__(self, limits: PoolLimits, standings: Sequence[Standing]) -> None:
        self.limits: Final = limits
        self.standings: Final = tuple(standings)
        self.places: Final = tuple(Place(server=standings[0]) for _ in range(limits.connections))
        self.closed = False
        self.opened = 0
        by_priority = sorted(standings, key=_priority)
        self._ranks = [list(rank) for _, rank in groupby(by_priority, key=_priority)]
        self._queue: deque[Request] = deque()
        self._lent = 0
        # The one used last at the end.
        self._idle: list[Place] = []
        self._idle_seconds = inf if limits.idle_seconds is None else limits.idle_seconds
        self._age_seconds = inf if limits.age_seconds is None else limits.age_seconds
        self._tidy_at = -inf

    @property
    def lent(self) -> int:
        """How many places are out."""
        return self._lent

    @property
    def waiting(self) -> int:
        """How many requests have no answer."""
        return len(self._queue)

    def connections(self, server: Standing | None = None) -> int:
        """How many connections there are, as far as we know, to all servers or to one."""
        return sum(
            place.state is not State.EMPTY and not place.to_open and server in (None, place.server)
            for place in self.places
        )

    def join(self, request: Request, *, first: bool = False) -> None:
        """Queue; `first` is for whoever had got to the front and was given what did not work."""
        if first:
            self._queue.appendleft(request)
        else:
            self._queue.append(request)

    def at_once(self, now: float) -> Place | None:
        """Lend the connection that was used last, where that needs no thought; None where it does.

        Once a second it does: connections that nobody uses have served their time some day, too.
        """
        idle = self._idle
        if not idle or self._queue or now >= self._tidy_at or len(self.standings) > 1:
            return None
        place = idle[-1]
        if self._is_worn(place, now):
            return None
        idle.pop()
        place.state = State.LENT
        self._lent += 1
        return place

    def leave(self, request: Request, now: float) -> Place | None:
        """Want nothing any more. A place that had to be opened is empty now, and returned to be cleared."""
        place = request.place
        if not request.answered:
            self._queue.remove(request)
        elif place is not None:
            if place.to_open:
                self.not_opened(place, now)
                return place
            self.put_back(place)
        return None

    def serve(self, now: float) -> list[Request]:
        """Answer whom can be answered, and return them.

        A request without a place is refused: the desk is closed, or no connection is out that could come
        back and every server rests for longer than it can wait.
        """
        answered = list[Request]()
        while self._queue:
            place = None if self.closed else self._choose(now)
            if place is None and self._may_get_one(self._queue[0], now):
                break
            request = self._queue.popleft()
            request.place, request.answered = place, True
            answered.append(request)
        return answered

    def wakes_at(self, now: float) -> float | None:
        """When a server has rested, so that `serve` may find more; None when that is not to be waited for."""
        rests = [
            each.rests_until for each in self.standings if not each.may_open(now) and each.rests_until > now
        ]
        return min(rests, default=None)

    def vacant(self, now: float) -> Place | None:
        """Lend an empty place, with the server it is to be opened to; None when there is none, or nobody."""
        empty = next((place for place in self.places if place.state is State.EMPTY), None)
        if empty is None or self.closed:
            return None
        for rank in self._ranks:
            usable = [each for each in rank if each.may_open(now)]
            if usable:
                return self._lend(empty, whose_turn(usable), now)
        return None

    def is_open(self, place: Place, now: float, most_messages: int | None) -> None:
        """The connection came about; the server takes so many mails over it (RFC 9422 §3.1)."""
        limits = [each for each in (self.limits.messages, most_messages) if each is not None]
        place.most_messages = min(limits, default=inf)
        place.to_open = False
        place.messages = 0
        place.opened_at = place.used_at = now
        self.opened += 1
        place.server.work()

    def not_opened(self, place: Place, now: float, error: DeliveryError | None = None) -> None:
        """The connection did not come about: with an error, or because somebody stopped trying."""
        place.server.give_up()
        if error is not None:
            place.server.fail(now, error)
        place.to_open = False
        self._take_back(place, State.EMPTY)

    def put_back(self, place: Place) -> None:
        """Its connection is there and was not used."""
        self._take_back(place, State.IDLE)

    def give_back(self, place: Place, now: float, alive: bool) -> None:
        """A mail was offered over it; a connection that is not alive is never lent again."""
        place.messages += 1
        place.used_at = now
        place.server.messages += 1
        self._take_back(place, State.IDLE if alive else State.EMPTY)

    def worn(self, now: float) -> Place | None:
        """Lend a place whose connection has served its time, to be closed and `clear`ed; None without one."""
        self._tidy_at = now + TIDY_SECONDS
        for place in self._idle:
            if self._is_worn(place, now):
                self._hand_out(place)
                return place
        return None

    def clear(self, place: Place) -> None:
        """Its connection is closed."""
        self._take_back(place, State.EMPTY)

    def _may_get_one(self, request: Request, now: float) -> bool:
        if self.closed:
            return False
        if self._lent:
            return True
        wakes_at = self.wakes_at(now)
        return (
            request.patient and wakes_at is not None and (request.until is None or wakes_at <= request.until)
        )

    def _take_back(self, place: Place, state: State) -> None:
        if state is State.IDLE:
            self._idle.append(place)
        place.state = state
        self._lent -= 1

    def _hand_out(self, place: Place) -> None:
        if place.state is State.IDLE:
            self._idle.remove(place)
        place.state = State.LENT
        self._lent += 1

    def _is_worn(self, place: Place, now: float) -> bool:
        return (
            place.messages >= place.most_messages
            or now - place.used_at >= self._idle_seconds
            or now - place.opened_at >= self._age_seconds
            or self.closed
        )

    def _choose(self, now: float) -> Place | None:
        """Lend the place that serves next, by a server of the lowest priority number that has one."""
        for rank in self._ranks:
            found = {each: place for each in rank if (place := self._place_for(each, now)) is not None}
            if found:
                server = whose_turn(list(found))
                return self._lend(found[server], server, now)
        return None

    def _place_for(self, server: Standing, now: float) -> Place | None:
        """A connection to this server, the one used last, so that the others may rest; or room for one."""
        ready = [place for place in self.places if self._is_ready(place, server, now)]
        if ready:
            return max(ready, key=_used_at)
        if not server.may_open(now):
            return None
        rooms = [place for place in self.places if self._has_room(place, server, now)]
        return min(rooms, key=_room, default=None)

    def _is_ready(self, place: Place, server: Standing, now: float) -> bool:
        return place.state is State.IDLE and place.server is server and not self._is_worn(place, now)

    def _has_room(self, place: Place, server: Standing, now: float) -> bool:
        """Whether a connection may be opened here: nothing is there, or nothing that is wanted."""
        if place.state is not State.IDLE:
            return place.state is State.EMPTY
        return place.server.priority > server.priority or self._is_worn(place, now)

    def _lend(self, place: Place, server: Standing, now: float) -> Place:
        place.to_open = not self._is_ready(place, server, now)
        if place.to_open:
            place.server = server
            server.begin()
        self._hand_out(place)
        return place


def _priority(standing: Standing) -> int:
    return standing.priority


def _used_at(place: Place) -> float:
    return place.used_at


def _room(place: Place) -> tuple[bool, float]:
    return place.state is not State.EMPTY, place.used_at
