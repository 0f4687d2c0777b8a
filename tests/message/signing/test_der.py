from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.signing.der import plain_private_key
from tests.message.signing.material import dkim_ed25519, ec_key, ed25519_key, pem, rsa_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

OLD_RSA = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@pytest.mark.parametrize(
    ("data", "key"),
    [(pem(rsa_key()), rsa_key()), (OLD_RSA, rsa_key()), (pem(ed25519_key()), ed25519_key())],
    ids=["PKCS#8", "PKCS#1", "Ed25519"],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_reads_what_the_library_reads(data: bytes, key: PrivateKeyTypes, line_end: bytes) -> None:
    found = plain_private_key(b"Comment\n" + data.replace(b"\n", line_end) + b"more")
    assert found is not None
    assert pem(found) == pem(key)


@pytest.mark.parametrize("data", [b"", b"text", pem(ec_key()), pem(rsa_key(), "secret"), OLD_RSA[:500]])
def test_leaves_other_keys_to_the_library(data: bytes) -> None:
    assert plain_private_key(data) is None


@given(st.data())
def test_leaves_damaged_keys_to_the_library(data: st.DataObject) -> None:
    der = bytearray(
        ed25519_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        if data.draw(st.booleans())
        else rsa_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )
    at = data.draw(st.integers(0, 40))
    der[at] = data.draw(st.integers(0, 255))
    del der[data.draw(st.integers(at, len(der))) :]
    text = b"-----BEGIN PRIVATE KEY-----\n" + b64encode(der) + b"\n-----END PRIVATE KEY-----\n"
    found = plain_private_key(text)
    assert found is None or hasattr(found, "sign")


def test_signs_like_the_key_that_was_written() -> None:
    found = plain_private_key(pem(ed25519_key()))
    assert found is not None
    assert found.public_key() == ed25519_key().public_key()
    assert dkim_ed25519().sign(b"x")
