"""What follows from an attempt: for each recipient, and for the account. Pure.

A recipient has its own tries: 4yz defers it, 5yz ends it. What the message is not to blame for (no
connection, TLS, the login, 421, a rate) is not one of them: it pauses the account, and the message waits with
it (`account_changes`). Silence behind the final dot does what the account's `on_unknown` says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from envoi.errors import (
    Accepted,
    ConfigError,
    DeliveryError,
    EnvoiError,
    OutboxError,
    Phase,
    RecipientsRejected,
    Rejected,
    Retry,
)
from envoi.outbox.account_rules import OnUnknown
from envoi.outbox.model import RecipientResult, Settlement, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envoi.outbox.courier import Attempt
    from envoi.outbox.model import Claim
    from envoi.smtp.replies import Reply

__all__ = ["EXPIRY", "Backoff", "Decision", "Effect", "cancelled", "expired", "judge", "settlement"]

#: How long a message is tried unless it says otherwise.
EXPIRY = timedelta(days=5)


class Effect(Enum):
    """What an attempt means for its account."""

    NONE = "none"
    REACHED = "reached"  # the server takes mail
    SLOWED = "slowed"  # it was too much for the server
    UNREACHABLE = "unreachable"  # no mail of this account can leave now


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long a deferred recipient waits: ``jitter × min(cap, base × 2ⁿ)`` after n tries, and a least time.

    Attributes:
        base: seconds after the first try, at most.
        cap: seconds that no wait exceeds.
        least: seconds that every wait has.
    """

    base: float = 60.0
    cap: float = 4 * 3600.0
    least: float = 5.0

    def after(self, tries: int, jitter: float) -> timedelta:
        """How long to wait.

        Args:
            tries: those before the one that was deferred now.
            jitter: a random number from 0 to 1.
        """
        span = min(self.cap, self.base * 2.0 ** min(tries, 32))
        return timedelta(seconds=max(self.least, span * jitter))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from an attempt.

    Attributes:
        results: one per offered recipient; an open one without `due_at` is due when its account is.
        effect: what it means for the account.
    """

    results: tuple[RecipientResult, ...]
    effect: Effect = Effect.NONE


def judge(
    claim: Claim, attempt: Attempt, on_unknown: OnUnknown, backoff: Backoff, now: datetime, jitter: float
) -> Decision:
    """Decide about a message that was tried.

    Args:
        claim: under which it was.
        attempt: what happened.
        on_unknown: what the account does about silence behind the final dot.
        backoff: how long the deferred wait.
        now: the instant, of the engine's clock.
        jitter: a random number from 0 to 1; recipients with as many tries come due together.
    """
    verdict = _Judge(claim, attempt, on_unknown, backoff, now, jitter).decide()
    return replace(verdict, results=tuple(_within(one, claim, now) for one in verdict.results))


def expired(claim: Claim, last: Iterable[RecipientResult]) -> Decision:
    """Give up a message whose time was over before it could be tried; `last` is what is known so far."""
    known = {one.address: one for one in last}
    return Decision(
        results=tuple(
            _given_up(known.get(address) or RecipientResult(address=address, state=State.FAILED), claim)
            for address in claim.recipients
        )
    )


def cancelled(claim: Claim) -> Decision:
    """Do what the sender asked for in time."""
    text = "cancelled by the sender before it was sent"
    return Decision(
        results=tuple(
            RecipientResult(address=address, state=State.CANCELLED, text=text, counted=False)
            for address in claim.recipients
        )
    )


def settlement(claim: Claim, decision: Decision, due_at: datetime, failover: str = "") -> Settlement:
    """Put a decision into the form in which it is written down.

    Args:
        claim: what was decided about.
        decision: the decision.
        due_at: when the account may send again.
        failover: the account to go on with; empty to stay.
    """
    return Settlement(
        id=claim.id,
        attempt=claim.attempt,
        results=tuple(
            replace(one, due_at=min(due_at, claim.expires_at))
            if one.state.open and one.due_at is None
            else one
            for one in decision.results
        ),
        account=failover,
    )


class _Judge:
    """One attempt, and what it is held against."""

    __slots__ = ("_attempt", "_backoff", "_claim", "_jitter", "_now", "_on_unknown")

    def __init__(
        self,
        claim: Claim,
        attempt: Attempt,
        on_unknown: OnUnknown,
        backoff: Backoff,
        now: datetime,
        jitter: float,
    ) -> None:
        self._claim = claim
        self._attempt = attempt
        self._on_unknown = on_unknown
        self._backoff = backoff
        self._now = now
        self._jitter = jitter

    def decide(self) -> Decision:
        """Return what follows, expiry aside."""
        error = self._attempt.error
        if error is None:
            return self._taken()
        if isinstance(error, DeliveryError):
            return self._not_delivered(error)
        if isinstance(error, ConfigError):
            return self._wait_with_account(str(error), Effect.UNREACHABLE)
        if isinstance(error, OutboxError):
            return self._soon(str(error))
        if isinstance(error, EnvoiError) and error.retry is Retry.NEVER:
            return self._all(State.FAILED, text=str(error))
        return self._all(State.DEFERRED, text=str(error) or repr(error))

    def _taken(self) -> Decision:
        attempt = self._attempt
        delivered = [
            RecipientResult(address=address, state=State.DELIVERED, reply=attempt.reply)
            for address in attempt.accepted
        ]
        refused = [self._refused(address, reply) for address, reply in attempt.refused.items()]
        return self._decision([*delivered, *refused], Effect.REACHED)

    def _not_delivered(self, error: DeliveryError) -> Decision:
        if error.accepted is Accepted.MAYBE:
            return self._unknown(error)
        reply = error.reply
        if reply is not None and _is_too_much(reply):
            return self._wait_with_account("", Effect.SLOWED, reply)
        if isinstance(error, RecipientsRejected):
            return self._nobody_taken(error)
        if error.phase in _OF_THE_ACCOUNT or (reply is not None and reply.code in _LOGIN_WANTED):
            return self._wait_with_account(str(error), Effect.UNREACHABLE, reply)
        if isinstance(error, Rejected) and reply is not None:
            return self._message_refused(error, reply)
        if error.phase is Phase.MAIL:
            return self._wait_with_account(str(error), Effect.UNREACHABLE, reply)
        return self._all(State.DEFERRED, reply=reply, text=str(error))

    def _unknown(self, error: DeliveryError) -> Decision:
        state = State.UNKNOWN if self._on_unknown is OnUnknown.HOLD else State.DEFERRED
        concerned = set(error.recipients)
        return self._decision(
            [
                self._result(address, state, text=str(error))
                if address in concerned
                else self._said_before(address, error)
                for address in self._offered
            ],
            Effect.NONE,
        )

    def _nobody_taken(self, error: RecipientsRejected) -> Decision:
        # With all_or_nothing the others share the fate of the refused.
        hopeless = all(reply.permanent for reply in error.refused.values())
        fate = State.FAILED if hopeless else State.DEFERRED
        return self._decision(
            [
                self._refused(address, error.refused[address])
                if address in error.refused
                else self._result(address, fate, text=str(error))
                for address in self._offered
            ],
            Effect.REACHED,
        )

    def _message_refused(self, error: Rejected, reply: Reply) -> Decision:
        concerned = set(error.recipients or self._offered)
        effect = Effect.SLOWED if _is_policy(reply) else Effect.REACHED
        return self._decision(
            [
                self._refused(address, reply) if address in concerned else self._said_before(address, error)
                for address in self._offered
            ],
            effect,
        )

    def _wait_with_account(self, text: str, effect: Effect, reply: Reply | None = None) -> Decision:
        return self._decision(
            [
                RecipientResult(address=address, state=State.DEFERRED, reply=reply, text=text, counted=False)
                for address in self._offered
            ],
            effect,
        )

    def _soon(self, text: str) -> Decision:
        due_at = self._now + timedelta(seconds=self._backoff.least)
        return self._decision(
            [
                RecipientResult(
                    address=address, state=State.DEFERRED, text=text, due_at=due_at, counted=False
                )
                for address in self._offered
            ],
            Effect.NONE,
        )

    def _all(self, state: State, *, reply: Reply | None = None, text: str = "") -> Decision:
        return self._decision(
            [self._result(address, state, reply=reply, text=text) for address in self._offered], Effect.NONE
        )

    @property
    def _offered(self) -> list[str]:
        untried = set(self._attempt.untried)
        return [address for address in self._claim.recipients if address not in untried]

    def _decision(self, results: Iterable[RecipientResult], effect: Effect) -> Decision:
        untried = (
            RecipientResult(address=address, state=State.PENDING, due_at=self._now, counted=False)
            for address in self._attempt.untried
        )
        return Decision(results=(*results, *untried), effect=effect)

    def _said_before(self, address: str, error: DeliveryError) -> RecipientResult:
        """What becomes of somebody whom an error does not name: the server had answered for him before."""
        reply = error.verdicts.get(address)
        if reply is None:
            return self._result(address, State.DEFERRED, text=_REFUSED_BEFORE)
        if reply.positive:
            return RecipientResult(address=address, state=State.DELIVERED, reply=reply)
        return self._refused(address, reply)

    def _refused(self, address: str, reply: Reply) -> RecipientResult:
        return self._result(address, State.FAILED if reply.permanent else State.DEFERRED, reply=reply)

    def _result(
        self, address: str, state: State, *, reply: Reply | None = None, text: str = ""
    ) -> RecipientResult:
        wait = self._backoff.after(self._claim.recipients[address], self._jitter)
        return RecipientResult(
            address=address,
            state=state,
            reply=reply,
            text=text,
            due_at=self._now + wait if state.open else None,
        )


_REFUSED_BEFORE = "refused before the message was sent to the others"
#: Nothing of the message had been said.
_OF_THE_ACCOUNT = frozenset({Phase.CONNECT, Phase.GREETING, Phase.HELLO, Phase.TLS, Phase.AUTH, Phase.RESET})
#: What a server answers to MAIL when it does not know us (RFC 4954 §6).
_LOGIN_WANTED = frozenset({454, 530, 534, 535, 538})
#: Enhanced codes that mean a rate whatever the text: Google's, for one.
_RATES = frozenset({"4.7.28", "5.4.5", "4.7.650"})
#: What is full or flooded is one recipient's mailbox, in whatever words (RFC 3463 §3.3).
_OF_A_MAILBOX = frozenset({"4.2.1", "4.2.2", "5.2.1", "5.2.2"})
_TOO_MUCH = re.compile(
    r"rate[ -]?limit|throttl|too many (?:messages|connections|mails|emails|requests|concurrent)|slow down|"
    r"(?:sending|message|submission|hourly|daily|outbound|user)(?: rate)? (?:limit|quota)|sending too fast",
    re.IGNORECASE,
)
_GREYLISTED = re.compile(r"gr[ae]y[ -]?list", re.IGNORECASE)


def _is_too_much(reply: Reply) -> bool:
    if reply.code == 421 or reply.enhanced in _RATES:
        return True
    return reply.enhanced not in _OF_A_MAILBOX and _TOO_MUCH.search(reply.text) is not None


def _is_policy(reply: Reply) -> bool:
    """Whether a server that defers this message would rather have us slow down (RFC 3463 §3.8)."""
    policy = reply.enhanced is not None and reply.enhanced.startswith("4.7.")
    return policy and _GREYLISTED.search(reply.text) is None


def _within(result: RecipientResult, claim: Claim, now: datetime) -> RecipientResult:
    """The result with the message's end in mind: nobody is tried after it, and once more at it."""
    if not result.state.open:
        return result
    if now >= claim.expires_at:
        return _given_up(result, claim)
    return result if result.due_at is None else replace(result, due_at=min(result.due_at, claim.expires_at))


def _given_up(result: RecipientResult, claim: Claim) -> RecipientResult:
    since = f"{claim.created_at:%Y-%m-%d %H:%M} UTC"
    text = f"given up: it was not delivered in the time allowed since {since}"
    return replace(
        result, state=State.FAILED, due_at=None, text=f"{text}. {result.text}" if result.text else text
    )
