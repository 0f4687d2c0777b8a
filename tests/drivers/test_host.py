from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.drivers.host import a_label, ip_address, refuse_controls
from envoi.errors import ConfigError


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("smtp.example.com", "smtp.example.com"),
        ("smtp.example.com.", "smtp.example.com."),
        ("bücher.example", "xn--bcher-kva.example"),
        ("my_relay", "my_relay"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_turns_names_into_a_labels(host: str, label: str) -> None:
    assert a_label(host) == label


@pytest.mark.parametrize(
    "host", ["", ".", ".x", "a..b", "a b", "a\nb", "a\0b", "x" * 64, ".".join(["x" * 60] * 5), "\ud800"]
)
def test_refuses_what_is_no_host(host: str) -> None:
    with pytest.raises(ConfigError):
        a_label(host)


@given(st.text())
def test_is_total(host: str) -> None:
    try:
        label = a_label(host)
    except ConfigError:
        return
    assert label.isascii()
    assert not any(character <= " " for character in label)


def test_tells_addresses_from_names() -> None:
    assert ip_address("[::1]") == "::1"
    assert ip_address("127.0.0.1") == "127.0.0.1"
    assert ip_address("fe80::1%lo") == "fe80::1%lo"
    assert ip_address("localhost") is None
    assert ip_address("[localhost]") is None


def test_does_not_repeat_what_it_refuses() -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_controls("secret\r\n", "the URL")
    assert "secret" not in str(caught.value)
