"""What the command says to the program that called it: exit codes, after sysexits.h of BSD.

A script needs to tell "try again" (75) from "never", and both from "nobody knows" (74): docs/decisions/0040
says why these numbers. `exit_of` is the only place that decides; the texts are shown by ``--help``.
"""

from __future__ import annotations

import socket
from enum import IntEnum
from typing import TYPE_CHECKING

from envoi.errors import (
    Accepted,
    AddressSuppressed,
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    DeliveryError,
    IdempotencyConflict,
    InvalidAddress,
    InvalidHeader,
    MessageTooLarge,
    NotSupportedByServer,
    OutboxError,
    ProtocolError,
    Retry,
    SchemaMismatch,
    StoreUnavailable,
    TLSFailed,
    UsageError,
)

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Exit", "exit_of"]


class Exit(IntEnum):
    """The exit codes, with what they mean."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a member that knows its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "everything went well; every recipient was accepted"
    IN_PART = (
        1,
        "sent, but some recipients were refused; outbox, bounce: done in part; check, lint: with warnings",
    )
    FAULTY = 2, "lint: a message would be refused, or arrive damaged"
    USAGE = 64, "the command line is wrong"
    DATA = 65, "an address, a header or the message is wrong, or too large"
    NO_INPUT = 66, "a file cannot be read, or the outbox has no such mail"
    NO_HOST = 68, "there is no host of that name"
    UNAVAILABLE = 69, "the server refused for good; sending the same again is no use"
    INTERNAL = 70, "a defect of envoi"
    UNKNOWN = 74, "the connection was lost after the message: the server MAY have accepted it"
    TRY_AGAIN = 75, "not this time; the same command may work later"
    PROTOCOL = 76, "no TLS, no trust in the certificate, or an answer that is not SMTP"
    NO_PERMISSION = 77, "the login was refused"
    CONFIGURATION = 78, "settings are missing or contradict each other"
    INTERRUPTED = 130, "interrupted by Ctrl-C"


def exit_of(error: Exception) -> Exit:
    """Return the code for an error."""
    if isinstance(error, DeliveryError):
        return _of_delivery(error)
    if isinstance(error, StoreUnavailable) and error.retry is Retry.NEVER:
        return Exit.NO_INPUT
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return Exit.INTERNAL


def _of_delivery(error: DeliveryError) -> Exit:
    if error.accepted is Accepted.MAYBE:
        return Exit.UNKNOWN
    if isinstance(error, ConnectionFailed) and _name_unknown(error):
        return Exit.NO_HOST
    if error.retry is not Retry.NEVER:
        return Exit.TRY_AGAIN
    if isinstance(error, AuthenticationFailed):
        return Exit.NO_PERMISSION
    return Exit.PROTOCOL if isinstance(error, (ProtocolError, TLSFailed)) else Exit.UNAVAILABLE


def _name_unknown(error: ConnectionFailed) -> bool:
    cause = error.__cause__
    # EAI_AGAIN, on the other hand, means that no name server answered.
    return isinstance(cause, socket.gaierror) and cause.errno in (socket.EAI_NONAME, socket.EAI_NODATA)


_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (InvalidAddress, Exit.DATA),
    (InvalidHeader, Exit.DATA),
    (MessageTooLarge, Exit.DATA),
    (NotSupportedByServer, Exit.UNAVAILABLE),
    (UsageError, Exit.USAGE),
    (ConfigError, Exit.CONFIGURATION),
    (IdempotencyConflict, Exit.DATA),
    (AddressSuppressed, Exit.UNAVAILABLE),
    (SchemaMismatch, Exit.CONFIGURATION),
    (StoreUnavailable, Exit.TRY_AGAIN),
    (OutboxError, Exit.NO_INPUT),
    (OSError, Exit.NO_INPUT),
)
