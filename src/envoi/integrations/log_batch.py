"""`Batch`: log records on their way into a mail, with a bound on how many and how long.

Only collecting and wording; when a batch is sent, and how, is `logging`'s affair.
"""

from __future__ import annotations

from collections import Counter

__all__ = ["Batch"]

_LONGEST = 16_384
"""Characters of one record; tracebacks of deep recursions are longer, and say the same again and again."""
_SUBJECT = 120
_RULE = "\n\n" + "-" * 72 + "\n\n"


class Batch:
    """Records that will be one mail.

    Args:
        capacity: how many are kept; of those beyond only the number is.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._first = ""
        self._texts: list[str] = []
        self._levels: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._levels.total()

    @property
    def is_full(self) -> bool:
        """Whether further records would only be counted."""
        return len(self._texts) >= self.capacity

    def add(self, level: str, message: str, text: str) -> None:
        """Take in a record: its level, its message, and itself as it was formatted."""
        self._first = self._first or _line(message)
        self._levels[level] += 1
        if not self.is_full:
            self._texts.append(_bounded(text))

    def followed_by(self, later: Batch) -> Batch:
        """Return this one with the records of a later one behind, as far as there is room."""
        room = max(self.capacity - len(self._texts), 0)
        self._texts += later._texts[:room]
        self._levels += later._levels
        return self

    def subject(self, prefix: str) -> str:
        """Return the subject: ``Log on host: 3 × ERROR: division by zero``."""
        levels = ", ".join(f"{count} × {level}" for level, count in self._levels.most_common())
        return f"{_line(prefix)}: {levels}: {self._first}"[:_SUBJECT].rstrip()

    def text(self) -> str:
        """Return the records, and how many there is no room for."""
        left_out = len(self) - len(self._texts)
        note = [f"{left_out} more were left out: there is room for {self.capacity}."] if left_out else []
        return _RULE.join([*self._texts, *note]) + "\n"


def _line(text: str) -> str:
    """One line that may stand in a header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _bounded(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters …\n{text[-half:]}"
