"""Pages of the outbox: what a query finds, and how it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from envoi import Email
from envoi.integrations.django import listing as module
from envoi.integrations.django.listing import listing

if TYPE_CHECKING:
    from envoi import Outbox
    from envoi.integrations.django.listing import Listing


@pytest.fixture
def filled(outbox: Outbox) -> Outbox:
    for number in range(7):
        mail = Email(sender="a@example.com", to=[f"b{number % 2}@example.org"], subject=str(number), text=".")
        outbox.submit(mail, account=f"relay{number % 2}", key=f"key-{number}")
    return outbox


def subjects(page: Listing) -> str:
    return "".join(message.subject for message in page.messages)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "6543210"),
        ({"q": "b1@example.org"}, "531"),
        ({"q": "key-4"}, "4"),
        ({"q": "<unknown@example.com>"}, ""),
        ({"q": "0" * 32}, ""),
        ({"account": "relay0"}, "6420"),
        ({"account": "relay0", "q": "b1@example.org"}, ""),
        ({"stage": "held"}, ""),
        ({"stage": "nonsense", "state": "pending", "before": "yesterday"}, "6543210"),
    ],
)
def test_finds_what_is_asked_for(filled: Outbox, asked: dict[str, str], found: str) -> None:
    assert subjects(listing(filled, asked)) == found


def test_finds_a_ticket_and_a_message_id(filled: Outbox) -> None:
    (wanted,) = filled.find(key="key-3")
    assert subjects(listing(filled, {"q": wanted.id})) == "3"
    assert subjects(listing(filled, {"q": f" {wanted.message_id} "})) == "3"


def test_goes_on_page_by_page(filled: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_PAGE", 2)
    page, seen = listing(filled, {"state": "pending"}), []
    assert page.newest == ""
    while True:
        seen.append(subjects(page))
        if not page.older:
            break
        asked = dict(parse_qsl(page.older.removeprefix("?")))
        assert asked["state"] == "pending"
        page = listing(filled, asked)
        assert page.newest == "?state=pending"
    assert seen == ["65", "43", "21", "0"]


def test_offers_what_can_be_chosen(filled: Outbox) -> None:
    page = listing(filled, {"account": "relay1", "stage": "waiting", "q": "key-1"})
    stage, _, account = page.filters
    assert [choice.label for choice in account.choices] == ["all", "relay0", "relay1"]
    assert [choice.label for choice in stage.choices if choice.chosen] == ["waiting"]
    assert account.choices[0].query == "?q=key-1&stage=waiting"
    assert page.kept == (("stage", "waiting"), ("account", "relay1"))
