"""Which mechanism to log in with: the strongest that server, credentials and channel allow.

One is chosen and tried; there is no second attempt with a weaker one, for accounts get locked
and passwords leak that way. When none fits the error tells what stood in the way of each, for
that is all the reader has to go by. Pure: nothing is sent from here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envoi.errors import AuthenticationFailed, Phase, Retry, UsageError
from envoi.smtp.sasl.credentials import Channel, Credentials, Proof
from envoi.smtp.sasl.mechanisms import MECHANISMS, Mechanism
from envoi.smtp.sasl.saslprep import saslprep

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from envoi.smtp.sasl.exchange import Exchange

__all__ = ["choose"]

_KNOWN = {mechanism.name: mechanism for mechanism in MECHANISMS}
# RFC 4422 §3.1. Whatever else a server lists is not repeated in an error.
_NAME = re.compile(r"[A-Z0-9_-]{1,20}")
_MOST_NAMES = 20


def choose(
    offered: Collection[str],
    credentials: Credentials,
    channel: Channel,
    *,
    allow_plaintext: bool = False,
    only: Collection[str] | None = None,
) -> Mechanism:
    """Return the mechanism to log in with.

    Args:
        offered: the names behind the server's ``AUTH`` keyword, in any case.
        credentials: what we have.
        channel: over what it would travel.
        allow_plaintext: log in although the channel is not encrypted. Without it no mechanism
            is chosen there, not even one that hides the password: whoever can change the
            dialogue can also read or change the mail.
        only: the names of the mechanisms that may be used; all of them by default.

    Raises:
        UsageError: `only` names a mechanism that envoi does not know.
        AuthenticationFailed: none fits; the text says why, and what to do.
    """
    allowed = _restriction(only)
    names = {name.upper() for name in offered}
    if not (channel.secure or allow_plaintext):
        raise _nothing_in_clear()
    fitting = [m for m in MECHANISMS if m.name in names and not _obstacle(m, credentials, channel)]
    for mechanism in fitting:
        if mechanism.name in allowed:
            return _unbound(mechanism) if _binding_offered(names) and not mechanism.binds else mechanism
    shown = sorted(filter(_NAME.fullmatch, names))[:_MOST_NAMES]
    if not shown:
        raise _nothing_offered()
    raise _nothing_fits(shown, credentials, channel, excluded=[m.name for m in fitting])


def _restriction(only: Collection[str] | None) -> Collection[str]:
    if only is None:
        return _KNOWN.keys()
    allowed = {name.upper() for name in only}
    if unknown := sorted(allowed - _KNOWN.keys()):
        raise UsageError(f"envoi knows no mechanism named {', '.join(unknown)}; it knows {', '.join(_KNOWN)}")
    return allowed


def _binding_offered(names: Collection[str]) -> bool:
    return any(mechanism.binds and mechanism.name in names for mechanism in MECHANISMS)


def _unbound(mechanism: Mechanism) -> Mechanism:
    """Return `mechanism` for a channel it does not bind to, though it could.

    SCRAM would say "you offered no -PLUS", which is untrue here and ends the login (RFC 5802 §6).
    """

    def start(credentials: Credentials, channel: Channel) -> Exchange:
        return mechanism.start(credentials, replace(channel, server_end_point=None))

    return replace(mechanism, start=start)


def _obstacle(mechanism: Mechanism, credentials: Credentials, channel: Channel) -> str:
    """Say why `mechanism` cannot be used; nothing when it can."""
    if mechanism.proof is not credentials.proof:
        return f"needs {mechanism.proof.value}"
    if mechanism.binds and channel.server_end_point is None:
        return "needs the server's certificate to bind to"
    if mechanism.names_mailbox and not (credentials.username or credentials.authorization_id):
        return "needs a user name beside the token"
    if credentials.authorization_id and not mechanism.delegates:
        return "cannot act for another identity"
    if mechanism.prepares:
        try:
            _ = [saslprep(text) for text in credentials.login()]
        except UsageError as prohibited:
            return f"cannot be used: {prohibited}"
    return ""


def _nothing_in_clear() -> AuthenticationFailed:
    return _failed(
        "not logged in: the connection is not encrypted, and no credential leaves over it",
        'Use security="starttls" (port 587) or security="tls" (port 465). Where the network itself is '
        "trusted, allow_plaintext_auth=True lifts this.",
    )


def _nothing_offered() -> AuthenticationFailed:
    return _failed(
        "the server offers no way to log in",
        "Submission with a login is usually on port 587 or 465, often after TLS only. A server that goes "
        "by the sender's network address wants none: leave the credentials out.",
    )


def _nothing_fits(
    offered: Sequence[str], credentials: Credentials, channel: Channel, *, excluded: Sequence[str]
) -> AuthenticationFailed:
    obstacles = [
        f"{name} {_obstacle(_KNOWN[name], credentials, channel) or 'is excluded by the caller'}"
        if name in _KNOWN
        else f"{name} is not spoken by envoi"
        for name in offered
    ]
    if excluded:
        remedy = f"Allow {' or '.join(excluded)}, which would work."
    else:
        remedy = _remedy({_KNOWN[name].proof for name in offered if name in _KNOWN}, credentials.proof)
    return _failed(
        f"no common way to log in: the server offers {', '.join(offered)} and there is "
        f"{credentials.proof.value}; {'; '.join(obstacles)}",
        remedy,
    )


def _remedy(wanted: Collection[Proof], held: Proof) -> str:
    if held in wanted:
        return "Change what the reasons above name, or ask the server's operator for another mechanism."
    if Proof.PASSWORD in wanted:
        return "Give a user name and a password; where two-step verification is on, an app password."
    if Proof.TOKEN in wanted:
        return "The server wants OAuth 2.0 here: pass a token source as auth=…, not a password."
    return "Ask the server's operator to enable PLAIN, SCRAM-SHA-256 or OAUTHBEARER under TLS."


def _failed(message: str, remedy: str) -> AuthenticationFailed:
    return AuthenticationFailed(message, phase=Phase.AUTH, retry=Retry.NEVER, remedy=remedy)
