"""The name a client introduces itself with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.session.hello import introduction
from envoi.smtp import commands


@pytest.mark.parametrize(
    ("wanted", "hostname", "address", "name"),
    [
        ("mail.example.org", "host.example.com", "192.0.2.1", "mail.example.org"),
        ("localhost", "host.example.com", "192.0.2.1", "localhost"),
        ("192.0.2.7", "host.example.com", "192.0.2.1", "[192.0.2.7]"),
        ("2001:db8::7", "host.example.com", "192.0.2.1", "[IPv6:2001:db8::7]"),
        (None, "host.example.com", "192.0.2.1", "host.example.com"),
        (None, "host.example.com.", "192.0.2.1", "host.example.com"),
        (None, "my_host.example.com", "192.0.2.1", "my-host.example.com"),
        (None, "laptop", "192.0.2.1", "[192.0.2.1]"),
        ("", "laptop", "192.0.2.1", "[192.0.2.1]"),
        (None, "laptop", "2001:db8::1", "[IPv6:2001:db8::1]"),
        (None, "laptop", "fe80::1%eth0", "[IPv6:fe80::1]"),
        (None, "laptop", "::ffff:192.0.2.1", "[192.0.2.1]"),
        (None, "laptop", None, "localhost"),
        (None, "", None, "localhost"),
        (None, "-bad-.example", "192.0.2.1", "[192.0.2.1]"),
        (None, "a" * 64 + ".example", "192.0.2.1", "[192.0.2.1]"),
        (None, ".".join(["a" * 60] * 5), "192.0.2.1", "[192.0.2.1]"),
        (None, "héhé.example", "192.0.2.1", "[192.0.2.1]"),
        (None, "host.example\r\nRSET", "192.0.2.1", "[192.0.2.1]"),
        (None, "host.example\n", None, "localhost"),
        (None, "laptop", "/run/socket", "localhost"),
    ],
)
def test_is_a_domain_or_an_address_literal(
    wanted: str | None, hostname: str, address: str | None, name: str
) -> None:
    """Behaviour 13."""
    assert introduction(wanted, hostname, address) == name


@given(st.text(), st.none() | st.ip_addresses().map(str))
def test_whatever_the_machine_calls_itself_can_be_said(hostname: str, address: str | None) -> None:
    assert commands.ehlo(introduction(None, hostname, address)).line
