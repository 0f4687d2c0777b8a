"""Many mails over one connection: taken when there is room, said ahead of replies, accounted in order.

A `Batch` is one `send_all`: a queue whose entries end as a receipt or an error, each for itself. How far the
octets run ahead of the replies is for `window` (BDAT: whole transactions) and `look_ahead` (DATA: the next
envelope); what fits neither goes alone, through the conversation. Here is what all of them share: taking
mails, and telling of each what became of it when the link is lost (docs/decisions/0091).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable
from copy import copy
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, NoReturn, TypeVar

from envoi.errors import (
    AuthenticationFailed,
    DeliveryError,
    EnvoiError,
    Rejected,
    Retry,
    TLSFailed,
    UsageError,
)
from envoi.session import look_ahead, window
from envoi.session.flight import flight_for
from envoi.session.outgoing import outgoing
from envoi.session.receipt import receipt
from envoi.session.submit import receipt_for
from envoi.session.tally import MAYBE_REMEDY, broken_off, in_doubt, is_doubtful

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from typing import Any

    from envoi.message.content import Content
    from envoi.message.envelope import DeliveryOptions, Envelope
    from envoi.session.conversation import Conversation
    from envoi.session.flight import Flight
    from envoi.session.link import Link
    from envoi.session.outgoing import Mail
    from envoi.session.receipt import Receipt
    from envoi.smtp.replies import Reply

__all__ = ["Batch", "Entry", "each"]

T = TypeVar("T")

SLOW_SECONDS = 0.005
"""A source that takes longer for a mail is not waited for with another mail in hand."""


class Entry:
    """One mail of a batch.

    Attributes:
        content, envelope: what is sent to whom.
        alone: whether it needs more than one flight.
        result: what became of it; None until that is known.
    """

    __slots__ = ("alone", "content", "envelope", "result")

    def __init__(self, content: Content, envelope: Envelope) -> None:
        self.content = content
        self.envelope = envelope
        self.alone = False
        self.result: Receipt | EnvoiError | None = None


class _Unfit:
    """What is no mail that can be sent."""

    __slots__ = ("result",)

    def __init__(self, result: UsageError) -> None:
        self.result = result


class Batch:
    """The sending of several mails.

    Args:
        conversation: over whose connection.
        mails: where they come from.
        options: for each of them.
        size: how many may be flying.
        prepare: makes content and envelope of a mail; by default `outgoing`.

    Attributes:
        size: how many may be flying.
        flying: what was said and is not answered, in order, each with its flight.
        afloat: octets of these messages.
        slow: whether the source took its time for the last mail.
    """

    __slots__ = (
        "_anext",
        "_conversation",
        "_failure",
        "_fruitful",
        "_hopeless",
        "_link",
        "_next",
        "_now",
        "_prepare",
        "_queue",
        "_settling",
        "_waiting",
        "afloat",
        "flying",
        "size",
        "slow",
    )

    def __init__(
        self,
        conversation: Conversation,
        mails: Iterable[Mail] | AsyncIterable[Mail],
        *,
        options: DeliveryOptions | None = None,
        size: int,
        prepare: Callable[[Any], tuple[Content, Envelope]] | None = None,
    ) -> None:
        if size < 1:
            raise UsageError(f"a window holds one mail or more, not {size}")
        self._conversation = conversation
        self._now = conversation.clock.monotonic
        # One of them, until there are no more mails.
        self._next: Callable[[], Mail] | None = None
        self._anext: Callable[[], Awaitable[Mail]] | None = None
        if isinstance(mails, AsyncIterable):
            self._anext = aiter(mails).__anext__
        else:
            self._next = iter(mails).__next__
        self._prepare = prepare or partial(outgoing, options=options, signer=conversation.signer)
        self._queue: deque[Entry | _Unfit] = deque()
        self._waiting: deque[Entry] = deque()
        self._failure: Exception | None = None
        self._hopeless: DeliveryError | None = None
        self._link: Link | None = None
        self._fruitful = False
        self._settling = False
        self.size = size
        self.flying: deque[tuple[Entry, Flight]] = deque()
        self.afloat = 0
        self.slow = False

    async def more(self) -> list[Receipt | EnvoiError]:
        """Return the next results, in the order of the mails; none at the end.

        Raises:
            Exception: what the source of the mails raised, after the results of those before.
        """
        while not (results := self._ripe()):
            if self._queue:
                await self._step()
            elif not await self._take():
                if self._failure is not None:
                    raise self._failure
                break
        return results

    async def settle(self) -> None:
        """Bring what is under way to its end, because somebody else wants to speak."""
        self._settling = True
        try:
            while self._link is not None and self.flying:
                await self._advance(self._link)
        finally:
            self._settling = False

    def abandon(self) -> None:
        """Take no more mails, as nobody asks for results; what is under way settles with the next call."""
        self._next = self._anext = None
        self._waiting.clear()

    def _ripe(self) -> list[Receipt | EnvoiError]:
        results: list[Receipt | EnvoiError] = []
        queue = self._queue
        while queue and (result := queue[0].result) is not None:
            results.append(result)
            queue.popleft()
        return results

    async def _take(self) -> bool:
        """Take a mail from the source; False when there is none."""
        if self._next is not None:
            return self._pull(self._next, self._now())
        if self._anext is None:
            return False
        began = self._now()
        return self._pull(await _fetched(self._anext), began)

    def _pull(self, take: Callable[[], Mail], began: float) -> bool:
        """The same where nothing is to be awaited any more."""
        try:
            content, envelope = self._prepare(take())
        except StopIteration:
            self._next = self._anext = None
            return False
        except UsageError as error:
            self._queue.append(_Unfit(error))
            return True
        except Exception as error:  # It is raised in its place, behind the results before it.
            self._next, self._anext, self._failure = None, None, error
            return False
        self.slow = self._now() - began > SLOW_SECONDS
        entry = Entry(content, envelope)
        self._queue.append(entry)
        self._waiting.append(entry)
        return True

    async def _step(self) -> None:
        """Come closer to a result."""
        if self._link is not None and self.flying:
            await self._advance(self._link)
            return
        entry = self._waiting[0]
        try:
            if self._hopeless is not None:
                raise copy(self._hopeless)
            if not entry.alone and self._conversation.flies(self.size):
                await self._board()
                return
            result: Receipt | EnvoiError = await self._send_alone(entry)
        except (DeliveryError, UsageError) as error:
            result = error
        self._waiting.popleft()
        self._finish(entry, result)

    async def _send_alone(self, entry: Entry) -> Receipt:
        try:
            return await self._conversation.send(entry.content, entry.envelope)
        except EnvoiError:
            raise
        except BaseException as error:
            entry.result = broken_off(error, entry.envelope, doubtful=is_doubtful(error))
            raise

    async def _board(self) -> None:
        """Have a link on which mails can fly."""
        link = await self._conversation.ready()
        if link is not self._link:
            # A connection that has carried mails before is as good as one that carried ours.
            self._link, self._fruitful = link, link.messages > 0
        self._conversation.hold(self)
        await self._advance(link)

    async def next_flight(self, link: Link) -> tuple[Entry, Flight] | None:
        """Return the next mail that can fly now, and its flight.

        None at the end of the source, when the next mail goes alone, or when the server takes no more on this
        connection (RFC 9422 §3.1).
        """
        terms, waiting = link.terms, self._waiting
        most = terms.most_messages
        while not self._settling and (most is None or link.messages < most):
            if not waiting:
                take = self._next
                if not (await self._take() if take is None else self._pull(take, self._now())):
                    break
                continue
            entry = waiting[0]
            try:
                flight = None if entry.alone else flight_for(link, entry.envelope, entry.content, terms)
            except UsageError as error:
                self._finish(waiting.popleft(), error)
                continue
            if flight is None:
                entry.alone = True
                break
            return entry, flight
        return None

    def launch(self, link: Link, entry: Entry, flight: Flight) -> None:
        """Count the next flight among those that fly: it is about to be written."""
        self._waiting.popleft()
        self.flying.append((entry, flight))
        self.afloat += len(flight.body)
        link.messages += 1
        link.expect(flight)

    def land(self, link: Link) -> None:
        """The first that flies has been answered: tell what became of it."""
        entry, flight = self.flying.popleft()
        self.afloat -= len(flight.body)
        tally = flight.tally
        try:
            reply = tally.verdict()
        except DeliveryError as error:
            tally.judge(error)
            if self._conversation.learn(link, error):
                # None of those behind it can have fared better; they all go once more, in another way.
                self._waiting.extendleft([waiting for waiting, _ in reversed(self.flying)])
                self._waiting.appendleft(entry)
                self._drop()
                link.abort()
                return
            self._finish(entry, error)
        else:
            self._finish(entry, receipt_for(link, entry.envelope, entry.content, flight, reply))

    def land_smoothly(self, link: Link, reply: Reply) -> None:
        """The first that flies has been accepted, and so has everything about it."""
        entry, flight = self.flying.popleft()
        self.afloat -= len(flight.body)
        recipients, content = tuple(flight.recipients), entry.content
        entry.result = receipt(
            content.message_id, entry.envelope.sender, recipients, {}, reply, link.server, link.tls
        )
        self._fruitful = True

    def _drop(self) -> None:
        self.flying.clear()
        self.afloat = 0

    def _finish(self, entry: Entry, result: Receipt | EnvoiError) -> None:
        entry.result = result
        self._fruitful = True
        if isinstance(result, (AuthenticationFailed, TLSFailed)) and result.retry is Retry.NEVER:
            # Trying again for every mail would only lock the account.
            self._hopeless = result

    async def _advance(self, link: Link) -> None:
        """Let those that fly come closer to their end, and others follow them."""
        conversation = self._conversation
        link.deadline_at = conversation.deadline_at()
        way = window if link.terms.chunking else look_ahead
        try:
            await way.advance(self, link)
        except DeliveryError as error:
            link.abort()
            conversation.learn(link, error)
            self._account(error)
        except BaseException as error:
            self._break_off(link, error)
            raise

    def remains(self, error: BaseException) -> list[Receipt | EnvoiError]:
        """Return what became of all mails that were taken and not told of, as `error` has ended `more`."""
        if self._link is not None and self.flying:
            self._break_off(self._link, error)
        return [
            entry.result or broken_off(error, entry.envelope) if isinstance(entry, Entry) else entry.result
            for entry in self._queue
        ]

    def _break_off(self, link: Link, error: BaseException) -> None:
        """Close the link, and tell of all that flew what became of them."""
        link.abort()
        doubtful = False
        for entry, flight in self.flying:
            tally = flight.tally
            doubtful |= tally.undecided
            entry.result = tally.refusal() or broken_off(error, entry.envelope, doubtful=tally.undecided)
        if doubtful:
            error.add_note(MAYBE_REMEDY)
        self._drop()

    def _account(self, error: DeliveryError) -> None:
        """The link is gone: tell of all that flew what became of them; whom nobody heard flies again."""
        flown, again = [*self.flying], list[Entry]()
        self._drop()
        # The server answers in order: what stands behind 421 was not accepted (RFC 5321 §3.8).
        goodbye = error.reply is not None and error.reply.code == 421
        for entry, flight in flown:
            failure: DeliveryError = copy(error)
            failure.recipients = ()
            flight.tally.judge(failure)
            if (refusal := flight.tally.refusal()) is not None:
                self._finish(entry, refusal)
            elif flight.tally.undecided and not goodbye:
                self._finish(entry, in_doubt(failure))
            elif isinstance(error, Rejected) or not self._fruitful:
                # A connection on which nothing was achieved is not followed by another for the same mail.
                self._finish(entry, failure)
            else:
                again.append(entry)
        self._waiting.extendleft(reversed(again))


async def _fetched(source: Callable[[], Awaitable[Mail]]) -> Callable[[], Mail]:
    """Await the next mail; return what gives it, or raises what the source has raised."""
    try:
        return repeat(await source()).__next__
    except StopAsyncIteration:
        return iter(()).__next__
    except Exception as error:
        return partial(_raise, error)


def _raise(error: Exception) -> NoReturn:
    raise error


async def each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """Iterate over either kind."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
