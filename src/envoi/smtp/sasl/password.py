"""The mechanisms that present a password simply: PLAIN, LOGIN and CRAM-MD5.

PLAIN (RFC 4616) and LOGIN (never standardised, spoken everywhere) hand the password over and
need TLS; CRAM-MD5 (RFC 2195) hides it badly. The one that hides it well is in `scram`.
Which of them is used, and when, is decided in `choose`.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import TYPE_CHECKING

from envoi.smtp.sasl.exchange import Exchange, Last, Script, broken

if TYPE_CHECKING:
    from envoi.smtp.sasl.credentials import Channel, Credentials

__all__ = ["cram_md5", "keyed_md5", "login", "plain"]


def plain(credentials: Credentials, _channel: Channel) -> Exchange:
    """PLAIN: everything in one response, in UTF-8 (RFC 4616 §2)."""
    return Exchange(_plain(credentials))


def login(credentials: Credentials, _channel: Channel) -> Exchange:
    """LOGIN: the server asks for the name, then for the password.

    What it asks in words is not looked at: servers say ``Username:``, ``User Name`` and worse.
    """
    return Exchange(_login(credentials))


def cram_md5(credentials: Credentials, _channel: Channel) -> Exchange:
    """CRAM-MD5: a keyed digest of the server's challenge (RFC 2195 §2)."""
    return Exchange(_cram_md5(credentials))


def _plain(credentials: Credentials) -> Script:
    yield Last("\0".join((credentials.authorization_id, *credentials.login())).encode())


def _login(credentials: Credentials) -> Script:
    username, password = credentials.login()
    yield None
    yield username.encode()
    yield Last(password.encode())


def _cram_md5(credentials: Credentials) -> Script:
    username, password = credentials.login()
    challenge = yield None
    if not challenge:
        # The answer to it would be good for ever, at every server that does the same.
        raise broken("the server's CRAM-MD5 challenge is empty")
    yield Last(f"{username} {keyed_md5(password, challenge)}".encode())


def keyed_md5(password: str, challenge: bytes) -> str:
    """Return HMAC-MD5 of `challenge` in hexadecimal, also on machines restricted to FIPS."""
    digest = partial(hashlib.md5, usedforsecurity=False)
    return hmac.new(password.encode(), challenge, digest).hexdigest()
