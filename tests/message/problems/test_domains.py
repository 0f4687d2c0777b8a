from __future__ import annotations

import pytest

from envoi.message.problems.domains import organisation, same_organisation


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("example.org", "example.org"),
        ("a.b.Example.org.", "example.org"),
        ("news.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("x.example.com.au", "example.com.au"),
        ("a.shop.de", "shop.de"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("2001:db8::1", "2001:db8::1"),
        ("www.bücher.example", "xn--bcher-kva.example"),
        ("a..\u200b", "a..\u200b"),
    ],
)
def test_knows_what_was_registered(domain, found):
    assert organisation(domain) == found


def test_holds_names_of_one_organisation_together():
    assert same_organisation("bounce.example.org", "news.example.org")
    assert not same_organisation("example.org", "example.com")
