"""A refusal of an authorization server, read and explained: `Refusal`.

Made from what the token endpoint or the browser brought. What servers write into a description is shown,
one line of it, after every secret that we had sent is taken out: some repeat the code or the token. The
meanings are data, in `explanations`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from envoi.errors import Phase, Retry, TokenUnavailable
from envoi.oauth.explanations import EXPLANATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from envoi.oauth.ports import HTTPAnswer

__all__ = ["Refusal", "json_object", "read_refusal", "refusal_of"]

_BUSY = frozenset({429, 500, 502, 503, 504})
_BUSY_ERRORS = frozenset({"temporarily_unavailable", "server_error"})
_LONGEST_DESCRIPTION = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no token.

    Attributes:
        error: the code of RFC 6749 §5.2, or the HTTP status in words.
        description: the server's, one line without secrets.
        remedy: what it means and what to do.
        consent: a person has to sign in again.
        busy: the server could not answer just now; later it may.
        pause_seconds: how long it asked us to wait; None when it did not say.
    """

    error: str
    description: str = ""
    remedy: str = ""
    consent: bool = False
    busy: bool = False
    pause_seconds: float | None = None

    @property
    def why(self) -> str:
        """What it means in one sentence."""
        return self.remedy.partition(". ")[0].rstrip(".") or self.error

    def exception(self, server: str) -> TokenUnavailable:
        """Return the error that says so; `server` is who refused."""
        told = f"{self.error}: {self.description}" if self.description else self.error
        return TokenUnavailable(
            f"{server} gave no token: {told.rstrip('.')}",
            phase=Phase.AUTH,
            retry=Retry.LATER if self.busy else Retry.NEVER,
            remedy=self.remedy,
        )


def json_object(answer: HTTPAnswer) -> Mapping[str, Any]:
    """Return the JSON object of an answer; an empty one when there is none."""
    try:
        content: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return cast("dict[str, Any]", content)


def read_refusal(answer: HTTPAnswer, *, secrets: Iterable[str], now: datetime) -> Refusal:
    """Read what a token endpoint said instead of giving a token."""
    content = json_object(answer)
    error = content.get("error")
    if answer.status in _BUSY or error in _BUSY_ERRORS:
        return _busy(answer, now)
    if not isinstance(error, str):
        return Refusal(
            error=f"HTTP status {answer.status} without an OAuth 2.0 answer",
            remedy="Is token_url the address of a token endpoint?",
        )
    return refusal_of(content, secrets=secrets)


def refusal_of(content: Mapping[str, Any], *, secrets: Iterable[str] = ()) -> Refusal:
    """Explain the `error` and `error_description` of an answer."""
    secrets = tuple(secrets)
    error = _shown(str(content.get("error", "unknown error")), secrets)
    description = _shown(str(content.get("error_description", "")), secrets)
    row = next((row for row in EXPLANATIONS if row.applies(error, description.casefold())), None)
    if row is None:
        return Refusal(error=error, description=description)
    return Refusal(error=error, description=description, remedy=row.remedy, consent=row.consent)


def _busy(answer: HTTPAnswer, now: datetime) -> Refusal:
    pause = _retry_after(answer.headers.get("retry-after", ""), now)
    when = "in a while" if pause is None else f"in {pause:.0f} s"
    return Refusal(
        error=f"it is busy (HTTP status {answer.status})",
        remedy=f"The provider could not answer just now. Try again {when}.",
        busy=True,
        pause_seconds=pause,
    )


def _retry_after(value: str, now: datetime) -> float | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds or an instant."""
    if value.isascii() and value.isdigit():
        return float(value[:6])
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _shown(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "<redacted>")
    line = (text.strip().splitlines() or [""])[0]
    return "".join(char if char.isprintable() else "?" for char in line)[:_LONGEST_DESCRIPTION]
