"""The key of a DKIM signature: loaded and checked once, used for every mail.

Loading an RSA key takes as long as a hundred signatures (30 ms), so that a `DKIMKey` is made when the program
starts. It knows where its public half belongs in the DNS. How keys are read is in `keys`, what is signed in
`dkim`.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from envoi.errors import UsageError
from envoi.message.characters import shown
from envoi.message.idn import to_ascii
from envoi.message.signing import keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["DKIMKey"]

_LABELS = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_LEAST_BITS, _ENOUGH_BITS = 1024, 2048  # RFC 8301 §3.2
_STRING = 255
"""Octets of one string of a TXT record (RFC 1035 §3.3)."""


@dataclass(frozen=True, slots=True, init=False, eq=False)
class DKIMKey:
    """A private key with the name under which receivers find its public half.

    Attributes:
        domain: who signs (`d=`); an international name becomes A-labels.
        selector: which key of the domain it is (`s=`).
        algorithm: follows from the key (`a=`).
        signature_octets: the length of every signature made with it.
    """

    domain: str
    selector: str
    algorithm: Literal["rsa-sha256", "ed25519-sha256"]
    signature_octets: int
    _key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)
    _sign: Callable[[bytes], bytes] = field(repr=False)

    def __init__(self, private_key: PrivateKeyTypes, *, domain: str, selector: str) -> None:
        """Take a key that was loaded with `cryptography`.

        Raises:
            UsageError: neither RSA nor Ed25519, RSA with fewer than 1024 bits, or the selector is none.
            InvalidAddress: the domain is none.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        object.__setattr__(self, "domain", _labels(to_ascii(domain), "domain"))
        object.__setattr__(self, "selector", _labels(selector, "selector"))
        if isinstance(private_key, RSAPrivateKey):
            algorithm, octets, sign = "rsa-sha256", *_rsa(private_key)
        elif isinstance(private_key, Ed25519PrivateKey):
            algorithm, octets, sign = "ed25519-sha256", 64, _ed25519(private_key)
        else:
            kind = type(private_key).__name__.removesuffix("PrivateKey")
            raise UsageError(f"DKIM signs with RSA and Ed25519 keys (RFC 8463), not with {kind}")
        object.__setattr__(self, "algorithm", algorithm)
        object.__setattr__(self, "signature_octets", octets)
        object.__setattr__(self, "_key", private_key)
        object.__setattr__(self, "_sign", sign)

    @classmethod
    def from_file(
        cls, path: str | PathLike[str], *, domain: str, selector: str, password: str | None = None
    ) -> DKIMKey:
        """Load a key from a PEM file, such as `openssl genrsa` and `opendkim-genkey` write.

        Raises:
            UsageError: the file cannot be read, or as for `from_pem`.
            InvalidAddress: the domain is none.
        """
        key = keys.private_key(keys.read(path), password, name=f"the file {str(path)!r}")
        return cls(key, domain=domain, selector=selector)

    @classmethod
    def from_pem(
        cls, pem: bytes | str, *, domain: str, selector: str, password: str | None = None
    ) -> DKIMKey:
        """Load a key from its PEM text.

        Raises:
            UsageError: no private key, a wrong password, a key that DKIM does not know, or `cryptography`
                is not installed.
            InvalidAddress: the domain is none.
        """
        octets = pem.encode() if isinstance(pem, str) else pem
        return cls(keys.private_key(octets, password, name="the DKIM key"), domain=domain, selector=selector)

    @property
    def dns_name(self) -> str:
        """Where receivers look for the public key (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dns_text(self) -> str:
        """The text of the TXT record, in one piece, as the forms of most providers want it."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key()
        if self.algorithm == "rsa-sha256":
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)  # RFC 8463 §4
        kind = self.algorithm.removesuffix("-sha256")
        return f"v=DKIM1; k={kind}; p={b64encode(octets).decode()}"

    def dns_record(self) -> str:
        """The TXT record as a line of a zone file, in strings of at most 255 octets."""
        text = self.dns_text
        strings = " ".join(f'"{text[at : at + _STRING]}"' for at in range(0, len(text), _STRING))
        return f"{self.dns_name}. IN TXT ( {strings} )"

    def sign(self, data: bytes) -> bytes:
        """The signature of these octets, always the same one."""
        return self._sign(data)


def _rsa(key: RSAPrivateKey) -> tuple[int, Callable[[bytes], bytes]]:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    bits = key.key_size
    if bits < _LEAST_BITS:
        raise UsageError(
            f"this RSA key has {bits} bits; DKIM wants 1024 at least and should have 2048 (RFC 8301 §3.2)"
        )
    if bits < _ENOUGH_BITS:
        warnings.warn(f"this RSA key has {bits} bits; signers should use 2048 (RFC 8301 §3.2)", stacklevel=4)
    padding, algorithm = PKCS1v15(), SHA256()
    return (bits + 7) // 8, lambda data: key.sign(data, padding, algorithm)


def _ed25519(key: Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    # RFC 8463 §3: what is signed is the hash, with the plain form of the algorithm.
    return lambda data: key.sign(sha256(data).digest())


def _labels(name: str, what: str) -> str:
    name = name.lower() if what == "domain" else name
    if len(name) > 253 or not _LABELS.fullmatch(name.lower()):
        raise UsageError(
            f"{shown(name)} is no {what}: labels of letters, digits and hyphens, with dots between"
        )
    return name
