"""What a refusal means and what to do about it: `explain`.

Servers word the same trouble in a hundred ways, and some of them wrongly. The replies that are
known stand in `login_explanations` and `mail_explanations`, as data; here is only the search
through them, and the reading of the JSON with which OAuth logins fail. Whether to try again is
not decided here: see `envoi.errors.Retry`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.smtp.explanation import Explanation
from envoi.smtp.login_explanations import LOCKED_OUT, LOGIN
from envoi.smtp.mail_explanations import MAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["explain"]

_TOKEN_MECHANISMS = frozenset({"OAUTHBEARER", "XOAUTH2"})
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")


def explain(
    reply_code: int,
    enhanced: str | None,
    text: str,
    *,
    failure: Mapping[str, str] | None = None,
    mechanism: str | None = None,
) -> str:
    """Return what a reply means for the reader, in one to four sentences; nothing when unknown.

    Args:
        reply_code: the three digits.
        enhanced: the enhanced status code (RFC 3463). Without one, a code at the start of `text` counts.
        text: the rest of the reply; lines joined by a line feed.
        failure: what an OAuth login left behind (`sasl.Exchange.failure`).
        mechanism: the SASL mechanism in use, when the reply answers a login.
    """
    if enhanced is None and (leading := _ENHANCED.match(text)):
        enhanced = leading[1]
    bearer = None if mechanism is None else mechanism.upper() in _TOKEN_MECHANISMS
    # The JSON knows more than the reply after it, unless no token would have been good enough.
    token = (Explanation(_explain_token(failure)),) if failure else ()
    rows = (*LOCKED_OUT, *token, *LOGIN, *MAIL)
    folded = text.casefold()
    return next((row.remedy for row in rows if row.applies(reply_code, enhanced, folded, bearer=bearer)), "")


def _explain_token(failure: Mapping[str, str]) -> str:
    """Read the JSON of RFC 7628 §3.2.2; Google's and XOAUTH2's statuses are HTTP's numbers."""
    status = failure.get("status", "")
    if status in {"403", "insufficient_scope"}:
        cause = "The access token is valid but does not allow this"
    elif status in {"400", "401", "invalid_token"}:
        cause = "The access token has expired, was revoked, or was issued for another service or mailbox"
    else:
        cause = f"The server refused the access token (status {status or 'not given'})"
    scope = failure.get("scope")
    asked = f" The server wants the scope {scope}." if scope else ""
    issuer = failure.get("openid-configuration")
    where = f" Its authorization server is described at {issuer}." if issuer else ""
    remedy = "Obtain a fresh token with the right scope; if that is refused too, sign in again."
    return f"{cause}. {remedy}{asked}{where}"
