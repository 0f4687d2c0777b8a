"""How many mails in which time: the rate of ``--rate`` or of an account, and when the next mail may leave.

Pure: told what time it is, it says how long to wait; waiting is the Clock's. Mails leave at even distances
and not in bursts, which is what providers that count want.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Pace", "seconds_allowed", "seconds_between"]

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)/([smh])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_PERIODS = {"minute": (60.0, "a minute"), "hour": (3600.0, "an hour"), "day": (86400.0, "a day")}


def seconds_between(text: str) -> float:
    """Read ``5/s``, ``100/m`` or ``2000/h``: the seconds from one mail to the next.

    Raises:
        ArgumentTypeError: it is no rate, or one that lets nothing through.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ArgumentTypeError(f"{text!r} is no rate; write 5/s, 100/m or 2000/h")
    return _UNITS[found[2]] / float(found[1])


def seconds_allowed(limits: Mapping[str, int], mails: int) -> tuple[float, str]:
    """What an account's limits ask of so many mails: seconds from one to the next, and the limit in words.

    A limit per minute always counts. One per hour or day counts when the mails do not fit into it: five
    mails need not take a day because a day has room for a hundred. ``(0.0, "")`` when nothing counts.
    """
    pace = (0.0, "")
    for period, (seconds, words) in _PERIODS.items():
        most = limits.get(f"messages_per_{period}")
        if most is not None and (period == "minute" or mails > most):
            pace = max(pace, (seconds / most, f"{most} {words}"))
    return pace


class Pace:
    """Hands out the moments at which mails may leave.

    Args:
        seconds: from one to the next; 0 for as fast as possible.
    """

    __slots__ = ("_next", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._next = float("-inf")

    def wait(self, now: float) -> float:
        """Take the next moment; return the seconds until then.

        Time in which nothing was sent is not made up for.
        """
        moment = max(self._next, now)
        self._next = moment + self.seconds
        return moment - now
