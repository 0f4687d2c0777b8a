from __future__ import annotations

import queue
import socket

import pytest

from envoi.drivers import lookup
from envoi.drivers.happy_eyeballs import Address


def test_finds_addresses_as_the_system_orders_them() -> None:
    assert Address(family=socket.AF_INET, location=("127.0.0.1", 25)) in lookup.look_up("localhost", 25)


@pytest.mark.parametrize(
    ("host", "family"), [("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6)]
)
def test_an_address_needs_no_lookup(host: str, family: int) -> None:
    (address,) = lookup.literal(host, 25)
    assert (address.family, address.location[:2]) == (family, (host, 25))


def test_a_name_is_no_address() -> None:
    assert lookup.literal("localhost", 25) == []


def test_carries_answers_and_errors_across_threads() -> None:
    answers: queue.SimpleQueue[lookup.Answer] = queue.SimpleQueue()
    lookup.in_thread(list, answers.put)
    assert lookup.unpack(answers.get(timeout=60)) == []

    def fail() -> list[Address]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    lookup.in_thread(fail, answers.put)
    with pytest.raises(socket.gaierror):
        lookup.unpack(answers.get(timeout=60))
