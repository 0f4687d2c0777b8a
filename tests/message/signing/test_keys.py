from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from envoi.errors import UsageError
from envoi.message.signing import keys
from tests.message.signing.material import alice, authority, ed25519_key, pem, rsa_key

if TYPE_CHECKING:
    from pathlib import Path


def pkcs12(key: Any, certificate: Any, others: Any = None, password: str | None = None) -> bytes:
    hidden = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return serialize_key_and_certificates(b"me", key, certificate, others, hidden)


@pytest.mark.parametrize("password", [None, "open sesame", "été"])
def test_reads_a_private_key(password: str | None) -> None:
    key = keys.private_key(pem(ed25519_key(), password), password, name="x")
    assert key.public_key() == ed25519_key().public_key()


@pytest.mark.parametrize(
    ("data", "password", "complaint"),
    [
        (b"", None, "not a private key in PEM form; it begins with none"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", None, "it holds a certificate"),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            None,
            "cannot be read: it is damaged$",
        ),
        (pem(ed25519_key(), "right"), None, "is encrypted: give its password"),
        (pem(ed25519_key(), "right"), "wrong", "damaged, or the password is wrong"),
        (pem(ed25519_key()), "needless", "is not encrypted: give no password"),
    ],
)
def test_says_what_is_wrong_with_a_private_key(data: bytes, password: str | None, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as refusal:
        keys.private_key(data, password, name="the file 'x.pem'")
    assert "the file 'x.pem'" in str(refusal.value)


def test_reads_certificates_in_their_order() -> None:
    assert keys.certificates(alice().pem + authority().pem, name="x") == [
        alice().certificate,
        authority().certificate,
    ]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "x is not a certificate in PEM form; it begins with none"),
        (pem(ed25519_key()), "x is not a certificate in PEM form; it holds a private key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "a certificate of x is damaged"),
    ],
)
def test_says_what_is_wrong_with_a_certificate(data: bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        keys.certificates(data, name="x")


@pytest.mark.parametrize("password", [None, "open sesame"])
def test_reads_pkcs12(password: str | None) -> None:
    data = pkcs12(rsa_key(), alice().certificate, [authority().certificate], password)
    key, certificate, others = keys.pkcs12(data, password, name="x")
    assert key.public_key() == rsa_key().public_key()
    assert (certificate, others) == (alice().certificate, [authority().certificate])


@pytest.mark.parametrize(
    ("data", "password", "complaint"),
    [
        (b"", None, "x cannot be read: it is no PKCS#12 file, or the password is wrong"),
        (pkcs12(rsa_key(), alice().certificate, None, "right"), "wrong", "the password is wrong"),
        (pkcs12(None, None, [alice().certificate]), None, "x holds no private key"),
        (pkcs12(rsa_key(), None), None, "x holds no certificate that fits its private key"),
    ],
)
def test_says_what_is_wrong_with_pkcs12(data: bytes, password: str | None, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        keys.pkcs12(data, password, name="x")


def test_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'.*absent\.pem' cannot be read: No such file"):
        keys.read(tmp_path / "absent.pem")
    with pytest.raises(UsageError, match="cannot be read: embedded null"):
        keys.read("a\0b")


def test_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    for load in (keys.private_key, keys.pkcs12):
        with pytest.raises(UsageError, match=r"install envoi\[signing\]"):
            load(b"", None, name="x")
    with pytest.raises(UsageError, match=r"install envoi\[signing\]"):
        keys.certificates(b"", name="x")
