from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.order import Order, letters, message, words, write_contents

if TYPE_CHECKING:
    from pathlib import Path


def order(folder: Path, size: int = 1024, **different) -> Order:
    octets, text = write_contents(folder, size)
    plain = {"port": 25, "starttls": False, "recipients": 1, "connections": 1, "window": 0}
    return Order(message=str(octets), text=str(text), **(plain | different))


@pytest.mark.parametrize("size", [1 << 10, 10 << 10, 100 << 10])
def test_a_message_has_the_size_that_was_asked_for(size: int) -> None:
    octets = message(size)
    assert abs(len(octets) - size) < 3
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert octets.count(b"\n") == octets.count(b"\r\n")


def test_a_message_has_dots_to_be_stuffed() -> None:
    assert b"\r\n." in message(1 << 10)


def test_a_text_is_about_as_long_and_has_accents() -> None:
    assert 1024 <= len(words(1024).encode()) < 1124
    assert not words(1024).isascii()


def test_an_order_travels_as_json(tmp_path: Path) -> None:
    sent = order(tmp_path, recipients=10, window=64)
    line = sent.to_json()
    assert "\n" not in line
    assert Order.from_json(line) == sent
    assert len(set(sent.to)) == 10
    assert sent.octets == message(1024)


def test_no_two_letters_are_alike(tmp_path: Path) -> None:
    made = list(letters(order(tmp_path), 5))
    for part in ("name", "address", "subject", "text"):
        assert len({getattr(letter, part) for letter in made}) == 5
