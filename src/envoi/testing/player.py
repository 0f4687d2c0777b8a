"""One connection of a transcript, played without I/O.

`Player` is fed what the client writes, holds it against the transcript, and queues what the server says,
cut as the chunking wants it and with the time at which it is to be had. Whoever owns it brings the bytes
across: `scripted` in memory, `scripted_server` over a socket.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from envoi.testing.transcript import Action, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Chunking", "Piece", "Player"]

_LINE_ENDING = re.compile(rb".*?\n|.+", re.DOTALL)


class Chunking(Enum):
    """In what pieces the server's octets arrive."""

    BYTES = "byte by byte"
    LINES = "line by line"
    AT_ONCE = "at once"

    def cut(self, octets: bytes) -> Iterator[bytes]:
        """Cut octets into pieces."""
        if self is Chunking.BYTES:
            return (octets[index : index + 1] for index in range(len(octets)))
        if self is Chunking.LINES:
            return (match[0] for match in _LINE_ENDING.finditer(octets))
        return iter((octets,))


@dataclass(frozen=True, slots=True)
class Piece:
    """Octets of the server, and the seconds that pass before they are to be had."""

    octets: bytes
    after: float = 0.0

    def later(self, seconds: float) -> Piece:
        """The same, after another time."""
        return Piece(self.octets, self.after + seconds)


class Player:
    """The server's side of one connection.

    Attributes:
        pieces: what the server has said and nobody has fetched.
        ending: CLOSE or RESET once the server has left, else None.
        deaf: the server takes no more octets.
    """

    __slots__ = ("_chunking", "_heard", "_pace", "_pause", "_steps", "deaf", "ending", "pieces")

    def __init__(self, steps: tuple[Step, ...], chunking: Chunking) -> None:
        self._steps = deque(steps)
        self._chunking = chunking
        self._heard = bytearray()
        self._pace = 0.0
        self._pause = 0.0
        self.pieces: deque[Piece] = deque()
        self.ending: Action | None = None
        self.deaf = False
        self._play()

    @property
    def unfinished(self) -> str:
        """What was still to happen, in words; empty when the dialogue is over."""
        if not self._steps:
            return ""
        step = self._steps[0]
        return (
            f"line {step.line} ({step.action.value} {step.text or step.number or ''}".rstrip()
            + ") was not reached"
        )

    @property
    def handshake_is_due(self) -> bool:
        """Whether the client has to begin TLS now."""
        return bool(self._steps) and self._steps[0].action in _HANDSHAKES

    def hear(self, octets: bytes) -> None:
        """Take octets of the client and go on as far as they allow.

        Raises:
            AssertionError: they are not what the transcript tells.
        """
        if self.ending is not None:
            return
        self._heard += octets
        self._play()

    def shake_hands(self) -> Step:
        """The client begins the TLS handshake: return the step that tells how that ends.

        Raises:
            AssertionError: it was not due.
        """
        if not self.handshake_is_due:
            raise AssertionError(f"the client began TLS, but {self.unfinished or 'the transcript is over'}")
        step = self._steps.popleft()
        self._play()
        return step

    def fetch(self) -> bytes:
        """Return the octets of the next piece, or of all that is there when it arrives at once."""
        octets = self.pieces.popleft().octets
        if self._chunking is Chunking.AT_ONCE:
            while self.pieces and not self.pieces[0].after:
                octets += self.pieces.popleft().octets
        return octets

    def _play(self) -> None:
        while self._steps and self._perform(self._steps[0]):
            self._steps.popleft()
        if self._heard and self.ending is None and not self._steps:
            raise AssertionError(
                f"the transcript is over, and the client goes on: {bytes(self._heard[:200])!r}"
            )

    def _perform(self, step: Step) -> bool:
        """Do what a step says; False when it has to wait for the client."""
        match step.action:
            case Action.SAY:
                self._say(step.octets)
            case Action.EXPECT | Action.MESSAGE | Action.OCTETS:
                return self._expect(step)
            case Action.WAIT:
                self._pause += step.number
            case Action.PACE:
                self._pace = step.number
            case Action.DEAF:
                self.deaf = True
            case Action.CLOSE | Action.RESET:
                self.ending = step.action
                self._heard.clear()
            case Action.TLS | Action.TLS_FAILED | Action.REFUSE:
                return self._await_handshake(step)
        return True

    def _await_handshake(self, step: Step) -> bool:
        if self._heard:
            raise AssertionError(
                f"line {step.line} has the client begin TLS; it said {bytes(self._heard[:200])!r}"
            )
        return False

    def _say(self, octets: bytes) -> None:
        pieces = Chunking.BYTES.cut(octets) if self._pace else self._chunking.cut(octets)
        for piece in pieces:
            self.pieces.append(Piece(piece, self._pause + self._pace))
            self._pause = 0.0

    def _expect(self, step: Step) -> bool:
        if step.action is Action.OCTETS:
            return self._take(int(step.number) if len(self._heard) >= step.number else -1) is not None
        if step.action is Action.MESSAGE:
            if self._heard.startswith(b".\r\n"):
                return self._take(3) is not None
            end = self._heard.find(b"\r\n.\r\n")
            return self._take(end + 5 if end >= 0 else -1) is not None
        line = self._take(self._heard.find(b"\n") + 1 or -1)
        if line is None:
            return False
        if not _matches(step.text, line):
            raise AssertionError(
                f"line {step.line} expects {step.text!r} of the client; it said {line[:200]!r}"
            )
        return True

    def _take(self, length: int) -> bytes | None:
        if length < 0:
            return None
        taken = bytes(self._heard[:length])
        del self._heard[:length]
        return taken


def _matches(pattern: str, line: bytes) -> bool:
    # A bare LF is not the end of a command, whatever it says.
    if not line.endswith(b"\r\n"):
        return False
    text = line[:-2].decode("utf-8", "surrogateescape")
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


_HANDSHAKES = frozenset({Action.TLS, Action.TLS_FAILED})
