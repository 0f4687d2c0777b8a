"""Private keys in their two usual forms, read without the library's loader (RFC 8017 §A.1.2, RFC 5958).

That loader, with all formats it knows, takes 4 MiB of a process that is to sign and send a mail of any size
in less than 32. So unencrypted RSA and Ed25519 keys are taken apart here and handed over as numbers, which
the library checks. Whatever else there is, damaged keys included, is left to `keys`: docs/decisions/0053.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["plain_private_key"]

_PEM = re.compile(
    rb"-----BEGIN (RSA )?PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END (?:RSA )?PRIVATE KEY-----"
)
_RSA = bytes.fromhex("06092a864886f70d0101010500")
_ED25519 = bytes.fromhex("06032b6570")
_ED25519_SECRET = bytes.fromhex("0420")


def plain_private_key(pem: bytes) -> PrivateKeyTypes | None:
    """The RSA or Ed25519 key of an unencrypted PEM text; None for everything else."""
    found = _PEM.search(pem)
    if found is None:
        return None
    try:
        der = a2b_base64(found[2])
        return _rsa(der) if found[1] else _pkcs8(der)
    except (ValueError, IndexError):
        return None


def _pkcs8(der: bytes) -> PrivateKeyTypes | None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    _, algorithm, key, *_ = _items(_items(der)[0])
    if algorithm == _RSA:
        return _rsa(key)
    if algorithm == _ED25519 and key.startswith(_ED25519_SECRET):
        return Ed25519PrivateKey.from_private_bytes(key.removeprefix(_ED25519_SECRET))
    return None


def _rsa(der: bytes) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers

    numbers = (int.from_bytes(item, "big", signed=True) for item in _items(_items(der)[0]))
    _, n, e, d, p, q, dmp1, dmq1, iqmp = numbers
    public = RSAPublicNumbers(e, n)
    return RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public).private_key()


def _items(data: bytes) -> list[bytes]:
    """The contents of the elements that stand side by side (X.690 §8.1)."""
    items: list[bytes] = []
    while data:
        start, length = 2, data[1]
        if length > 127:
            start += length & 127
            length = int.from_bytes(data[2:start], "big")
        items.append(data[start : start + length])
        if len(items[-1]) != length:
            raise ValueError("cut off")
        data = data[start + length :]
    return items
