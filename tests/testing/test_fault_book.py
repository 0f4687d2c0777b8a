from __future__ import annotations

import pytest

from envoi.smtp.commands import Verb
from envoi.testing import faults
from envoi.testing.fault_book import FaultBook, Occasion


def occasion(
    verb: Verb | None, address: str | None = None, connection: int = 1, *, encrypted: bool = False
) -> Occasion:
    return Occasion(verb=verb, address=address, connection=connection, encrypted=encrypted)


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("rcpt", {Verb.RCPT}),
        ("GREETING", {Verb.GREETING}),
        ("HELLO", {Verb.EHLO, Verb.HELO, Verb.LHLO}),
        ("EHLO", {Verb.EHLO}),
        ("AUTH", {Verb.AUTH}),
        ("AUTH RESPONSE", {Verb.AUTH_RESPONSE}),
        ("CONTENT", {Verb.CONTENT, Verb.BDAT_LAST}),
        ("BDAT", {Verb.BDAT, Verb.BDAT_LAST}),
        ("BDAT LAST", {Verb.BDAT_LAST}),
        ("*", {*Verb}),
    ],
)
def test_calls_occasions_by_their_names(name: str, verbs: set[Verb]) -> None:
    assert {verb for verb in Verb if occasion(verb).is_called(name)} == verbs


def test_calls_an_unknown_command_anything() -> None:
    assert occasion(None).is_called("*")
    assert not occasion(None).is_called("RCPT")


def test_asks_for_address_connection_and_encryption() -> None:
    fault = faults.reply("RCPT", "550 no", address="b@example.org", connection=2, encrypted=True)
    book = FaultBook([fault])
    assert book.at(occasion(Verb.RCPT, "a@example.org", 2, encrypted=True)) == []
    assert book.at(occasion(Verb.RCPT, "b@example.org", 1, encrypted=True)) == []
    assert book.at(occasion(Verb.RCPT, "b@example.org", 2)) == []
    assert book.at(occasion(Verb.RCPT, "b@example.org", 2, encrypted=True)) == [fault]


def test_counts_occasions_not_calls() -> None:
    book = FaultBook([faults.silence("RCPT", nth=2, address="b@example.org")])
    addresses = ["b@example.org", "a@example.org", "b@example.org", "b@example.org"]
    assert [len(book.at(occasion(Verb.RCPT, address))) for address in addresses] == [0, 0, 1, 0]


def test_holds_so_many_times() -> None:
    book = FaultBook([faults.silence("NOOP", times=2)])
    assert [len(book.at(occasion(Verb.NOOP))) for _ in range(4)] == [1, 1, 0, 0]


def test_lets_several_hold_at_once_even_equal_ones() -> None:
    fault = faults.delay("NOOP", 1)
    other = faults.delay("NOOP", 1)
    assert FaultBook([fault, other]).at(occasion(Verb.NOOP)) == [fault, other]


def test_knows_those_that_depend_on_octets() -> None:
    everywhere, second = faults.drop(after_input_octets=1), faults.reset(after_output_octets=1, connection=2)
    book = FaultBook([everywhere, second, faults.silence("NOOP")])
    assert book.by_octets(1) == [everywhere]
    assert book.by_octets(2) == [everywhere, second]


def test_learns_of_faults_that_are_added() -> None:
    known: list[faults.Fault] = []
    book = FaultBook(known)
    known.append(faults.silence("NOOP"))
    assert book.at(occasion(Verb.NOOP)) == known
