"""What the figures of an outbox differ by from look to look: rates, and the backlog as a line of bars.

Pure: whoever looks tells how far the looks are apart.
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
    """The last looks.

    Args:
        interval: seconds from one look to the next.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._looks: deque[Stats] = deque(maxlen=LOOKS)

    def add(self, stats: Stats) -> None:
        """One more look."""
        self._looks.append(stats)

    def per_second(self, state: State) -> float:
        """Recipients that came into a state, per second, over the last ten looks."""
        looks = list(self._looks)[-11:]
        if len(looks) < 2:
            return 0.0
        difference = looks[-1].settled.get(state, 0) - looks[0].settled.get(state, 0)
        return difference / ((len(looks) - 1) * self._interval)

    def backlog(self) -> str:
        """The mails that wait, look by look: a bar each, the highest as high as it gets."""
        waiting = [stats.stages.get(Stage.WAITING, 0) for stats in self._looks]
        most = max(waiting, default=0)
        return "".join(BARS[round((len(BARS) - 1) * count / most) if most else 0] for count in waiting)

    def line(self, stats: Stats) -> str:
        """The last look in one line."""
        return (
            f"waiting {stats.stages.get(Stage.WAITING, 0)}, due {stats.due}, claimed "
            f"{stats.stages.get(Stage.CLAIMED, 0)}, held {stats.stages.get(Stage.HELD, 0)}; per second: "
            f"delivered {self.per_second(State.DELIVERED):.1f}, failed {self.per_second(State.FAILED):.1f}"
        )
