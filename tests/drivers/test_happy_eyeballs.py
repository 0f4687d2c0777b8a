from __future__ import annotations

import errno
import socket

from hypothesis import given
from hypothesis import strategies as st

from envoi.drivers.happy_eyeballs import ATTEMPT_DELAY, Address, Race, interleave
from envoi.errors import ConnectionFailed

SIX = [Address(family=socket.AF_INET6, location=(f"2001:db8::{n}", 25, 0, 0)) for n in range(1, 4)]
FOUR = [Address(family=socket.AF_INET, location=(f"192.0.2.{n}", 25)) for n in range(1, 4)]
REFUSED = OSError(errno.ECONNREFUSED, "Connection refused")
SILENT = TimeoutError(errno.ETIMEDOUT, "timed out")


def test_alternates_the_families_beginning_with_the_first() -> None:
    assert interleave([*SIX, *FOUR[:1]]) == [SIX[0], FOUR[0], SIX[1], SIX[2]]
    assert interleave([*FOUR[:2], *SIX[:2]]) == [FOUR[0], SIX[0], FOUR[1], SIX[1]]


@given(st.lists(st.sampled_from([*SIX, *FOUR])))
def test_every_address_is_tried_once_and_families_keep_their_order(addresses: list[Address]) -> None:
    ordered = interleave(addresses)
    assert sorted(ordered, key=str) == sorted(set(addresses), key=str)
    for family in {address.family for address in addresses}:
        kept = [address for address in ordered if address.family == family]
        assert kept == list(dict.fromkeys(address for address in addresses if address.family == family))


def test_the_next_attempt_starts_after_a_delay() -> None:
    race = Race("x", [SIX[0], FOUR[0]])
    assert race.start(100.0) == SIX[0]
    assert race.start(100.0) is None
    assert race.patience(100.0, None) == ATTEMPT_DELAY
    assert race.start(100.0 + ATTEMPT_DELAY) == FOUR[0]
    assert race.patience(101.0, None) is None
    assert not race.lost


def test_the_next_attempt_starts_at_once_after_a_failure() -> None:
    race = Race("x", [SIX[0], FOUR[0]])
    race.start(100.0)
    race.failed(SIX[0], REFUSED)
    assert race.start(100.0) == FOUR[0]
    race.failed(FOUR[0], REFUSED)
    assert race.lost


def test_patience_ends_with_the_deadline() -> None:
    race = Race("x", FOUR[:1])
    race.start(100.0)
    assert race.patience(100.0, 103.0) == 3.0
    assert race.patience(104.0, 103.0) == 0.0


def test_failure_names_every_address_why_and_what_to_do() -> None:
    race = Race("smtp.example.com:25", [SIX[0], FOUR[0]])
    for address, error in ((SIX[0], REFUSED), (FOUR[0], SILENT)):
        race.start(0.0)
        race.failed(address, error)
    failure = race.failure()
    assert isinstance(failure, ConnectionFailed)
    assert str(failure).startswith(
        "could not connect to smtp.example.com:25: [2001:db8::1]:25 refused the connection; "
        "192.0.2.1:25 did not answer. Is the server running"
    )
    assert "block ports 25, 465 and 587" in str(failure)


def test_overdue_tells_what_was_under_way() -> None:
    race = Race("smtp.example.com:25", FOUR)
    race.start(0.0)
    assert "192.0.2.1:25 did not answer; 192.0.2.2:25 was not tried" in str(race.overdue(5))
    assert "within 5 s" in str(race.overdue(5))
