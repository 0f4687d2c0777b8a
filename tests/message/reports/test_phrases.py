from __future__ import annotations

import pytest

from envoi.message.reports.phrases import status_of, status_of_words


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("mailbox is full", "5.2.2"),
        ("user has exceeded his quota", "5.2.2"),
        ("Account exceeded the storage", "5.2.2"),
        ("message is too large", "5.2.3"),
        ("Recipient address rejected: Access denied", "5.1.1"),
        ("blocked using a DNSBL; the user does not exist", "5.7.1"),
        ("Relaying denied", "5.7.1"),
        ("sender address was rejected", "5.7.1"),
        ("this domain doesn't accept email", "5.1.10"),
        ("Host or domain name not found", "5.1.2"),
        ("DNS lookup: NXDOMAIN", "5.1.2"),
        ("No mx record found for domain=example.org", "5.1.2"),
        ("Unrouteable mail domain x.example", "5.1.2"),
        ("this account has been disabled", "5.2.1"),
        ("The mailbox a@x.example is currently inactive", "5.2.1"),
        ("User unknown in virtual\nmailbox table", "5.1.1"),
        ("The email account that you tried to reach does not exist", "5.1.1"),
        ("no such user here", "5.1.1"),
        ("the address couldn’t be found", "5.1.1"),
        ("Cette adresse n'existe pas", "5.1.1"),
        ("Benutzer existiert nicht", "5.1.1"),
        ("пользователь не найден", "5.1.1"),
        ("too many hops", "5.4.6"),
        ("retry time not reached; retry timeout exceeded", "4.4.7"),
        ("Connection timed out", "4.4.1"),
        ("Network is unreachable", "4.4.1"),
        ("something went wrong", None),
        ("", None),
    ],
)
def test_knows_what_servers_say(words: str, status: str | None) -> None:
    assert status_of_words(words) == status


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("550 5.1.1 mailbox full", "5.1.1"),
        ("5.0.0 550-5.7.1 refused", "5.7.1"),
        ("5.0.0 smtp; 550 user unknown", "5.1.1"),
        ("4.0.0 user unknown", "4.1.1"),
        ("450 user unknown", "4.1.1"),
        ("5.4.1 Recipient address rejected: Access denied", "5.1.1"),
        ("5.4.1 whatever", "5.4.1"),
        ("550 whatever", "5.0.0"),
        ("421 whatever", "4.0.0"),
        ("552 192.5.1.1.7 over quota", "5.2.2"),
        ("nothing", None),
    ],
)
def test_codes_that_say_something_come_first_then_words(said: str, status: str | None) -> None:
    assert status_of(said) == status


def test_long_texts_are_cut() -> None:
    assert status_of(" " * 10_000 + "5.1.1") is None
