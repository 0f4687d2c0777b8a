"""How threads send together: `SMTPSession(…, window=…)`.

Nobody runs in the background. A thread queues its mail, and waits until another has sent it along or it is
its turn to drive for all who are queued. What a turn does is `envoi.session.joining`; the twin for asyncio is
`joint_aio`.
"""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

from envoi.session.joining import Joining, may_be_taken, received
from envoi.session.run import run_sync
from envoi.session.tally import MAYBE_REMEDY, broken_off, is_doubtful

if TYPE_CHECKING:
    from threading import Lock

    from envoi.drivers.fork_lock import ForkLock
    from envoi.errors import EnvoiError
    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.session.conversation import Conversation
    from envoi.session.joining import Joined
    from envoi.session.receipt import Receipt

__all__ = ["Joint"]


class Joint:
    """The threads that share a session, and its window.

    Raises:
        ConfigError: the window is not a whole number from 1.
    """

    __slots__ = ("_conversation", "_crew", "_lock", "_window")

    def __init__(self, conversation: Conversation, lock: ForkLock, window: int) -> None:
        self._conversation = conversation
        self._lock = lock
        self._window = window
        self._crew = _Crew(Joining(conversation, window), lock.held)

    def send(self, content: Content, envelope: Envelope) -> Receipt:
        """Send a mail with those of others; see `SMTPSession.send`."""
        crew, slot = self._here(), _Slot()
        mail: Joined = slot, content, envelope
        crew.joining.join(mail)
        try:
            if crew.is_turn_of(slot):
                with crew.lock:
                    run_sync(crew.joining.drive())
        except BaseException as error:
            # Ctrl-C, while it waits, is sent along, or drives.
            if not crew.joining.leave(mail) and may_be_taken(slot.result) and not is_doubtful(error):
                error.add_note(MAYBE_REMEDY)
            raise
        finally:
            crew.give_way(slot)
        # Without a result it was lost on its way between two threads, by Ctrl-C in the other one.
        return received(slot.result or broken_off(KeyboardInterrupt(), envelope, doubtful=True))

    def _here(self) -> _Crew:
        """Return the threads of this process: in a forked child those of the parent are not."""
        if self._lock.held is not self._crew.lock:
            self._crew = _Crew(Joining(self._conversation, self._window), self._lock.held)
        return self._crew


class _Crew:
    """The threads of one process, of which one drives.

    Attributes:
        joining: their mails.
        lock: of the session.
    """

    __slots__ = ("_changed", "_driver", "joining", "lock")

    def __init__(self, joining: Joining, lock: Lock) -> None:
        self.joining = joining
        self.lock = lock
        self._changed = Condition()
        self._driver: _Slot | None = None

    def is_turn_of(self, slot: _Slot) -> bool:
        """Wait until nobody drives, or this thread has its result; whether it drives now."""
        with self._changed:
            while not slot.done() and self._driver is not None:
                self._changed.wait()
            if not slot.done():
                self._driver = slot
        return self._driver is slot

    def give_way(self, slot: _Slot) -> None:
        """Let another drive, if it was this thread."""
        if self._driver is slot:
            with self._changed:
                self._driver = None
                self._changed.notify_all()


class _Slot:
    """What became of the mail of one thread; None until that is known."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: Receipt | EnvoiError | None = None

    def done(self) -> bool:
        return self.result is not None

    def set_result(self, result: Receipt | EnvoiError, /) -> None:
        self.result = result
