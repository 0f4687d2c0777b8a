"""A contestant from outside: its process, its orders, its answers.

The process keeps to the lines described in `bench.turn`. It is started once for a discipline and asked in
every round, so that what it has to load, compile or connect is over before it is measured.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contestant import NotHere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from bench.order import Order

__all__ = ["Child", "Turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What sending some messages took.

    Attributes:
        messages: how many were sent.
        seconds: by the clock on the wall.
        cpu: seconds of CPU, user and system, of the sender.
        peak: KiB of its resident memory at the peak so far.
        besides: messages that were sent and are not measured.
    """

    messages: int
    seconds: float
    cpu: float
    peak: int
    besides: int = 0

    @property
    def micros(self) -> float:
        """Microseconds of CPU per message."""
        return self.cpu / self.messages * 1e6

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds


class Child:
    """A contestant's process, as long as the block lasts.

    Raises:
        NotHere: there is no such program.
    """

    def __init__(self, command: Sequence[str], order: Order, environment: Mapping[str, str]) -> None:
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=dict(environment)
            )
        except FileNotFoundError as error:
            raise NotHere(f"{Path(command[0]).name} is not here") from error
        self._say(order.to_json())

    def __enter__(self) -> Self:
        """The process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it end: it does when its input does."""
        self._process.communicate()

    @property
    def process(self) -> int:
        """Its id."""
        return self._process.pid

    def take_turn(self, messages: int) -> Turn:
        """Have it send so many messages.

        Raises:
            NotHere: it cannot.
            RuntimeError: it failed; the text is its own.
        """
        self._say(str(messages))
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(self._process.communicate()[1])
        answer = json.loads(line)
        if "left_out" in answer:
            raise NotHere(answer["left_out"])
        return Turn(**answer)

    def _say(self, line: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the process has no pipes")
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # its last words are read where an answer is expected
