"""What the figures of an outbox differ by from look to look: rates, and the backlog as a line of bars.

Pure: whoever looks tells when, by a clock that nobody sets.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from envoi.outbox.model import Stats

__all__ = ["Rates"]

BARS = "▁▂▃▄▅▆▇█"
LOOKS = 60


class Rates:
    """The last looks."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Stats]] = deque(maxlen=LOOKS)

    def add(self, stats: Stats, at: float) -> None:
        """One more look, at so many seconds."""
        self._looks.append((at, stats))

    def per_second(self, state: State) -> float:
        """Recipients that came into a state, per second, over the last ten looks."""
        if not self._looks:
            return 0.0
        (begun, first), (ended, last) = self._looks[max(-11, -len(self._looks))], self._looks[-1]
        difference = last.settled.get(state, 0) - first.settled.get(state, 0)
        return difference / (ended - begun) if ended > begun else 0.0

    def backlog(self) -> str:
        """The mails that wait, look by look: a bar each, the highest as high as it gets."""
        waiting = [stats.stages.get(Stage.WAITING, 0) for _, stats in self._looks]
        most = max(waiting, default=0)
        return "".join(BARS[round((len(BARS) - 1) * count / most) if most else 0] for count in waiting)

    def line(self, stats: Stats) -> str:
        """The last look in one line."""
        return (
            f"waiting {stats.stages.get(Stage.WAITING, 0)}, due {stats.due}, claimed "
            f"{stats.stages.get(Stage.CLAIMED, 0)}, held {stats.stages.get(Stage.HELD, 0)}; per second: "
            f"delivered {self.per_second(State.DELIVERED):.1f}, failed {self.per_second(State.FAILED):.1f}"
        )
