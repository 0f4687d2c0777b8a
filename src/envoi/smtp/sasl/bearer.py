"""The mechanisms that present an OAuth 2.0 access token: OAUTHBEARER and XOAUTH2.

OAUTHBEARER is RFC 7628; XOAUTH2 is what Google published before it and Microsoft took over.
When the token is refused both servers first send JSON as a challenge, wait for an answer that
means nothing, and only then say so in a reply; the JSON ends up in `Exchange.failure`. How a
token is obtained or renewed is no matter of this layer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from envoi.errors import UsageError
from envoi.smtp.sasl.exchange import Exchange, Last, Script
from envoi.smtp.sasl.gs2 import UNABLE, Gs2

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.smtp.sasl.credentials import Channel, Credentials

__all__ = ["oauthbearer", "xoauth2"]

_LONGEST_VALUE = 500
_MOST_VALUES = 16


def oauthbearer(credentials: Credentials, channel: Channel) -> Exchange:
    """OAUTHBEARER (RFC 7628 §3.1); a refusal is answered with a single ``^A`` (§3.2.3)."""

    def message() -> str:
        header = Gs2(flag=UNABLE, authorization_id=_mailbox(credentials) or "")
        return (
            f"{header}\x01host={channel.host}\x01port={channel.port}\x01"
            f"auth=Bearer {credentials.bearer()}\x01\x01"
        )

    return _present(credentials, message, acknowledgement=b"\x01")


def xoauth2(credentials: Credentials, _channel: Channel) -> Exchange:
    """XOAUTH2; a refusal is answered with nothing, without which the server waits for ever."""

    def message() -> str:
        mailbox = _mailbox(credentials)
        if mailbox is None:
            raise UsageError("XOAUTH2 needs a user name beside the token: the address of the mailbox")
        return f"user={mailbox}\x01auth=Bearer {credentials.bearer()}\x01\x01"

    return _present(credentials, message, acknowledgement=b"")


def _mailbox(credentials: Credentials) -> str | None:
    """The token says who logs in; the user name says into which mailbox, a shared one perhaps."""
    mailbox = credentials.authorization_id or credentials.username
    if mailbox is not None and "\x01" in mailbox:
        raise UsageError("the user name contains a control character")
    return mailbox


def _present(credentials: Credentials, message: Callable[[], str], *, acknowledgement: bytes) -> Exchange:
    failure: dict[str, str] = {}

    def script() -> Script:
        challenge = yield Last(message().encode())
        failure.update(_read_failure(challenge, secret=credentials.bearer()))
        yield acknowledgement

    return Exchange(script(), failure)


def _read_failure(challenge: bytes, *, secret: str) -> dict[str, str]:
    """Return the flat values of the server's JSON, fit to be shown; empty when it is none."""
    try:
        document: object = json.loads(challenge)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    items = list(cast("dict[str, object]", document).items())[:_MOST_VALUES]
    flat = {name: value for name, value in items if isinstance(value, str | int)}
    return {_shown(name, secret): _shown(str(value), secret) for name, value in flat.items()}


def _shown(text: str, secret: str) -> str:
    # A server may well quote the token it did not like.
    text = text.replace(secret, "[token]")[:_LONGEST_VALUE]
    return "".join(char if char.isprintable() else "?" for char in text)
