"""The certificate's own hash, with the library cryptography as the oracle."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from envoi.drivers.certificate import server_end_point

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])


def certificate(key: Any, algorithm: Any, **how: Any) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(f"{n}.example.org") for n in range(200)]),
            critical=False,
        )
    )
    return builder.sign(key, algorithm, **how)


@pytest.mark.parametrize("key", [RSA, EC], ids=["rsa", "ecdsa"])
@pytest.mark.parametrize(
    "algorithm", [hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda a: a.name
)
def test_uses_the_hash_of_the_signature(key: Any, algorithm: hashes.HashAlgorithm) -> None:
    issued = certificate(key, algorithm)
    der = issued.public_bytes(Encoding.DER)
    assert issued.signature_hash_algorithm is not None
    assert server_end_point(der) == hashlib.new(issued.signature_hash_algorithm.name, der).digest()


@pytest.mark.parametrize(
    "algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda a: a.name
)
def test_uses_the_hash_among_the_parameters_of_pss(algorithm: hashes.HashAlgorithm) -> None:
    issued = certificate(RSA, algorithm, rsa_padding=padding.PSS(padding.MGF1(algorithm), 32))
    der = issued.public_bytes(Encoding.DER)
    assert server_end_point(der) == hashlib.new(algorithm.name, der).digest()


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()], ids=["ed25519", "ed448"]
)
def test_is_undefined_for_signatures_without_a_hash_of_their_own(key: Any) -> None:
    assert server_end_point(certificate(key, None).public_bytes(Encoding.DER)) == b""


@pytest.mark.parametrize("oid", ["2a864886f70d010104", "2a864886f70d010105"], ids=["md5", "sha1"])
def test_replaces_weak_hashes(oid: str) -> None:
    # A certificate as far as anybody looks: an empty body, the algorithm, an empty signature.
    algorithm = bytes.fromhex(f"300b0609{oid}")
    der = b"\x30" + bytes([2 + len(algorithm) + 2]) + b"\x30\x00" + algorithm + b"\x03\x00"
    assert server_end_point(der) == hashlib.sha256(der).digest()


def test_pss_without_parameters_means_sha_1_which_is_replaced() -> None:
    algorithm = bytes.fromhex("300b06092a864886f70d01010a")
    der = b"\x30" + bytes([2 + len(algorithm) + 2]) + b"\x30\x00" + algorithm + b"\x03\x00"
    assert server_end_point(der) == hashlib.sha256(der).digest()


@given(st.binary())
def test_never_raises(der: bytes) -> None:
    assert isinstance(server_end_point(der), bytes)


GOOD = certificate(EC, hashes.SHA256()).public_bytes(Encoding.DER)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_never_raises_for_a_damaged_certificate(position: int, octet: int) -> None:
    damaged = GOOD[:position] + bytes([octet]) + GOOD[position + 1 :]
    assert len(server_end_point(damaged)) in (0, 28, 32, 48, 64)
