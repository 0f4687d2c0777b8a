"""Keys, certificates and mails for the tests of signing; whatever is slow to make is made once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from envoi.message.content import Requirements, WireEncoding
from envoi.message.email import Email
from envoi.message.envelope import DeliveryOptions, Envelope
from envoi.message.signing import DKIMKey
from tests.message import strategies as some

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

NOW = some.STAMP.at
YEAR = timedelta(days=365)
SIGNED_AT = datetime(2020, 2, 20, tzinfo=UTC)
"""In the past of every machine: receivers refuse signatures from the future."""


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


@cache
def dkim_rsa() -> DKIMKey:
    return DKIMKey(rsa_key(), domain="example.org", selector="r2048")


@cache
def dkim_ed25519() -> DKIMKey:
    return DKIMKey(ed25519_key(), domain="example.org", selector="ed")


def pem(key: Any, password: str | None = None) -> bytes:
    hidden = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)


@dataclass(frozen=True)
class Holder:
    """Somebody with a key and a certificate."""

    key: Any
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def holder(
    address: str | None,
    *,
    key: Any = None,
    issuer: Holder | None = None,
    subject: tuple[x509.NameAttribute[str], ...] = (),
    since: datetime = NOW - YEAR,
    until: datetime = NOW + YEAR,
    authority: bool = False,
) -> Holder:
    key = key or rsa_key()
    name = x509.Name(subject or (x509.NameAttribute(NameOID.COMMON_NAME, address or "nobody"),))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        made = made.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    if address is not None:
        made = made.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    return Holder(key, made.sign(issuer.key if issuer else key, SHA256()))


@cache
def authority() -> Holder:
    return holder(None, key=rsa_key(number=9), authority=True)


@cache
def alice() -> Holder:
    return holder("alice@example.org", issuer=authority())


@cache
def bob() -> Holder:
    return holder("bob@example.org", key=rsa_key(number=1), issuer=authority())


def mail(**fields: Any) -> Email:
    return Email(
        **{
            "sender": "Alice <alice@example.org>",
            "to": "bob@example.org",
            "subject": "Lunch",
            "text": "At noon?\n",
            "stamp": some.STAMP,
            **fields,
        }
    )


@dataclass(frozen=True)
class Pieces:
    """A content in the pieces that a test wants."""

    pieces: tuple[bytes, ...]
    message_id: str | None = None

    def envelope(self, options: DeliveryOptions | None = None) -> Envelope:
        return Envelope.of("alice@example.org", ["bob@example.org"], options)

    is_async = False
    only_once = None

    def requirements(self, offered: WireEncoding) -> Requirements:
        return Requirements()

    def size(self, used: WireEncoding) -> int | None:
        return sum(map(len, self.pieces))

    def chunks(self, used: WireEncoding) -> Iterator[bytes]:
        return iter(self.pieces)

    async def achunks(self, used: WireEncoding) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def in_pieces(data: bytes, borders: list[int]) -> Pieces:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in borders)})
    return Pieces(tuple(data[a:b] for a, b in pairwise(places)))


def on_the_wire(content: Any, used: WireEncoding | None = None) -> bytes:
    """What a server receives: the pieces with CRLF line ends, the last line ended as well."""
    from envoi.smtp.data import Normaliser

    normaliser = Normaliser()
    used = used or WireEncoding()
    return b"".join([*map(normaliser.feed, content.chunks(used)), normaliser.finish()])
