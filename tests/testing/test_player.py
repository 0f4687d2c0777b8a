from __future__ import annotations

import pytest

from envoi.testing import Chunking
from envoi.testing.player import Player
from envoi.testing.transcript import Action, parse


def player(text: str, chunking: Chunking = Chunking.AT_ONCE) -> Player:
    return Player(parse(text)[0], chunking)


@pytest.mark.parametrize(
    ("chunking", "pieces"),
    [
        (Chunking.BYTES, [bytes((octet,)) for octet in b"220-a\r\n220 b\r\n"]),
        (Chunking.LINES, [b"220-a\r\n", b"220 b\r\n"]),
        (Chunking.AT_ONCE, [b"220-a\r\n220 b\r\n"]),
    ],
)
def test_cuts_what_the_server_says(chunking: Chunking, pieces: list[bytes]) -> None:
    playing = player("S: 220-a\nS: 220 b", chunking)
    fetched = []
    while playing.pieces:
        fetched.append(playing.fetch())
    assert fetched == pieces


def test_waits_for_the_whole_line_of_the_client() -> None:
    playing = player("C: EHLO x\nS: 250 hi")
    playing.hear(b"EHLO x\r")
    assert not playing.pieces
    playing.hear(b"\n")
    assert playing.fetch() == b"250 hi\r\n"


def test_takes_a_bare_line_feed_for_no_end_of_a_line() -> None:
    with pytest.raises(AssertionError):
        player("C: NOOP").hear(b"NOOP\n")


def test_matches_with_stars_and_nothing_else() -> None:
    player("C: EHLO [*] a.b").hear(b"EHLO [127.0.0.1] a.b\r\n")
    with pytest.raises(AssertionError):
        player("C: EHLO a.b").hear(b"EHLO aXb\r\n")


@pytest.mark.parametrize("message", [b"Subject: x\r\n\r\nbody\r\n..\r\n.\r\n", b".\r\n"])
def test_takes_a_message_up_to_the_lone_dot(message: bytes) -> None:
    playing = player("* message\nS: 250 ok\nC: QUIT")
    for octet in message:
        playing.hear(bytes((octet,)))
    assert playing.fetch() == b"250 ok\r\n"


def test_hears_nothing_after_it_has_left() -> None:
    playing = player("S: 421 bye\n* close")
    playing.hear(b"NOOP\r\n")
    assert playing.ending is Action.CLOSE


def test_wants_no_octet_in_clear_before_the_handshake() -> None:
    with pytest.raises(AssertionError, match="has the client begin TLS"):
        player("* tls").hear(b"EHLO x\r\n")


def test_tells_what_was_not_reached() -> None:
    assert player("S: 220 hi").unfinished == ""
    assert player("S: 220 hi\n* octets 5").unfinished == "line 2 (octets 5.0) was not reached"
