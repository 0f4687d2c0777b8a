"""What a test server has received: the message, its envelope, and who brought it.

Values only; `dialogue` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import SMTPUTF8
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

__all__ = ["ReceivedMessage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message that the server took responsibility for.

    Attributes:
        sender: the envelope sender; empty for the null sender.
        recipients: the envelope recipients that were accepted, in order.
        parameters: what stood behind the sender: ESMTP keyword in capitals → value, empty without one.
        recipient_parameters: address → the same for a recipient.
        data: the octets of the message exactly as received, dots undone.
        username: whom the client had logged in as, or None.
        tls: the TLS version, or None in clear.
        hello: what the client had introduced itself as.
    """

    sender: str
    recipients: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    recipient_parameters: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    data: bytes = field(repr=False)
    username: str | None = None
    tls: str | None = None
    hello: str = ""

    @property
    def email(self) -> EmailMessage:
        """The message as the standard library reads it; read again at every call."""
        return message_from_bytes(self.data, policy=SMTPUTF8)
