"""Mail that stays in the program, for its tests: who sent what to whom, in order.

Unlike `envoi.testing.SMTPServer` nothing is said over a wire, so nothing of a server's behaviour is tested.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage

    from envoi.message.envelope import Envelope

__all__ = ["Kept", "Memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that was sent.

    Attributes:
        sender: the envelope sender.
        recipients: the envelope recipients, hidden ones included.
        data: the octets.
    """

    sender: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)

    @property
    def email(self) -> EmailMessage:
        """The message, parsed by the standard library."""
        return message_from_bytes(self.data, policy=policy.default)


class Memory:
    """Keeps messages in a list."""

    def __init__(self) -> None:
        self._messages: list[Kept] = []
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What a receipt calls it."""
        return "memory"

    @property
    def messages(self) -> list[Kept]:
        """What was sent until now."""
        with self._lock:
            return list(self._messages)

    def clear(self) -> None:
        """Forget it all."""
        with self._lock:
            self._messages.clear()

    def put(self, envelope: Envelope, message: IO[bytes]) -> str:
        """See `Outlet.put`."""
        recipients = tuple(each.address for each in envelope.recipients)
        with self._lock:
            self._messages.append(Kept(sender=envelope.sender, recipients=recipients, data=message.read()))
        return f"kept as number {len(self._messages)}"

    def close(self) -> None:
        """The messages stay."""
