"""What one mail costs, in function calls and not in time: a bound that a slow machine does not move.

Whoever has to raise a bound knows what for; whoever can lower one should.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from envoi.message.raw import RawEmail
from envoi.session.conversation import Conversation
from envoi.session.run import run_sync
from tests.session.relay import Network, Rules
from tests.session.stage import settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

COUNT = 50
BODY = b"Subject: hi\r\n\r\n" + b"Hello\r\n" * 100
CHUNKING = ("PIPELINING", "CHUNKING", "SIZE 1000000", "8BITMIME")
DATA = ("PIPELINING", "SIZE 1000000", "8BITMIME")


def calls(act: Callable[[], object]) -> float:
    """How many functions of envoi's one mail takes; those written in C are not told once the code is warm."""
    count = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        del argument
        if event == "call" and frame.f_globals.get("__name__", "").startswith("envoi."):
            count += 1

    act()
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count / COUNT


def conversation(offers: tuple[str, ...]) -> Conversation:
    """A conversation with such a server."""
    return Conversation(settings(), Network(Rules(offers=offers)))


@pytest.mark.parametrize(("offers", "most"), [(CHUNKING, 56), (DATA, 110)], ids=["by BDAT", "by DATA"])
def test_one_send_takes_so_many_calls(offers: tuple[str, ...], most: int) -> None:
    talk = conversation(offers)

    def act() -> None:
        for number in range(COUNT):
            content, envelope = talk.outgoing(BODY, sender="a@x.example", recipients=[f"b{number}@x.example"])
            run_sync(talk.send(content, envelope))

    assert calls(act) <= most


@pytest.mark.parametrize(
    ("offers", "window", "most"),
    [(CHUNKING, 64, 40), (DATA, 1, 104)],
    ids=["in a window", "by look-ahead"],
)
def test_one_of_many_takes_so_many_calls(offers: tuple[str, ...], window: int, most: int) -> None:
    talk = conversation(offers)

    def act() -> None:
        mails = [
            RawEmail(BODY, sender="a@x.example", recipients=[f"b{number}@x.example"])
            for number in range(COUNT)
        ]
        batch = talk.batch(mails, options=None, window=window)
        while run_sync(batch.more()):
            pass

    assert calls(act) <= most
