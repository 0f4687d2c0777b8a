"""Bearer tokens for XOAUTH2 and OAUTHBEARER: JSON Web Tokens (RFC 7519) signed by a key of our own.

A stand-in for a provider where only the token matters. Dovecot checks signature, issuer, scope and
expiry by itself (`dovecot-oauth2.conf`) and takes `typ: JWT` only, not the `at+jwt` of RFC 9068.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ISSUER", "SCOPE", "TokenMint"]

ISSUER = "https://login.mail.test"
SCOPE = "mail"


class TokenMint:
    """Signs tokens that the servers believe, and such that they do not."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    @property
    def key(self) -> str:
        """What the servers check signatures with (HS256), base64."""
        return base64.b64encode(self._key).decode("ascii")

    def mint(
        self, email: str, *, lifetime_seconds: int = 3600, scope: str = SCOPE, issuer: str = ISSUER
    ) -> str:
        """Return a token for `email`; with a negative lifetime, one that has expired already."""
        return _signed(_claims(email, lifetime_seconds, scope, issuer), self._key)

    def mint_foreign(self, email: str) -> str:
        """Return a token that is right in everything but the key that signed it."""
        return _signed(_claims(email, 3600, SCOPE, ISSUER), secrets.token_bytes(32))

    def write_key(self, folder: Path) -> None:
        """Put the key where Dovecot looks for it, base64 as it wants it."""
        place = folder / "default" / "HS256"
        place.mkdir(parents=True)
        (place / "default").write_text(self.key, encoding="ascii")


def _claims(email: str, lifetime_seconds: int, scope: str, issuer: str) -> dict[str, object]:
    expires_at = int(time.time()) + lifetime_seconds
    # Not valid before its expiry would be another fault than the one that a test asks for.
    issued_at = min(int(time.time()), expires_at) - 60
    return {
        "iss": issuer,
        "sub": email,
        "email": email,
        "scope": scope,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": expires_at,
    }


def _signed(claims: dict[str, object], key: bytes) -> str:
    header = {"typ": "JWT", "alg": "HS256"}
    text = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(key, text.encode("ascii"), hashlib.sha256).digest()
    return f"{text}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
