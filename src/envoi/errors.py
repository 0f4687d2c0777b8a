"""Every error envoi raises, in one tree.

::

    EnvoiError                    .retry .accepted
    ├── UsageError                nothing was sent; the call or its arguments must change
    │   ├── InvalidAddress        also a ValueError
    │   ├── InvalidHeader         also a ValueError
    │   ├── MessageTooLarge       larger than the server's SIZE (RFC 1870)
    │   └── NotSupportedByServer  the message needs an extension that the server does not offer
    ├── DeliveryError             .phase .reply .recipients .retry .accepted .remedy .verdicts
    │   ├── ConnectionFailed      also a ConnectionError: no connection came about
    │   ├── Disconnected          also a ConnectionError: the connection went away
    │   ├── DeadlineExceeded      also a TimeoutError: a phase or the whole took too long
    │   ├── TLSFailed             no TLS, or not with the server we meant
    │   ├── ProtocolError         the dialogue broke; the connection is dead
    │   │   ├── LocalProtocolError    by us: a command that is not allowed now
    │   │   └── RemoteProtocolError   by the server: a reply that is not SMTP
    │   ├── AuthenticationFailed  the server refused who we say we are
    │   │   └── TokenUnavailable      no OAuth 2.0 token could be had
    │   └── Rejected              a clear refusal; the connection lives, 421 excepted
    │       ├── SenderRejected
    │       ├── RecipientsRejected    .refused: a reply per recipient
    │       └── MessageRejected
    ├── OutboxError
    │   ├── AddressSuppressed
    │   ├── IdempotencyConflict
    │   ├── SchemaMismatch
    │   ├── LeaseLost
    │   └── StoreUnavailable
    └── ConfigError

Two questions have an answer on every error: may it be tried again (`retry`), and did the
server take the message (`accepted`)? The enums that answer them, and `Phase`, live here
because the tree needs them; nothing else does. Partial success is no error: see
`envoi.Receipt`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envoi.smtp.replies import Reply

__all__ = [
    "Accepted",
    "AddressSuppressed",
    "AuthenticationFailed",
    "ConfigError",
    "ConnectionFailed",
    "DeadlineExceeded",
    "DeliveryError",
    "Disconnected",
    "EnvoiError",
    "IdempotencyConflict",
    "InvalidAddress",
    "InvalidHeader",
    "LeaseLost",
    "LocalProtocolError",
    "MessageRejected",
    "MessageTooLarge",
    "NotSupportedByServer",
    "OutboxError",
    "Phase",
    "ProtocolError",
    "RecipientsRejected",
    "Rejected",
    "RemoteProtocolError",
    "Retry",
    "SchemaMismatch",
    "SenderRejected",
    "StoreUnavailable",
    "TLSFailed",
    "TokenUnavailable",
    "UsageError",
]


class Retry(Enum):
    """When the same message may be handed over again."""

    NOW = "now"
    """At once, on a fresh connection: the message itself was not judged."""
    LATER = "later"
    """After a pause: the server asked for one, or nobody knows better."""
    NEVER = "never"
    """Not without a change: the server, or envoi, refused it for good."""


class Accepted(Enum):
    """Whether the server took responsibility for the message."""

    NO = "no"
    MAYBE = "maybe"
    """The link fell silent after the final dot or ``BDAT … LAST``: sending again may
    deliver twice, not sending again may lose the message (RFC 1047)."""
    YES = "yes"


class Phase(Enum):
    """Where in the dialogue something happened."""

    CONNECT = "connect"
    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    """`DATA` sent, `354` awaited."""
    CONTENT = "content"
    """The message is on its way; the final dot has not been written."""
    FINAL = "final"
    """The final dot (or ``BDAT … LAST``) may have been written; its reply is awaited."""
    RESET = "reset"
    COMMAND = "command"
    """`NOOP`, `VRFY` and whatever else stands outside a transaction."""
    QUIT = "quit"

    # Enum's own hash is a Python function, and a phase is looked up for every reply that is awaited.
    __hash__ = object.__hash__


class EnvoiError(Exception):
    """The root of every error that envoi raises on purpose."""

    retry: Retry = Retry.NEVER
    accepted: Accepted = Accepted.NO

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments defeat Exception's own pickling.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[EnvoiError], args: tuple[Any, ...], state: dict[str, Any]) -> EnvoiError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(EnvoiError):
    """The call cannot work as it stands; nothing was sent."""


class InvalidAddress(UsageError, ValueError):
    """An address that is not one, or that cannot be used here (RFC 5321 §4.1.2, RFC 6531)."""


class InvalidHeader(UsageError, ValueError):
    """A header, file name or credential with characters that could forge others (RFC 5322 §2.2)."""


class MessageTooLarge(UsageError):
    """The message is larger than the size the server announced (RFC 1870)."""


class NotSupportedByServer(UsageError):
    """The message, or an option of it, needs an extension that the server does not offer."""


class DeliveryError(EnvoiError):
    """A message was not delivered, or nobody can tell.

    Attributes:
        phase: where in the dialogue it happened.
        reply: the server's reply, when there was a whole one.
        recipients: the addresses concerned.
        retry: when the same message may be handed over again.
        accepted: whether the server took the message; `MAYBE` after a silent final dot.
        remedy: what the reader can do, in words; empty when nothing is known.
        verdicts: what the server had said before, to or of some recipients: address → reply. A positive one
            has the message: an LMTP server answers for each recipient, and may fall silent in between.
    """

    def __init__(
        self,
        message: str,
        *,
        phase: Phase,
        reply: Reply | None = None,
        recipients: Iterable[str] = (),
        retry: Retry | None = None,
        accepted: Accepted = Accepted.NO,
        remedy: str = "",
        verdicts: Mapping[str, Reply] | None = None,
    ) -> None:
        super().__init__(message)
        self.phase = phase
        self.reply = reply
        self.recipients = tuple(recipients)
        self.accepted = accepted
        self.remedy = remedy
        self.verdicts = dict(verdicts or {})
        self.retry = retry if retry is not None else _retry_after(reply)

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}. {self.remedy}" if self.remedy else message


def _retry_after(reply: Reply | None) -> Retry:
    # RFC 5321 §4.2.1: 5yz is permanent; 4yz, and whatever is not known, is for later.
    return Retry.NEVER if reply is not None and reply.code >= 500 else Retry.LATER


class ConnectionFailed(DeliveryError, ConnectionError):
    """No connection to the server came about."""


class Disconnected(DeliveryError, ConnectionError):
    """The connection went away in the middle of the dialogue, or the server said 421."""


class DeadlineExceeded(DeliveryError, TimeoutError):
    """A phase, or the whole, took longer than allowed; the connection is closed."""


class TLSFailed(DeliveryError):
    """TLS is not to be had, or the server could not prove that it is the one we meant."""


class ProtocolError(DeliveryError):
    """The dialogue broke; the connection is closed and cannot be used again."""


class LocalProtocolError(ProtocolError):
    """Our side tried something that SMTP does not allow at this point; nothing was written."""


class RemoteProtocolError(ProtocolError):
    """The server sent something that is not SMTP, or that nobody asked for."""


class AuthenticationFailed(DeliveryError):
    """The server refused the credentials, or offers no safe way to present them."""


class TokenUnavailable(AuthenticationFailed):
    """No OAuth 2.0 access token could be had; the server was not asked."""


class Rejected(DeliveryError):
    """The server said no. The connection lives, unless the reply was 421."""


class SenderRejected(Rejected):
    """`MAIL` was refused."""


class RecipientsRejected(Rejected):
    """Every recipient was refused, or one was and all of them were wanted.

    Attributes:
        refused: the reply for each refused recipient.
    """

    def __init__(self, message: str, *, refused: Mapping[str, Reply], **details: Any) -> None:
        super().__init__(message, recipients=tuple(refused), **details)
        self.refused = dict(refused)


class MessageRejected(Rejected):
    """`DATA`, or the message itself, was refused."""


class OutboxError(EnvoiError):
    """The durable queue cannot do what was asked."""

    retry = Retry.LATER


class SchemaMismatch(OutboxError):
    """The store was made by another version of envoi."""

    retry = Retry.NEVER


class LeaseLost(OutboxError):
    """Another worker took the message over."""


class IdempotencyConflict(OutboxError):
    """The key was used before, for another content. Nothing was written."""

    retry = Retry.NEVER


class AddressSuppressed(OutboxError):
    """Every recipient is on the list of addresses that are not written to any more. Nothing was written."""

    retry = Retry.NEVER


class StoreUnavailable(OutboxError):
    """The store does not answer, is full, or refuses to write."""


class ConfigError(EnvoiError):
    """A configuration file, an URL or an option is wrong or contradicts another."""
