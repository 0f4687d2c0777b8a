"""How threads send together: `SMTPSession(…, window=…)`.

Nobody runs in the background. A thread queues its mail and takes the session's lock; by the time it has it,
the thread before has sent the mail along, or it drives a turn for all who are queued. What a turn does is
`envoi.session.joining`; the twin for asyncio is `joint_aio`.
"""

from __future__ import annotations

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

    __slots__ = ("_conversation", "_joining", "_lock", "_of", "_window")

    def __init__(self, conversation: Conversation, lock: ForkLock, window: int) -> None:
        self._conversation = conversation
        self._lock = lock
        self._window = window
        self._joining, self._of = Joining(conversation, window), lock.held

    def send(self, content: Content, envelope: Envelope) -> Receipt:
        """Send a mail with those of others; see `SMTPSession.send`."""
        held = self._lock.held
        joining, slot = self._joining_of(held), _Slot()
        mail: Joined = slot, content, envelope
        joining.join(mail)
        try:
            with held:
                if not slot.done():
                    run_sync(joining.drive())
        except BaseException as error:
            # Ctrl-C, while it waits, is sent along, or drives.
            if not joining.leave(mail) and may_be_taken(slot.result) and not is_doubtful(error):
                error.add_note(MAYBE_REMEDY)
            raise
        # Without a result it was lost on its way between two threads, by Ctrl-C in the other one.
        return received(slot.result or broken_off(KeyboardInterrupt(), envelope, doubtful=True))

    def _joining_of(self, held: Lock) -> Joining:
        """Return the queue of this process: what other threads of the parent had queued is the parent's."""
        if held is not self._of:
            self._joining, self._of = Joining(self._conversation, self._window), held
        return self._joining


class _Slot:
    """What became of the mail of one thread; None until that is known."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: Receipt | EnvoiError | None = None

    def done(self) -> bool:
        return self.result is not None

    def set_result(self, result: Receipt | EnvoiError, /) -> None:
        self.result = result
