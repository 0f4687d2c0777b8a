"""The envelope: who sends to whom, and what the server is asked to do about it.

Envelope and header fields are two things (RFC 5321 §2.3.1): these addresses are the ones that SMTP uses,
without names, checked so that none of them can end a command. The options are those of RFC 3461 (DSN),
RFC 6710 (MT-PRIORITY), RFC 4865 (FUTURERELEASE), RFC 2852 (DELIVERBY) and RFC 8689 (REQUIRETLS); writing
them as ESMTP parameters is the business of `envoi.smtp`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from envoi.errors import InvalidAddress, UsageError
from envoi.message.address import Address
from envoi.message.characters import refuse_controls, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["PLAIN", "DeliveryOptions", "Envelope", "Notify", "Recipient"]

_NINE_DIGITS = 999_999_999
"""The largest number of seconds in HOLDFOR and BY (RFC 4865 §4.1, RFC 2852 §4)."""


class Notify(Enum):
    """When a delivery status notification is wanted (RFC 3461 §4.1)."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address of the envelope.

    Attributes:
        address: bare, without a name; an international domain becomes A-labels.
        notify: when to report on this recipient; None leaves it to the options of the whole.
        original: the address the message was first sent to, for reports (ORCPT).

    Raises:
        InvalidAddress: not a bare address.
        UsageError: `notify` is empty, or says NEVER and something else.
    """

    address: str
    _: KW_ONLY
    notify: frozenset[Notify] | None = None
    original: str | None = None

    def __post_init__(self) -> None:
        if (bare := _bare(self.address)) != self.address:
            object.__setattr__(self, "address", bare)
        _check_notify(self.notify)
        if self.original is not None:
            refuse_controls(self.original, "original recipient", error=InvalidAddress)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptions:
    """What the server is asked to do with the whole message; nothing by default.

    Attributes:
        ret: what a report quotes of the message (RFC 3461 §4.3).
        envid: an identifier of ours that reports repeat, 1 to 100 printable ASCII characters.
        notify: when to report, for recipients that do not say so themselves.
        require_tls: every further hop must use verified TLS (RFC 8689).
        priority: -9 (least urgent) to 9 (RFC 6710).
        hold_for: seconds the server holds the message back (RFC 4865).
        hold_until: the aware instant until which it does; not together with `hold_for`.
        deliver_by: seconds within which it must be delivered (RFC 2852).
        deliver_by_mode: what happens after that: the message comes back, or the sender is told.
        deliver_by_trace: whether relays report passing it on.
        all_or_nothing: one refused recipient cancels the message for all.

    Raises:
        UsageError: a value out of its range, or two that exclude each other.
    """

    ret: Literal["full", "headers"] | None = None
    envid: str | None = None
    notify: frozenset[Notify] | None = None
    require_tls: bool = False
    priority: int | None = None
    hold_for: int | None = None
    hold_until: datetime | None = None
    deliver_by: int | None = None
    deliver_by_mode: Literal["return", "notify"] = "return"
    deliver_by_trace: bool = False
    all_or_nothing: bool = False

    def __post_init__(self) -> None:
        _check_notify(self.notify)
        if self.ret not in (None, "full", "headers"):
            raise UsageError(f"ret is 'full' or 'headers', not {self.ret!r}")
        if self.envid is not None and not _is_envid(self.envid):
            raise UsageError(
                f"envid has 1 to 100 printable ASCII characters (RFC 3461 §4.4), not {shown(self.envid)}"
            )
        if self.priority is not None and not -9 <= self.priority <= 9:
            raise UsageError(f"priority is a number from -9 to 9 (RFC 6710), not {self.priority}")
        self._check_hold()
        self._check_deliver_by()

    def _check_hold(self) -> None:
        if self.hold_for is not None and self.hold_until is not None:
            raise UsageError("hold_for and hold_until exclude each other; give one of them")
        if self.hold_for is not None and not 1 <= self.hold_for <= _NINE_DIGITS:
            raise UsageError(f"hold_for is 1 to {_NINE_DIGITS} seconds (RFC 4865), not {self.hold_for}")
        if self.hold_until is not None and self.hold_until.utcoffset() is None:
            raise UsageError("hold_until needs a time zone: it names an instant")

    def _check_deliver_by(self) -> None:
        if self.deliver_by_mode not in ("return", "notify"):
            raise UsageError(f"deliver_by_mode is 'return' or 'notify', not {self.deliver_by_mode!r}")
        if self.deliver_by is None:
            return
        # RFC 2852 §4: with mode "R" the time must be in the future; with "N" it may have passed.
        least = 1 if self.deliver_by_mode == "return" else -_NINE_DIGITS
        if not least <= self.deliver_by <= _NINE_DIGITS:
            raise UsageError(f"deliver_by is {least} to {_NINE_DIGITS} seconds, not {self.deliver_by}")


@dataclass(frozen=True, slots=True, init=False)
class Envelope:
    """Sender, recipients and options of one transaction.

    Attributes:
        sender: bare address, or empty for the null sender of reports.
        recipients: at least one; duplicates are sent once.
        options: what the server is asked to do.

    Raises:
        InvalidAddress: an address is not one, or there is no recipient.
    """

    sender: str
    recipients: tuple[Recipient, ...]
    options: DeliveryOptions

    def __init__(
        self, *, sender: str, recipients: tuple[Recipient, ...], options: DeliveryOptions | None = None
    ) -> None:
        if not recipients:
            raise InvalidAddress("the envelope has no recipient; give at least one address")
        _write_sender(self, _bare(sender) if sender else sender)
        _write_recipients(self, recipients if len(recipients) == 1 else _distinct(recipients))
        _write_options(self, PLAIN if options is None else options)

    @classmethod
    def of(
        cls,
        sender: str,
        recipients: Iterable[str | Recipient],
        options: DeliveryOptions | None = None,
    ) -> Envelope:
        """An envelope from plain strings.

        Raises:
            InvalidAddress: as for the class; also when `recipients` is one string instead of several.
        """
        if isinstance(recipients, str):
            raise InvalidAddress(f"recipients is a list of addresses, not the text {shown(recipients)}")
        return cls(sender=sender, recipients=tuple(map(_recipient, recipients)), options=options)

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address cannot be said without SMTPUTF8 (RFC 6531): a local part beyond ASCII."""
        return not self.sender.isascii() or any(not one.address.isascii() for one in self.recipients)


