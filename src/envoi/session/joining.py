"""Mails that several callers send at the same time over one connection, in one window.

Each caller leaves a mail and a slot for its result in the queue of a `Joining`; whoever has the connection
drives a turn for all of them. A turn is a `Batch` over what is queued, so that a mail is refused, lost or in
doubt for its own caller alone. How callers wait, and who drives, is each colour's: `client.joint` and
`client.joint_aio`. The reasons are in docs/decisions/0107.
"""

from __future__ import annotations

from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from envoi.errors import Accepted, ConfigError, EnvoiError
from envoi.session.batch import Batch
from envoi.session.tally import broken_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.session.conversation import Conversation
    from envoi.session.receipt import Receipt

__all__ = ["Joined", "Joining", "Slot", "may_be_taken", "received"]


Joined: TypeAlias = "tuple[Slot, Content, Envelope]"
"""A mail, ready to be sent, and where its result goes."""


class Slot(Protocol):
    """Where a caller finds its result; an `asyncio.Future` is one."""

    def done(self) -> bool:
        """Whether nobody waits any more: the result is there, or the caller has gone."""
        ...

    def set_result(self, result: Receipt | EnvoiError, /) -> None:
        """Put the result there."""
        ...


class Joining:
    """The mails that wait for one connection.

    Args:
        conversation: sends.
        window: how many may be unanswered.

    Raises:
        ConfigError: the window is not a whole number from 1.
    """

    __slots__ = ("_conversation", "_owed", "_queue", "_taken", "_unclaimed", "_window")

    def __init__(self, conversation: Conversation, window: int) -> None:
        if type(window) is not int or window < 1:
            raise ConfigError(f"window={window!r} is not a whole number from 1")
        self._conversation = conversation
        self._window = window
        self._queue: deque[Joined] = deque()
        # What this turn has taken and not told of, in order; and results it owes to those who came before it.
        self._taken: deque[Joined] = deque()
        self._owed = 0
        # What became of mails whose callers had gone, for as long as these remember their slots.
        self._unclaimed: WeakKeyDictionary[Slot, Receipt | EnvoiError] = WeakKeyDictionary()

    @property
    def waiting(self) -> bool:
        """Whether a mail waits for the next turn."""
        return bool(self._queue)

    @property
    def deserted(self) -> bool:
        """Whether mails are queued or under way, and none of their callers waits any more."""
        return all(slot.done() for slot in self.slots)

    @property
    def slots(self) -> list[Slot]:
        """The slots of all mails that are queued or under way."""
        return [slot for slot, _, _ in (*self._taken, *self._queue)]

    def join(self, mail: Joined) -> None:
        """Queue a mail."""
        self._queue.append(mail)

    def leave(self, mail: Joined) -> bool:
        """Take a mail back; False when it is under way already."""
        try:
            self._queue.remove(mail)
        except ValueError:
            return False
        return True

    async def drive(self) -> None:
        """Send what is queued, and what comes until its results are there; every slot gets its result.

        One turn at a time, and nobody else on the connection: the callers see to that. An exception that is
        not about a mail (of a callback, say) closes the connection, and is the cause of the errors of those
        who were under way.

        Raises:
            BaseException: a cancellation, Ctrl-C; those who were under way have their results, and the others
                wait for the next turn.
        """
        self._taken.clear()
        self._owed = len(self._queue)
        batch = Batch(self._conversation, self._mails(), size=self._window, prepare=_PAIR)
        try:
            while results := await batch.more():
                self._owed -= len(results)
                self._tell(self._taken, results)
        except BaseException as error:
            self._break_off(error, batch.remains(error))
            if not isinstance(error, Exception):
                raise

    def dismiss(self, error: BaseException) -> None:
        """Tell all who are queued that nobody will drive a turn for them, because of `error`."""
        self._tell(self._queue, [broken_off(error, envelope) for _, _, envelope in self._queue])

    def unclaimed(self, slot: Slot) -> Receipt | EnvoiError | None:
        """Return what became of a mail whose caller has gone, as far as it is known."""
        return self._unclaimed.get(slot)

    def _mails(self) -> Iterator[Any]:
        """Take mails from the queue, until it is empty or those who began the turn have their results."""
        taken, take = self._taken, self._queue.popleft
        while self._owed > 0:
            try:
                mail = take()
            except IndexError:
                return
            taken.append(mail)
            yield mail

    def _break_off(self, error: BaseException, remains: Sequence[Receipt | EnvoiError]) -> None:
        # Whose result was on its way to the slot when Ctrl-C came can only be told that nobody knows.
        lost = [*self._taken][: len(self._taken) - len(remains)]
        unknown = [broken_off(error, envelope, doubtful=True) for _, _, envelope in lost]
        self._tell(self._taken, [*unknown, *remains])

    def _tell(self, mails: deque[Joined], results: Iterable[Receipt | EnvoiError]) -> None:
        """Put results into the slots of the first of these mails, which they leave."""
        for result in results:
            slot = mails.popleft()[0]
            if slot.done():
                self._unclaimed[slot] = result
            else:
                slot.set_result(result)


_PAIR = itemgetter(1, 2)


def received(result: Receipt | EnvoiError) -> Receipt:
    """Return a receipt; raise an error as the caller's own.

    Raises:
        EnvoiError: it is one.
    """
    if isinstance(result, EnvoiError):
        raise result.with_traceback(None)
    return result


def may_be_taken(result: Receipt | EnvoiError | None) -> bool:
    """Whether the server may have a mail of which this is known."""
    return result is None or result.accepted is not Accepted.NO
