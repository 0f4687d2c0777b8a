r"""Recorded dialogues as text: the ``*.smtp`` files, read into steps.

One line, one step. ``S: …`` is said by the server, ``C: …`` is expected of the client (``*`` stands for
anything), ``# …`` is a comment, and ``* …`` is something that is not a line:

    * connect              a further connection begins here
    * refuse TEXT          this connection does not come about
    * tls                  the client does the handshake now
    * tls failed TEXT      it does, and it fails
    * message              the client's message up to the lone dot, whatever is in it
    * octets N             N octets of the client, whatever they are
    * raw TEXT             octets of the server without a line end; knows \r \n \t \\ \xHH
    * repeat N TEXT        a line of the server, N times
    * wait SECONDS         the server pauses
    * pace SECONDS         from here on each octet of the server takes so long
    * deaf                 from here on the server takes no more octets
    * close, * reset       the server closes the connection, or breaks it off

Playing them is `player`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

__all__ = ["Action", "Step", "Transcript", "parse"]

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPED = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}


class Action(Enum):
    """What a step is."""

    SAY = "S:"
    EXPECT = "C:"
    REFUSE = "refuse"
    TLS = "tls"
    TLS_FAILED = "tls failed"
    MESSAGE = "message"
    OCTETS = "octets"
    WAIT = "wait"
    PACE = "pace"
    DEAF = "deaf"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens.

    Attributes:
        action: what.
        line: the number of its line in the file, for messages.
        text: the pattern, or the words of a failure.
        octets: what the server says.
        number: octets, or seconds.
    """

    action: Action
    line: int
    text: str = ""
    octets: bytes = b""
    number: float = 0.0


Transcript = tuple[tuple[Step, ...], ...]
"""The steps of each connection."""


def parse(source: str | Path) -> Transcript:
    """Read a transcript from its text, or from a file.

    Raises:
        ValueError: a line is none of those above.
    """
    text = source.read_text("utf-8") if isinstance(source, Path) else source
    connections: list[list[Step]] = [[]]
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        if line.rstrip() == "* connect":
            # The first connection needs no line of its own, and may have one.
            if connections != [[]]:
                connections.append([])
        else:
            connections[-1].append(_step(line, number))
    return tuple(tuple(steps) for steps in connections)


def _step(line: str, number: int) -> Step:
    mark, _, rest = line.partition(" ")
    if mark == "S:":
        return Step(action=Action.SAY, line=number, octets=f"{rest}\r\n".encode())
    if mark == "C:":
        return Step(action=Action.EXPECT, line=number, text=rest)
    if mark == "*":
        word, _, argument = rest.strip().partition(" ")
        try:
            return _event(word, argument, number)
        except (KeyError, ValueError):
            pass
    raise ValueError(f"line {number} of the transcript makes no sense: {line!r}")


def _event(word: str, argument: str, number: int) -> Step:
    if word == "raw":
        return Step(action=Action.SAY, line=number, octets=_unescape(argument))
    if word == "repeat":
        times, _, text = argument.partition(" ")
        return Step(action=Action.SAY, line=number, octets=f"{text}\r\n".encode() * int(times))
    if word == "tls" and argument:
        failed, _, text = argument.partition(" ")
        return Step(action=Action(f"tls {failed}"), line=number, text=text)
    action = _EVENTS[word]
    if action in _WITH_NUMBER:
        return Step(action=action, line=number, number=float(argument))
    if action is Action.REFUSE or not argument:
        return Step(action=action, line=number, text=argument)
    raise ValueError(argument)


_EVENTS = {action.value: action for action in Action if action.value.isalpha()}
_WITH_NUMBER = frozenset({Action.OCTETS, Action.WAIT, Action.PACE})


def _unescape(text: str) -> bytes:
    def octet(match: re.Match[bytes]) -> bytes:
        word = match[1]
        return bytes((int(word[1:], 16),)) if len(word) == 3 else _ESCAPED[word]

    return _ESCAPE.sub(octet, text.encode())
