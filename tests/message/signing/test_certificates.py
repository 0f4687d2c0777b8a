from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from envoi.errors import UsageError
from envoi.message.signing import certificates
from tests.message.signing.material import NOW, YEAR, alice, bob, ec_key, holder


def test_reads_the_addresses_of_the_extension_and_of_the_name() -> None:
    email = x509.NameAttribute(NameOID.EMAIL_ADDRESS, "Old@Example.org")
    both = holder("New@example.org", subject=(email,))
    assert certificates.addresses(both.certificate) == {"old@example.org", "new@example.org"}
    assert certificates.addresses(holder(None, subject=(email,)).certificate) == {"old@example.org"}


def test_finds_no_address_where_there_is_none() -> None:
    assert certificates.addresses(holder(None).certificate) == frozenset()


def test_names_the_holder() -> None:
    assert certificates.subject(alice().certificate) == "CN=alice@example.org"


def test_takes_a_certificate_in_its_time() -> None:
    for instant in (NOW - YEAR, NOW, NOW + YEAR):
        certificates.check_valid(alice().certificate, instant)


def test_refuses_a_certificate_that_has_expired() -> None:
    with pytest.raises(UsageError, match=r"of CN=alice@example\.org expired on 2027-11-22; renew it"):
        certificates.check_valid(alice().certificate, NOW + YEAR + timedelta(seconds=1))


def test_refuses_a_certificate_before_its_time() -> None:
    with pytest.raises(UsageError, match="is not valid before 2025-11-22; check the clock"):
        certificates.check_valid(alice().certificate, NOW - YEAR - timedelta(seconds=1))


def test_refuses_the_key_of_somebody_else() -> None:
    certificates.check_belongs(bob().key, bob().certificate)
    for key in (alice().key, ec_key()):
        with pytest.raises(UsageError, match=r"does not belong to the certificate of CN=bob@example\.org"):
            certificates.check_belongs(key, bob().certificate)
