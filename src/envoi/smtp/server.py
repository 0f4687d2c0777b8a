"""The server's role: octets in, events out; replies in, octets out. No waiting, no policy.

`ServerMachine` reads command lines and messages, and holds them against the same `tables` as
the client. What to answer is for whoever drives it (`envoi.testing`); the events it gets are in
`server_events`.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from envoi.errors import LocalProtocolError, Phase
from envoi.smtp.commands import Verb
from envoi.smtp.data import Unstuffer
from envoi.smtp.replies import format_reply
from envoi.smtp.server_events import CommandReceived, ContentFinished, ContentReceived
from envoi.smtp.tables import TRANSITIONS, Outcome, State

if TYPE_CHECKING:
    from envoi.smtp.server_events import Event

__all__ = ["ServerMachine"]

MAX_COMMAND = 2048
"""As Postfix has it: RFC 5321's 512 octets and room for the extensions' parameters."""
MAX_AUTH_RESPONSE = 12288
"""RFC 4954 §4: the longest line inside an authentication exchange."""

_VERBS = {verb.value.encode(): verb for verb in Verb if verb.value.isupper() and " " not in verb.value}
_BDAT = re.compile(rb"BDAT ([0-9]{1,20})( LAST)?", re.IGNORECASE)


class ServerMachine:
    """One dialogue with one client.

    Attributes:
        state: where the dialogue stands by what was replied.
    """

    __slots__ = (
        "_answering",
        "_buffer",
        "_chunk_left",
        "_chunk_verb",
        "_chunk_problem",
        "_replies_due",
        "_unstuffer",
        "state",
    )

    def __init__(self) -> None:
        self.state = State.CONNECTED
        self._buffer = bytearray()
        self._answering: deque[Verb | None] = deque((Verb.GREETING,))
        self._unstuffer: Unstuffer | None = None
        self._chunk_left: int | None = None
        self._chunk_verb = Verb.BDAT
        self._chunk_problem: tuple[int, str] | None = None
        self._replies_due = 1

    @property
    def unread(self) -> bool:
        """Whether octets wait to be read: after STARTTLS they are an attack."""
        return bool(self._buffer)

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """Return the next event, or None when more octets, or the reply to the last event, are needed."""
        if self._chunk_left is not None:
            return self._next_of_chunk()
        if self._answering or self.state is State.CLOSED:
            return None
        if self._unstuffer is not None:
            return self._next_of_content(self._unstuffer)
        return self._next_command()

    def reply(self, code: int, *lines: str, enhanced: str | None = None, replies: int = 1) -> bytes:
        """Return the octets that answer the last event; with `replies`, this is the first of so many (LMTP).

        Raises:
            LocalProtocolError: nothing wants an answer.
        """
        if replies > 1:
            self._replies_due = replies
        if not self._answering:
            raise LocalProtocolError("a reply that nothing asked for", phase=Phase.COMMAND)
        self._replies_due -= 1
        if self._replies_due:
            verb = self._answering[0]
        else:
            verb, self._replies_due = self._answering.popleft(), 1
        if verb is not None:
            self._advance(verb, code)
        if code == 421:
            self.state = State.CLOSED
        return format_reply(code, lines or ("OK",), enhanced)

    def tls_established(self) -> None:
        """TLS is up: EHLO is due again, and nothing said in clear counts (RFC 3207 §4.2)."""
        self._buffer.clear()
        self.state = State.GREETED

    def _advance(self, verb: Verb, code: int) -> None:
        outcome = Outcome.DONE if code < 300 else Outcome.MORE if code < 400 else Outcome.FAILED
        self.state = TRANSITIONS[self.state].get(verb, {}).get(outcome, self.state)
        if self.state is State.CONTENT and self._unstuffer is None:
            self._unstuffer = Unstuffer()

    def _next_command(self) -> Event | None:
        limit = MAX_AUTH_RESPONSE if self.state is State.AUTH else MAX_COMMAND
        end = self._buffer.find(b"\r\n")
        if end < 0:
            self._forget_beyond(limit)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        event = self._command(line) if len(line) <= limit else _refused(500, "line too long")
        if self._chunk_left is None:
            self._answering.append(event.verb)
        return event

    def _forget_beyond(self, limit: int) -> None:
        """Of a line that is too long keep so much that it is refused when its end has come."""
        if len(self._buffer) > limit + 2:
            # The filler keeps a CR before it from meeting an LF that was not its own.
            self._buffer[limit:] = b"xx\r" if self._buffer.endswith(b"\r") else b"xx"

    def _command(self, line: bytes) -> CommandReceived:
        if line.translate(None, _CONTROLS) != line:
            return _refused(500, "a control character in a command")
        if self.state is State.AUTH:
            return CommandReceived(verb=Verb.AUTH_RESPONSE, argument=_text(line))
        # Octets, not text: among characters there are others whose capital is an S.
        word, _, argument = line.partition(b" ")
        verb = _VERBS.get(word.upper())
        if verb is None:
            return _refused(500, "unknown command")
        if verb is Verb.BDAT:
            return self._begin_chunk(line)
        return CommandReceived(verb=verb, argument=_text(argument), problem=self._order(verb))

    def _begin_chunk(self, line: bytes) -> CommandReceived:
        match = _BDAT.fullmatch(line.rstrip())
        if match is None:
            return _refused(501, "BDAT wants a number of octets, and LAST at most")
        verb = Verb.BDAT_LAST if match[2] else Verb.BDAT
        # The octets come whether they are wanted or not: RFC 3030 §2 has the server read and drop them.
        self._chunk_left, self._chunk_verb, self._chunk_problem = int(match[1]), verb, self._order(verb)
        return CommandReceived(verb=verb, argument="", problem=self._chunk_problem, size=self._chunk_left)

    def _order(self, verb: Verb) -> tuple[int, str] | None:
        return None if verb in TRANSITIONS[self.state] else (503, "bad sequence of commands")

    def _next_of_chunk(self) -> Event | None:
        left = self._chunk_left or 0
        if left == 0:
            self._chunk_left = None
            self._answering.append(self._chunk_verb)
            return ContentFinished(verb=self._chunk_verb, problem=self._chunk_problem)
        if not self._buffer:
            return None
        data = bytes(self._buffer[:left])
        del self._buffer[:left]
        self._chunk_left = left - len(data)
        return ContentReceived(data=b"" if self._chunk_problem else data)

    def _next_of_content(self, unstuffer: Unstuffer) -> Event | None:
        if unstuffer.finished:
            self._unstuffer = None
            self._answering.append(Verb.CONTENT)
            return ContentFinished(verb=Verb.CONTENT, bare=unstuffer.bare)
        if not self._buffer:
            return None
        content, rest = unstuffer.feed(bytes(self._buffer))
        self._buffer[:] = rest
        return ContentReceived(data=content)


_CONTROLS = bytes(range(32)) + b"\x7f"


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _refused(code: int, text: str) -> CommandReceived:
    return CommandReceived(verb=None, argument="", problem=(code, text))
