from __future__ import annotations

import hashlib
import ssl
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from envoi.ports import TLSInfo
from envoi.session.certificate import Certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS: dict[str, object] = {
    "subject": (
        (("countryName", "DE"),),
        (("organizationName", "Example"),),
        (("commonName", "mail.example.org"),),
    ),
    "issuer": ((("commonName", "Example CA"),),),
    "subjectAltName": (("DNS", "mail.example.org"), ("IP Address", "192.0.2.1"), ("email", "me@example.org")),
    "notBefore": "Jan  2 03:04:05 2026 GMT",
    "notAfter": "Dec 31 23:59:59 2026 GMT",
}


def handshake(*, certificate: bytes = b"der", subject: Mapping[str, object] | None = None) -> TLSInfo:
    return TLSInfo(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        verified=True,
        certificate=certificate,
        subject=subject or {},
        server_end_point=b"",
    )


def made(name: str, *alternatives: x509.GeneralName) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")]
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_takes_the_words_of_a_verified_handshake() -> None:
    read = Certificate.of(handshake(subject=WORDS))
    assert read.subject == "mail.example.org, Example"
    assert read.issuer == "Example CA"
    assert read.names == ("mail.example.org", "192.0.2.1")
    assert read.not_before == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert read.not_after == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_reads_dates_as_the_standard_library_does() -> None:
    read = Certificate.of(handshake(subject=WORDS))
    assert read.not_before is not None
    assert read.not_before.timestamp() == ssl.cert_time_to_seconds(str(WORDS["notBefore"]))


def test_has_no_date_where_there_is_none_to_be_read() -> None:
    read = Certificate.of(handshake(subject={"subject": (), "notAfter": "some day"}))
    assert read.not_before is read.not_after is None


def test_gives_the_fingerprint_as_it_is_pinned() -> None:
    assert (
        Certificate.of(handshake(certificate=b"der")).fingerprint
        == hashlib.sha256(b"der").hexdigest().upper()
    )


def test_reads_der_that_was_not_verified() -> None:
    der = made("mail.test", x509.DNSName("mail.test"), x509.RFC822Name("me@mail.test"))
    read = Certificate.of(handshake(certificate=der))
    assert (read.subject, read.issuer, read.names) == ("mail.test", "mail.test", ("mail.test",))
    assert read.not_before == datetime(2026, 1, 1, tzinfo=UTC)
    assert read.not_after == datetime(2026, 4, 1, tzinfo=UTC)


def test_reads_der_without_alternative_names() -> None:
    assert Certificate.of_der(made("mail.test")).names == ()


@pytest.mark.parametrize("der", [b"", b"junk", b"\x30\x03\x02\x01"])
def test_is_content_with_the_fingerprint_of_what_is_no_certificate(der: bytes) -> None:
    read = Certificate.of_der(der)
    assert read == Certificate(fingerprint=hashlib.sha256(der).hexdigest().upper())


def test_is_content_with_the_fingerprint_where_nothing_reads_der(monkeypatch: pytest.MonkeyPatch) -> None:
    der = made("mail.test")
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert Certificate.of_der(der).subject == ""
    assert Certificate.of_der(der).fingerprint == hashlib.sha256(der).hexdigest().upper()


def test_shows_no_control_characters() -> None:
    assert Certificate.of_der(made("evil\x1b[2Jname")).subject == "evil?[2Jname"


def test_reads_what_was_presented_beside_the_own_one() -> None:
    chain = (made("mail.test"), made("nearer"), made("farther"))
    tls = replace(handshake(), chain=chain)
    assert [each.subject for each in Certificate.authorities_of(tls)] == ["nearer", "farther"]
    assert Certificate.authorities_of(handshake()) == ()
