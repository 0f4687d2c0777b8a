"""The dialogue as people may read it: what was said, by whom, without the secrets.

`Transcript` hands each line to one sink and never lets a failing sink (a full disk, a closed
terminal) get in the way of the mail. Redaction happens before anything comes here: commands know
what of them may be shown, replies went through `envoi.smtp.redact`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.smtp.commands import Command
    from envoi.smtp.replies import Reply

__all__ = ["Speaker", "Transcript", "TranscriptLine"]


class Speaker(Enum):
    """Who said it."""

    CLIENT = "C"
    SERVER = "S"
    NOTE = "*"
    """Nobody: what happened beside the dialogue, such as a TLS handshake."""


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One line of a dialogue; prints as ``C: EHLO …``."""

    speaker: Speaker
    text: str

    def __str__(self) -> str:
        return f"{self.speaker.value}: {self.text}"


class Transcript:
    """Passes lines on to a sink."""

    __slots__ = ("_sink",)

    def __init__(self, sink: Callable[[TranscriptLine], None]) -> None:
        self._sink = sink

    def sent(self, command: Command) -> None:
        """A command went out."""
        self._pass(Speaker.CLIENT, command.shown)

    def received(self, reply: Reply) -> None:
        """A reply came in."""
        lines = reply.lines
        code = f"{reply.enhanced} " if reply.enhanced else ""
        for line in lines[:-1]:
            self._pass(Speaker.SERVER, f"{reply.code}-{code}{line}")
        self._pass(Speaker.SERVER, f"{reply.code} {code}{lines[-1]}")

    def note(self, text: str) -> None:
        """Something happened beside the dialogue."""
        self._pass(Speaker.NOTE, text)

    def _pass(self, speaker: Speaker, text: str) -> None:
        try:
            self._sink(TranscriptLine(speaker, text))
        except Exception:
            # Whatever is wrong with the sink, the mail comes first.
            self._sink = _nowhere


def _nowhere(line: TranscriptLine) -> None:
    """Where lines go after the sink has failed once."""
