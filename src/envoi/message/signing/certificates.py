"""What a certificate says, as far as S/MIME asks: for whom, from when to when, and with which key.

Nothing here decides whom to trust: that is the receiver's part. Reading files is in `keys`, signing and
encrypting in `smime`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

__all__ = ["addresses", "check_belongs", "check_valid", "subject"]


def addresses(certificate: Certificate) -> frozenset[str]:
    """The mail addresses it was issued for, in lower case (RFC 8550 §3); none when it names nobody."""
    from cryptography.x509 import ExtensionNotFound, NameOID, RFC822Name, SubjectAlternativeName

    found = {str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)}
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        pass
    else:
        found.update(names.get_values_for_type(RFC822Name))
    return frozenset(address.lower() for address in found)


def subject(certificate: Certificate) -> str:
    """Its holder, for errors and `repr`."""
    return certificate.subject.rfc4514_string() or ", ".join(sorted(addresses(certificate))) or "nobody"


def check_valid(certificate: Certificate, at: datetime) -> None:
    """Refuse a certificate outside its time.

    Raises:
        UsageError: it has expired, or is not valid yet.
    """
    if at > certificate.not_valid_after_utc:
        raise UsageError(
            f"the certificate of {subject(certificate)} expired on "
            f"{certificate.not_valid_after_utc:%Y-%m-%d}; renew it"
        )
    if at < certificate.not_valid_before_utc:
        raise UsageError(
            f"the certificate of {subject(certificate)} is not valid before "
            f"{certificate.not_valid_before_utc:%Y-%m-%d}; check the clock of this machine"
        )


def check_belongs(key: PrivateKeyTypes, certificate: Certificate) -> None:
    """Refuse a key that is not the certificate's.

    Raises:
        UsageError: the public keys differ.
    """
    if key.public_key() != certificate.public_key():
        raise UsageError(f"the private key does not belong to the certificate of {subject(certificate)}")
