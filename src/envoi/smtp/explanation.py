"""One row of what is known about refusals: `Explanation`.

The rows themselves are data, in `login_explanations` and `mail_explanations`; the search
through them is `explain`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reply means, and which reply. Every condition that is given must hold.

    Attributes:
        remedy: the meaning and what to do, in whole sentences, for the person at the sending end.
        codes: one of these reply codes.
        enhanced: one of these enhanced status codes.
        words: one of these in the text; in small letters.
        bearer: the login was with a token (`True`) or with anything else (`False`).
    """

    remedy: str
    codes: tuple[int, ...] = ()
    enhanced: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    bearer: bool | None = None

    def applies(self, code: int, enhanced: str | None, text: str, *, bearer: bool | None) -> bool:
        """Tell whether this row is about the reply; `text` is in small letters."""
        return (
            (not self.codes or code in self.codes)
            and (not self.enhanced or enhanced in self.enhanced)
            and (not self.words or any(words in text for words in self.words))
            and self.bearer in (None, bearer)
        )
