from __future__ import annotations

import pytest
from hypothesis import given

from envoi.errors import InvalidAddress
from envoi.message.address import Address, Group
from tests.message import strategies as some


@given(some.addresses)
def test_text_of_an_address_is_read_back_as_the_same_address(address):
    assert Address.parse(str(address)) == address
    assert Address.parse(address) is address


def test_a_local_part_that_is_no_dot_atom_is_quoted():
    assert Address(local='a "b"', domain="example.org").spec == r'"a \"b\""@example.org'
    assert Address(local="a..b", domain="example.org").spec == '"a..b"@example.org'
    assert Address(local="", domain="example.org").spec == '""@example.org'


def test_an_international_domain_becomes_a_labels_and_can_be_shown():
    address = Address(local="a", domain="Bücher.example")
    assert (address.domain, address.unicode_domain) == ("xn--bcher-kva.example", "bücher.example")
    assert not address.is_international


def test_a_local_part_beyond_ascii_is_kept_and_told():
    address = Address(local="Иван", domain="пример.рф")
    assert address.spec == "Иван@xn--e1afmkfd.xn--p1ai"
    assert address.is_international


@pytest.mark.parametrize(
    "domain", ["[192.0.2.1]", "[IPv6:2001:db8::1]", "localhost", "my_host", "xn--bcher-kva.example"]
)
def test_takes_domains_and_address_literals(domain):
    assert Address(local="a", domain=domain).spec == f"a@{domain}"


@pytest.mark.parametrize(
    "domain",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a.b",
        "a-.b",
        "a b",
        "a/b",
        "192.0.2.1",
        "[192.0.2]",
        "[2001:db8::1]",
        "[x]",
        "[IPv6:1.2]",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "a.1",
        "exa\u3002mple.org",
        "a\uff0eb",
        "\u2100.org",
        "a\u200b.org",
    ],
)
def test_refuses_what_is_no_domain(domain):
    with pytest.raises(InvalidAddress, match=r"domain|literal"):
        Address(local="a", domain=domain)


@pytest.mark.parametrize(
    "local",
    [
        "a\r\nb",
        "a\0",
        "a\tb",
        "=?utf-8?q?x?=",
        "a\uff20b",
        "a\u200bb",
        "a\u00a0b",
        "a\u2028",
        "\u0378",
        "\ufe64",
        "a\ud800",
    ],
)
def test_refuses_characters_that_readers_would_not_see_or_would_fold(local):
    with pytest.raises(InvalidAddress) as caught:
        Address(local=local, domain="example.org")
    assert str(caught.value).isprintable()


def test_refuses_an_address_longer_than_a_path():
    with pytest.raises(InvalidAddress, match="254 octets"):
        Address(local="ü" * 125, domain="example.org")
    assert len(Address(local="a" * 242, domain="example.org").spec) == 254


@pytest.mark.parametrize("name", ["a\r\nBcc: x", "a\0", "a\tb", "\x7f"])
def test_refuses_control_characters_in_names(name):
    with pytest.raises(InvalidAddress, match="display name contains"):
        Address(local="a", domain="example.org", name=name)
    with pytest.raises(InvalidAddress, match="group name contains"):
        Group(name=name)


def test_names_lose_outer_spaces():
    assert Address(local="a", domain="example.org", name=" Zoë ").name == "Zoë"


def test_a_group_needs_a_name_and_is_shown_with_its_members():
    with pytest.raises(InvalidAddress, match="needs a name"):
        Group(name=" ")
    members = (Address.parse("a@example.org"), Address.parse('"B, C" <b@example.org>'))
    assert str(Group(name="The team", members=members)) == 'The team: a@example.org, "B, C" <b@example.org>;'
