"""What a pool does, whatever its colour: lend a connection, send, take it back.

`Lending` acts on what the `Desk` (`pool`) decides: it opens and closes connections, waits for a turn,
and goes to another server when one fails before it has heard of the mail. Whether a connection still
works is seen without a round trip, by `conversation`. Waiting itself is each colour's: see `Turns`.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Protocol

from envoi.errors import Accepted, DeadlineExceeded, DeliveryError, Disconnected, Phase, UsageError
from envoi.session.outgoing import outgoing
from envoi.session.pool_places import Request
from envoi.session.pool_servers import none_available
from envoi.session.pool_stats import stats_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from envoi.errors import EnvoiError
    from envoi.message.content import Content
    from envoi.message.envelope import DeliveryOptions, Envelope, Recipient
    from envoi.ports import Clock
    from envoi.session.content import Progress
    from envoi.session.conversation import Conversation
    from envoi.session.outgoing import Mail
    from envoi.session.pool import Desk
    from envoi.session.pool_places import Bell, Place
    from envoi.session.pool_stats import PoolStats
    from envoi.session.receipt import Receipt

__all__ = ["Lending", "Turns"]

_OPENING = frozenset({Phase.CONNECT, Phase.GREETING, Phase.HELLO, Phase.TLS, Phase.AUTH})
_UNTOUCHED = frozenset({Phase.RESET, Phase.MAIL})


class Turns(Protocol):
    """How the users of a pool keep out of each other's way."""

    @property
    def guard(self) -> AbstractContextManager[object]:
        """Held while the desk is asked or told something; nothing is awaited inside."""
        ...

    def bell(self) -> Bell:
        """Return a new bell."""
        ...


