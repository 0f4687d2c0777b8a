from __future__ import annotations

import subprocess
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from envoi.errors import InvalidAddress, UsageError
from envoi.message.signing import DKIMKey
from tests.message.signing.material import dkim_ed25519, dkim_rsa, ec_key, ed25519_key, pem, rsa_key


def key_of(data: bytes | str, **more: str) -> DKIMKey:
    return DKIMKey.from_pem(data, **{"domain": "example.org", "selector": "s", **more})


def test_signs_with_rsa() -> None:
    key = key_of(pem(rsa_key()))
    signature = key.sign(b"data")
    rsa_key().public_key().verify(signature, b"data", PKCS1v15(), SHA256())
    assert (key.algorithm, key.signature_octets) == ("rsa-sha256", len(signature))


def test_signs_the_hash_with_ed25519() -> None:  # RFC 8463 §3
    key = key_of(pem(ed25519_key()).decode())
    signature = key.sign(b"data")
    ed25519_key().public_key().verify(signature, sha256(b"data").digest())
    assert (key.algorithm, key.signature_octets) == ("ed25519-sha256", len(signature))


def test_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    path.write_bytes(pem(rsa_key(), "open sesame"))
    key = DKIMKey.from_file(path, domain="example.org", selector="s", password="open sesame")
    assert key.dns_text == dkim_rsa().dns_text


def test_shows_no_key() -> None:
    assert repr(dkim_rsa()) == (
        "DKIMKey(domain='example.org', selector='r2048', algorithm='rsa-sha256', signature_octets=256)"
    )


def test_tells_what_to_publish() -> None:
    key = dkim_ed25519()
    assert key.dns_name == "ed._domainkey.example.org"
    tag, _, public = key.dns_text.rpartition("p=")
    assert tag == "v=DKIM1; k=ed25519; "
    assert b64decode(public) == ed25519_key().public_key().public_bytes_raw()
    assert key.dns_record() == f'ed._domainkey.example.org. IN TXT ( "{key.dns_text}" )'


def test_cuts_a_long_record_into_strings() -> None:
    record = dkim_rsa().dns_record()
    strings = record.partition("( ")[2].removesuffix(" )").split(" ")
    text = dkim_rsa().dns_text
    assert len(text) > 255
    assert "".join(record.split('"')[1::2]) == text
    assert len(strings) >= 2
    assert load_der_public_key(b64decode(text.rpartition("p=")[2])) == rsa_key().public_key()


def test_writes_the_domain_in_a_labels_and_lower_case() -> None:
    assert DKIMKey(ed25519_key(), domain="Bücher.example", selector="S1").domain == "xn--bcher-kva.example"
    assert DKIMKey(ed25519_key(), domain="EXAMPLE.org", selector="S1").dns_name == "S1._domainkey.example.org"


@pytest.mark.parametrize("selector", ["", "a b", "a;b", "a\r\nb", ".a", "a..b", "x" * 64, "é"])
def test_refuses_a_selector_that_is_none(selector: str) -> None:
    with pytest.raises(UsageError, match="is no selector"):
        DKIMKey(ed25519_key(), domain="example.org", selector=selector)


@pytest.mark.parametrize("domain", ["", "a b", "a@b.example", "example.org.", "-a.example", "a.\u2603\u00ad"])
def test_refuses_a_domain_that_is_none(domain: str) -> None:
    with pytest.raises((UsageError, InvalidAddress), match="domain"):
        DKIMKey(ed25519_key(), domain=domain, selector="s")


@pytest.mark.programs("openssl")
def test_refuses_short_rsa_keys() -> None:  # which cryptography reads, but does not make
    short = subprocess.run(["openssl", "genrsa", "1023"], capture_output=True, check=True).stdout
    with pytest.raises(UsageError, match=r"has 1023 bits; .*RFC 8301"):
        key_of(short)


def test_warns_about_rsa_keys_that_are_not_long() -> None:
    with pytest.warns(UserWarning, match="1024 bits") as caught:
        key_of(pem(rsa_key(1024)))
    assert [Path(one.filename) for one in caught] == [Path(__file__)]


def test_refuses_other_kinds_of_key() -> None:
    with pytest.raises(UsageError, match=r"RSA and Ed25519 keys \(RFC 8463\), not with EC"):
        key_of(pem(ec_key()))


def test_does_not_say_the_key_when_it_refuses_it() -> None:
    damaged = pem(rsa_key()).replace(b"A", b"B")
    with pytest.raises(UsageError) as refusal:
        key_of(damaged)
    assert damaged.split(b"\n")[1].decode() not in f"{refusal.value!r}{refusal.value.__cause__!r}"
