"""The servers of a pool: how one is named, how each has been doing, and whose turn it is.

`PoolServer` is the caller's value, `Standing` what a pool has seen of a server, `whose_turn` a weighted
round-robin. Pure: instants are handed in. Who gets which connection is decided in `pool`.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.errors import ConfigError, ConnectionFailed, Phase, Retry
from envoi.session.server_url import ServerURL
from envoi.session.settings import choose_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.errors import DeliveryError
    from envoi.session.settings import SessionOptions

__all__ = [
    "FIRST_REST_SECONDS",
    "LONGEST_REST_SECONDS",
    "PoolServer",
    "Standing",
    "none_available",
    "whose_turn",
]

FIRST_REST_SECONDS = 1.0
"""How long a server is left alone after a failure; twice as long after each further one."""

LONGEST_REST_SECONDS = 30.0


def _no_options() -> SessionOptions:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolServer:
    """One of the servers of a pool.

    Attributes:
        url: where it is, as for `SMTPSession.from_url`.
        account: the account of the configuration file, as for `SMTPSession.from_account`; one of the two.
        priority: servers of a higher number serve only while none of a lower one can (RFC 2782).
        weight: the share of the mails among the servers of one priority.
        options: what this server is told beside the options of the pool, before which they go.

    Raises:
        ConfigError: neither or both of `url` and `account`, an URL that is none, or a weight below 1.
    """

    url: str | None = field(default=None, repr=False)
    account: str | None = None
    priority: int = 0
    weight: int = 1
    options: SessionOptions = field(default_factory=_no_options, repr=False)

    def __post_init__(self) -> None:
        if (self.url is None) == (self.account is None):
            raise ConfigError("a server of a pool has an url= or an account=, one of the two")
        if type(self.weight) is not int or self.weight < 1:
            raise ConfigError(f"weight={self.weight!r} is not a share: it is a whole number from 1")
        if self.url is not None:
            ServerURL.parse(self.url)

    def __str__(self) -> str:
        if self.url is None:
            return str(self.account)
        parsed = ServerURL.parse(self.url)
        return f"{parsed.host}:{choose_port(parsed.port, parsed.security, parsed.protocol)}"


class Standing:
    """How a server has been doing.

    A server that nobody has reached yet, or that failed last time, is tried by one connection at a time: a
    wrong password is refused once and not once per thread, which locks accounts. One that failed rests first.

    Attributes:
        name: of the server, for messages.
        number: which of the pool's servers it is.
        priority: the lowest goes first.
        weight: its share.
        credit: what it is owed in the rotation.
        proved: whether the last connection that was tried came about.
        opening: how many connections are being opened.
        failures: how many rests in a row.
        rests_until: when it may be tried again.
        error: what went wrong last, None when nothing did.
        messages: how many mails were offered to it.
    """

    __slots__ = (
        "credit",
        "error",
        "failures",
        "messages",
        "name",
        "number",
        "opening",
        "priority",
        "proved",
        "rests_until",
        "weight",
    )

    def __init__(self, name: str, number: int, *, priority: int = 0, weight: int = 1) -> None:
        self.name = name
        self.number = number
        self.priority = priority
        self.weight = weight
        self.credit = 0
        self.proved = False
        self.opening = 0
        self.failures = 0
        self.rests_until = float("-inf")
        self.error: DeliveryError | None = None
        self.messages = 0

    def may_open(self, now: float) -> bool:
        """Whether another connection may be tried."""
        return self.proved or (not self.opening and now >= self.rests_until)

    def begin(self) -> None:
        """A connection is being opened."""
        self.opening += 1

    def work(self) -> None:
        """It came about."""
        self.opening -= 1
        self.proved = True
        self.failures = 0
        self.error = None

    def give_up(self) -> None:
        """Somebody stopped trying, which says nothing about the server."""
        self.opening -= 1

    def fail(self, now: float, error: DeliveryError) -> None:
        """It did not, or one broke before a mail had begun."""
        self.proved = False
        self.error = error
        # Connections that fail together are one failure.
        if now >= self.rests_until:
            rest = FIRST_REST_SECONDS * 2.0 ** min(self.failures, 8)
            self.failures += 1
            self.rests_until = now + min(rest, LONGEST_REST_SECONDS)


def whose_turn(standings: Sequence[Standing]) -> Standing:
    """Choose among servers that could all serve: by weight, and evenly mixed rather than in blocks."""
    for each in standings:
        each.credit += each.weight
    chosen = max(standings, key=lambda each: each.credit)
    chosen.credit -= sum(each.weight for each in standings)
    return chosen


def none_available(standings: Sequence[Standing], now: float, failure: DeliveryError | None) -> DeliveryError:
    """The error for a mail that no server can be asked to take at the moment.

    Args:
        standings: all servers.
        now: the time.
        failure: what this mail has seen itself; with a single server that says it all.
    """
    errors = [each.error for each in standings if each.error is not None]
    if failure is not None and len(standings) == 1:
        return failure
    rest = max(0.0, min(each.rests_until for each in standings) - now)
    if len(errors) == 1:
        error = copy(errors[0])
    else:
        reasons = "; ".join(f"{each.name}: {each.error}" for each in standings)
        error = ConnectionFailed(
            f"none of the {len(standings)} servers of the pool takes mail at the moment: {reasons}",
            phase=Phase.CONNECT,
            retry=Retry.NEVER if all(each.retry is Retry.NEVER for each in errors) else Retry.LATER,
        )
    error.add_note(f"the pool tries a server again in {rest:.1f} seconds")
    return error