class Lending:
    """The connections of one pool, for the threads of one process or the tasks of one event loop.

    Args:
        desk: decides.
        turns: guards the desk, and waits.
        clock: the time.
        converse: makes a conversation with a server, by its number.
        wait_timeout: seconds that a call waits for a connection; None for any time.
    """

    __slots__ = ("_clock", "_converse", "_desk", "_turns", "_wait_timeout")

    def __init__(
        self,
        desk: Desk,
        *,
        turns: Turns,
        clock: Clock,
        converse: Callable[[int], Conversation],
        wait_timeout: float | None,
    ) -> None:
        self._desk = desk
        self._turns = turns
        self._clock = clock
        self._converse = converse
        self._wait_timeout = wait_timeout

    @property
    def is_open(self) -> bool:
        """Whether there is any connection, as far as we know."""
        return any(place.held is not None and place.held.is_open for place in self._desk.places)

    def stats(self) -> PoolStats:
        """Return the figures of this moment."""
        with self._turns.guard:
            return stats_of(self._desk, self._clock.monotonic())

    async def send(
        self,
        mail: Mail,
        *,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        progress: Progress | None = None,
    ) -> Receipt:
        """Hand one mail over, on the connection whose turn it is; see `envoi.client.pool`."""
        # First, so that what cannot be sent takes nobody's place.
        content, envelope = outgoing(mail, sender, recipients, options)
        now = self._clock.monotonic()
        with self._turns.guard:
            place = self._desk.at_once(now)
        until = None if self._wait_timeout is None else now + self._wait_timeout
        attempts_left = len(self._desk.standings)
        failure: DeliveryError | None = None
        if place is None:
            # Before, not after: nobody whose mail was taken shall wait for a farewell, or be cancelled
            # meanwhile.
            await self._close_worn()
        while True:
            if place is None:
                place = await self._take(until, failure)
            try:
                return await self._offer(place, mail, content, envelope, progress)
            except DeliveryError as error:
                if not attempts_left or not _says_nothing_of_the_mail(error):
                    raise
                attempts_left -= 1
                failure, place = error, None
            finally:
                if self._desk.closed:
                    await self._close_worn()

    async def attempt(self, mail: Mail, options: DeliveryOptions | None) -> Receipt | EnvoiError:
        """Hand one of several over; what became of it is the result, whatever it is."""
        try:
            return await self.send(mail, options=options)
        except (DeliveryError, UsageError) as error:
            return error

    async def open(self) -> None:
        """Open one connection, unless there is one; see `warm`."""
        self._desk.closed = False
        await self.warm(1)

    async def warm(self, connections: int | None) -> None:
        """Open connections, one after the other, until there are so many, or as many as can be had.

        Raises:
            DeliveryError: there is not a single one.
        """
        wanted = self._desk.limits.connections if connections is None else connections
        failure: DeliveryError | None = None
        while (place := self._vacant(wanted)) is not None:
            try:
                await self._connect(place)
            except DeliveryError as error:
                failure = error
            else:
                with self._turns.guard:
                    self._desk.put_back(place)
                    self._serve()
        if failure is not None and not self._desk.connections():
            raise failure

    async def close(self) -> None:
        """Close what is not in use; the rest is closed as it comes back."""
        with self._turns.guard:
            self._desk.closed = True
            self._serve()
        await self._close_worn()

    def abandon(self) -> None:
        """Let go of everything without a word: it belongs to another process, or its event loop is gone."""
        for place in self._desk.places:
            if place.held is not None:
                place.held.abort()

    async def _take(self, until: float | None, failure: DeliveryError | None) -> Place:
        """Return a place whose connection is open, of the first server that works."""
        while True:
            place = await self._borrow(until, failure)
            try:
                if place.to_open:
                    await self._connect(place)
            except DeliveryError as error:
                failure = error
            else:
                return place

    async def _borrow(self, until: float | None, failure: DeliveryError | None) -> Place:
        """Return a place, when it is our turn; one that was given a failure goes back to the front."""
        request = Request(until=until, patient=failure is None)
        with self._turns.guard:
            self._desk.join(request, first=failure is not None)
            self._serve()
        if not request.answered:
            await self._answer(request)
        if request.place is None:
            raise self._refusal(failure)
        return request.place

    async def _answer(self, request: Request) -> None:
        """Wait until a request is answered; whoever stops waiting leaves no trace."""
        bell = self._turns.bell()
        try:
            while True:
                with self._turns.guard:
                    request.bell = bell
                    now = self._clock.monotonic()
                    self._serve()
                    if request.answered:
                        return
                    wakes_at = self._desk.wakes_at(now)
                if request.until is not None and now >= request.until:
                    raise self._too_late()
                moments = [each - now for each in (request.until, wakes_at) if each is not None]
                await bell.wait(min(moments, default=None))
        except BaseException:
            with self._turns.guard:
                _forget(self._desk.leave(request, self._clock.monotonic()))
                self._serve()
            raise

    async def _connect(self, place: Place) -> None:
        """Open a connection to the server that the desk chose, instead of the one that is there."""
        try:
            conversation = await self._opened(place)
        except BaseException as error:
            with self._turns.guard:
                _forget(place)
                # A copy: the error itself holds on to everything that was under way.
                reason = copy(error) if isinstance(error, DeliveryError) else None
                self._desk.not_opened(place, self._clock.monotonic(), reason)
                self._serve()
            raise
        offered = conversation.capabilities
        with self._turns.guard:
            most = None if offered is None else offered.limit("MAILMAX")
            self._desk.is_open(place, self._clock.monotonic(), most)
            self._serve()

    async def _opened(self, place: Place) -> Conversation:
        await _hang_up(place)
        number = place.server.number
        if number not in place.known:
            place.known[number] = self._converse(number)
        conversation = place.known[number]
        await conversation.open()
        place.held = conversation
        return conversation

    async def _offer(
        self,
        place: Place,
        mail: Mail,
        content: Content,
        envelope: Envelope,
        progress: Progress | None,
    ) -> Receipt:
        """Send over the connection of a place, and give it back."""
        # Whoever was given a place has a connection by now.
        held: Any = place.held
        conversation: Conversation = held
        try:
            if conversation.signer is not None:
                content, _ = conversation.outgoing(
                    mail, sender=envelope.sender, recipients=envelope.recipients
                )
            return await conversation.send(content, envelope, progress=progress)
        except DeliveryError as error:
            if _says_nothing_of_the_mail(error):
                with self._turns.guard:
                    place.server.fail(self._clock.monotonic(), copy(error))
            raise
        finally:
            with self._turns.guard:
                self._desk.give_back(place, self._clock.monotonic(), conversation.is_open)
                if self._desk.waiting:
                    self._serve()

    async def _close_worn(self) -> None:
        """Close the connections that have served their time."""
        while True:
            with self._turns.guard:
                place = self._desk.worn(self._clock.monotonic())
            if place is None:
                return
            try:
                await _hang_up(place)
            finally:
                with self._turns.guard:
                    self._desk.clear(place)
                    self._serve()

    def _vacant(self, wanted: int) -> Place | None:
        with self._turns.guard:
            if self._desk.connections() >= wanted:
                return None
            return self._desk.vacant(self._clock.monotonic())

    def _serve(self) -> None:
        """Inside the guard: answer whom can be answered, and wake them."""
        for request in self._desk.serve(self._clock.monotonic()):
            if request.bell is not None:
                request.bell.ring()

    def _too_late(self) -> DeadlineExceeded:
        desk = self._desk
        return DeadlineExceeded(
            f"none of the pool's {desk.limits.connections} connections became free within "
            f"{self._wait_timeout:g} seconds: {desk.lent} are in use, {desk.waiting} calls wait",
            phase=Phase.CONNECT,
            remedy="Let the pool have more connections, or send fewer mails at once",
        )

    def _refusal(self, failure: DeliveryError | None) -> EnvoiError:
        if self._desk.closed:
            return UsageError("the pool is closed; open() it again, or use it inside its with block")
        return none_available(self._desk.standings, self._clock.monotonic(), failure)


def _says_nothing_of_the_mail(error: DeliveryError) -> bool:
    """Whether the connection broke, or could not be had again, before the server had heard of recipients."""
    if error.accepted is not Accepted.NO:
        return False
    return error.phase in _OPENING or (error.phase in _UNTOUCHED and isinstance(error, Disconnected))


async def _hang_up(place: Place) -> None:
    held, place.held = place.held, None
    if held is not None:
        await held.close()


def _forget(place: Place | None) -> None:
    """Nothing is connected in a place any more."""
    if place is not None and place.held is not None:
        place.held.abort()
        place.held = None
