"""Encryption of what a store keeps: `Seal` (AES-256-GCM; scrypt, RFC 7914, where there is a passphrase).

Bytes in and bytes out, bound to the account they belong to, so that one account's record cannot be put
in another's place. Needs `cryptography`, which the extra `oauth` brings. Where key and bytes live is
the stores' business.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.oauth.record import damaged, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Seal"]

_KEY_BYTES = 32
_SALT_BYTES = 16
_NONCE_BYTES = 12
# 32 MiB and a tenth of a second: OWASP's least for scrypt is 2**17 with r=8, or these with p=3.
_COST, _BLOCK, _PARALLEL = 2**15, 8, 3
_MEMORY = 64 * 1024 * 1024


class Seal:
    """Encrypts and decrypts records.

    Args:
        key: 32 random bytes, such as the operating system's keyring keeps.
        passphrase: instead of the key, what a person knows.
        draw: gives so many random bytes.

    Raises:
        ConfigError: neither, both, or a key of another length.
    """

    __slots__ = ("_draw", "_key", "_keys", "_passphrase", "_salt")

    def __init__(
        self, *, draw: Callable[[int], bytes], key: bytes | None = None, passphrase: str | None = None
    ) -> None:
        if (key is None) == (not passphrase):
            raise ConfigError("a sealed store needs a key or a passphrase, one of them")
        if key is not None and len(key) != _KEY_BYTES:
            raise ConfigError(f"the key of a sealed store has {_KEY_BYTES} bytes")
        self._draw = draw
        self._key = key
        self._passphrase = (passphrase or "").encode()
        self._salt = b"" if key is not None else draw(_SALT_BYTES)
        self._keys: dict[bytes, bytes] = {}

    def close(self, raw: bytes, *, account: str) -> bytes:
        """Encrypt."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = self._draw(_NONCE_BYTES)
        sealed = AESGCM(self._key_for(self._salt)).encrypt(nonce, raw, account.encode())
        parts = {"salt": self._salt, "nonce": nonce, "sealed": sealed}
        return json.dumps(
            {"version": 1} | {name: b64encode(part).decode("ascii") for name, part in parts.items()}
        ).encode("ascii")

    def open(self, raw: bytes, *, account: str, place: str) -> bytes:
        """Decrypt.

        Raises:
            ConfigError: it is damaged, from a newer envoi, not encrypted, or closed with another key.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        content = read_object(raw, place=place)
        if "access_token" in content:
            raise ConfigError(f"{place} is not encrypted: delete it and sign in again")
        try:
            salt, nonce, sealed = (
                b64decode(content[name], validate=True) for name in ("salt", "nonce", "sealed")
            )
        except (KeyError, TypeError, ValueError):
            raise damaged(place) from None
        if bool(salt) is (self._key is not None):
            raise ConfigError(f"{place} was closed in another way: with a key, or with a passphrase")
        try:
            return AESGCM(self._key_for(salt)).decrypt(nonce, sealed, account.encode())
        except (InvalidTag, ValueError):
            raise ConfigError(
                f"{place} does not open: the passphrase or key is another, or the file was changed"
            ) from None

    def _key_for(self, salt: bytes) -> bytes:
        if self._key is not None:
            return self._key
        if salt not in self._keys:
            self._keys[salt] = hashlib.scrypt(
                self._passphrase, salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY, dklen=_KEY_BYTES
            )
        return self._keys[salt]
