"""Reading private keys and certificates: PEM and PKCS#12, from memory and from files.

The one place where a missing `cryptography`, an unreadable file, a wrong password or a file that holds
something else turns into a sentence. No error and no `repr` shows key material. What the keys are good for is
decided in `dkim_key` and `certificates`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.signing.der import plain_private_key

if TYPE_CHECKING:
    from os import PathLike

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

__all__ = ["certificates", "pkcs12", "private_key", "read"]

_BEGIN = b"-----BEGIN "


def read(path: str | PathLike[str]) -> bytes:
    """The octets of a file of keys or certificates.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"the key file {str(path)!r} cannot be read: {reason}") from error


def private_key(pem: bytes, password: str | None, *, name: str) -> PrivateKeyTypes:
    """The private key of a PEM text: PKCS#8, or the older forms of OpenSSL.

    Args:
        pem: the text.
        password: for an encrypted key.
        name: what to call it in errors.

    Raises:
        UsageError: no key, a password that is wrong, missing or not needed, or `cryptography` is missing.
    """
    _require_cryptography()
    plain = plain_private_key(pem) if password is None else None
    if plain is not None:
        return plain
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"PRIVATE KEY-----" not in pem:
        raise UsageError(f"{name} is not a private key in PEM form; it {_found(pem)}")
    try:
        return load_pem_private_key(pem, _encoded(password))
    except TypeError as error:
        fault = (
            "is encrypted: give its password" if password is None else "is not encrypted: give no password"
        )
        raise UsageError(f"the private key of {name} {fault}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        password_too = "" if password is None else ", or the password is wrong"
        raise UsageError(f"the private key of {name} cannot be read: it is damaged{password_too}") from error


def certificates(pem: bytes, *, name: str) -> list[Certificate]:
    """The certificates of a PEM text, in their order; at least one.

    Raises:
        UsageError: there is none, one is damaged, or `cryptography` is missing.
    """
    _require_cryptography()
    from cryptography.x509 import load_pem_x509_certificates

    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise UsageError(f"{name} is not a certificate in PEM form; it {_found(pem)}")
    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UsageError(f"a certificate of {name} is damaged") from error


def pkcs12(
    data: bytes, password: str | None, *, name: str
) -> tuple[PrivateKeyTypes, Certificate, list[Certificate]]:
    """The key of a PKCS#12 file (`.p12`, `.pfx`), its certificate, and the other certificates.

    Raises:
        UsageError: no such file, a wrong password, key or certificate missing, or `cryptography` is.
    """
    _require_cryptography()
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    try:
        key, certificate, others = load_key_and_certificates(data, _encoded(password))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name} cannot be read: it is no PKCS#12 file, or the password is wrong") from error
    if key is None or certificate is None:
        missing = "private key" if key is None else "certificate that fits its private key"
        raise UsageError(f"{name} holds no {missing}; export it together with the key")
    return key, certificate, others


def _require_cryptography() -> None:
    try:
        import_module("cryptography")
    except ImportError as error:
        raise UsageError("signing needs the package cryptography: install envoi[signing]") from error


def _encoded(password: str | None) -> bytes | None:
    return None if password is None else password.encode()


def _found(pem: bytes) -> str:
    _, begin, rest = pem.partition(_BEGIN)
    label = rest.partition(b"-----")[0]
    if begin and len(label) <= 40 and label.isascii():
        return f"holds a {label.decode().lower()}"
    return "begins with none"
