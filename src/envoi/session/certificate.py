"""What a server's certificate says, for people: whom it is for, who vouches, until when.

A verified handshake brings the words with it; from one that was not there is only DER, which the library
cryptography reads when it is installed (extra ``signing``). Without either, the fingerprint is all. Nothing
is judged here: verifying is the driver's business, `findings` looks at the dates.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cryptography import x509

    from envoi.ports import TLSInfo

__all__ = ["Certificate"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# As `ssl` writes it: "Jun  1 12:00:00 2027 GMT".
_INSTANT = re.compile(r"([A-Z][a-z]{2}) +(\d+) (\d+):(\d+):(\d+) (\d{4}) GMT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate in words; what could not be read is empty.

    Attributes:
        fingerprint: SHA-256 in hexadecimal, as `TLSOptions.fingerprints` takes it.
        subject: whom it is for: common name and organisation.
        issuer: who vouches for that, likewise.
        names: the host names and IP addresses it holds for.
        not_before: the aware instant from which it is valid.
        not_after: the aware instant until which it is.
    """

    fingerprint: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None

    @classmethod
    def of(cls, tls: TLSInfo) -> Certificate:
        """Read the certificate that the server presented."""
        words = tls.subject
        if not words:
            return cls.of_der(tls.certificate)
        return cls(
            fingerprint=_fingerprint(tls.certificate),
            subject=_who(words.get("subject", ())),
            issuer=_who(words.get("issuer", ())),
            names=tuple(
                _printable(name)
                for kind, name in words.get("subjectAltName", ())
                if kind in ("DNS", "IP Address")
            ),
            not_before=_instant(words.get("notBefore", "")),
            not_after=_instant(words.get("notAfter", "")),
        )

    @classmethod
    def authorities_of(cls, tls: TLSInfo) -> tuple[Certificate, ...]:
        """Read the certificates that the server presented beside its own, from the nearest issuer on."""
        return tuple(cls.of_der(der) for der in tls.chain[1:])

    @classmethod
    def of_der(cls, der: bytes) -> Certificate:
        """Read DER, as far as that is possible here."""
        fingerprint = _fingerprint(der)
        try:
            from cryptography import x509
        except ImportError:
            return cls(fingerprint=fingerprint)
        try:
            with warnings.catch_warnings():
                # What is odd about other people's certificates is no defect of the program.
                warnings.simplefilter("ignore")
                return _of_parsed(x509.load_der_x509_certificate(der), fingerprint)
        except ValueError:
            return cls(fingerprint=fingerprint)


def _of_parsed(parsed: x509.Certificate, fingerprint: str) -> Certificate:
    return Certificate(
        fingerprint=fingerprint,
        subject=_who(_relative_names(parsed.subject)),
        issuer=_who(_relative_names(parsed.issuer)),
        names=tuple(_alternative_names(parsed)),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
    )


def _relative_names(name: x509.Name) -> Iterator[tuple[tuple[str, str], ...]]:
    # The same shape as `ssl` gives.
    from cryptography.x509.oid import NameOID

    words = {NameOID.COMMON_NAME: "commonName", NameOID.ORGANIZATION_NAME: "organizationName"}
    for attribute in name:
        if attribute.oid in words:
            yield ((words[attribute.oid], str(attribute.value)),)


def _alternative_names(parsed: x509.Certificate) -> Iterator[str]:
    from cryptography import x509

    for extension in parsed.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            for name in extension.value:
                if isinstance(name, (x509.DNSName, x509.IPAddress)):
                    yield _printable(str(name.value))


def _who(distinguished_name: Iterable[Iterable[tuple[str, str]]]) -> str:
    parts = dict(pair for relative in distinguished_name for pair in relative)
    found = dict.fromkeys(parts[key] for key in ("commonName", "organizationName") if key in parts)
    return _printable(", ".join(found))


def _instant(text: str) -> datetime | None:
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    month, day, hour, minute, second, year = found.groups()
    # Not strptime: whether it knows "Jun" depends on the locale.
    return datetime(
        int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
    )


def _printable(text: str) -> str:
    """Whoever made the certificate chose the text; it must not move a terminal's cursor."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest().upper()