# Past the guard of a frozen class, and faster than by name: there is an envelope for every mail.
_write_sender, _write_recipients, _write_options = (
    vars(Envelope)[name].__set__ for name in ("sender", "recipients", "options")
)


@lru_cache(maxsize=4096)
def _recipient(one: str | Recipient) -> Recipient:
    return one if isinstance(one, Recipient) else Recipient(one)


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    address = Address.parse(text)
    if address.name or text.endswith(">"):
        raise InvalidAddress(f"the envelope takes bare addresses: {address.spec} instead of {shown(text)}")
    return address.spec


def _distinct(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Each mailbox once, the first mention counting; only the domain is free of case (RFC 5321 §2.4)."""
    first: dict[tuple[str, str], Recipient] = {}
    for one in recipients:
        local, _, domain = one.address.rpartition("@")
        first.setdefault((local, domain.lower()), one)
    return tuple(first.values())


def _check_notify(notify: frozenset[Notify] | None) -> None:
    if notify is None:
        return
    if not notify:
        raise UsageError("notify is empty; leave it out, or say NEVER")
    if Notify.NEVER in notify and len(notify) > 1:
        raise UsageError("notify says NEVER and something else; RFC 3461 §4.1 allows NEVER only alone")


def _is_envid(text: str) -> bool:
    return 1 <= len(text) <= 100 and text.isascii() and text.isprintable()


PLAIN: DeliveryOptions = DeliveryOptions()
"""No wishes: the one value of it that everybody shares."""
