"""Tokens as values: `Token`, and what can be said about one at an instant, `TokenStatus`.

A token is what an authorization server answered, with its lifetime turned into an instant. Nothing here
knows how it was obtained (`grants`), when it is renewed (`lifecycle`) or how it is kept (`record`). No
`repr` shows a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Token", "TokenState", "TokenStatus"]

_LONGEST_SECONDS = 10 * 365 * 86_400


class TokenState(Enum):
    """What can be done with a token."""

    VALID = "valid"
    EXPIRING = "expiring"
    """It has expired or is about to; the next use renews it."""
    NEEDS_CONSENT = "needs_consent"
    """Nothing can renew it: a person has to sign in (again)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatus:
    """How an account stands.

    Attributes:
        state: what can be done with its token.
        expires_at: when the access token ends; None when unknown.
        why: the reason that a person has to sign in, in words.
        since: when that was found out; None when nobody ever signed in.
    """

    state: TokenState
    expires_at: datetime | None = None
    why: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and what came with it.

    Attributes:
        access_token: what SMTP logs in with.
        obtained_at: when it was given out; aware, UTC.
        expires_at: when it ends; None when the server did not say.
        refresh_token: what a new one is had for.
        scope: what it allows, in the server's words; not always those that were asked for.
        token_type: ``Bearer``.
        id_token: who signed in, as a JSON Web Token that nobody has verified (OpenID Connect).
    """

    access_token: str = field(repr=False)
    obtained_at: datetime
    expires_at: datetime | None = None
    refresh_token: str | None = field(default=None, repr=False)
    scope: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a kind, not a token
    id_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], *, now: datetime, previous: Token | None = None) -> Token:
        """Read a token endpoint's JSON (RFC 6749 §5.1).

        Args:
            answer: the JSON object.
            now: the instant at which it came.
            previous: the token that was renewed; its refresh token lives on when no other came.

        Raises:
            ValueError: it is no usable answer; the text names no secret.
        """
        access_token = answer.get("access_token")
        if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
            raise ValueError("there is no access_token in it")
        token_type = str(answer.get("token_type", "Bearer"))
        if token_type.casefold() != "bearer":
            raise ValueError("its token_type is not Bearer")
        return cls(
            access_token=access_token,
            obtained_at=now,
            expires_at=_expiry(answer.get("expires_in"), now),
            refresh_token=_text(answer, "refresh_token") or (previous.refresh_token if previous else None),
            scope=_text(answer, "scope") or (previous.scope if previous else ""),
            id_token=_text(answer, "id_token") or (previous.id_token if previous else None),
        )

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is over; never, when the server named none."""
        return self.expires_at is not None and now >= self.expires_at

    def is_expiring(self, now: datetime, *, ahead_seconds: float) -> bool:
        """Whether its time is over in `ahead_seconds`, or in half its life if that is shorter."""
        if self.expires_at is None:
            return False
        life = (self.expires_at - self.obtained_at).total_seconds()
        return now >= self.expires_at - timedelta(seconds=min(ahead_seconds, life / 2))


def _expiry(expires_in: object, now: datetime) -> datetime | None:
    # Some servers send the number as a string, and some none at all.
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return None
    return now + timedelta(seconds=seconds) if 0 <= seconds <= _LONGEST_SECONDS else None


def _text(answer: Mapping[str, Any], key: str) -> str | None:
    value = answer.get(key)
    return value if isinstance(value, str) and value else None
