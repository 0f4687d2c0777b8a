"""Which characters may stand in headers, addresses and file names, and the refusal of the others.

A line end in a header value is another header (RFC 5322 §2.2), a NUL ends a string for half of the world's
readers, and half a surrogate pair has no encoding. One rule and one wording for all fields. What only
addresses forbid is in `address`.
"""

from __future__ import annotations

import re

from envoi.errors import EnvoiError, InvalidHeader

__all__ = ["refuse_controls", "refuse_surrogates", "shown"]

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_CONTROLS_AND_TAB = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_NAMES = {"\r": "a carriage return", "\n": "a newline", "\0": "a NUL", "\t": "a tab"}


def shown(value: str, limit: int = 80) -> str:
    """The value for an error text: escaped, on one line, and short."""
    text = ascii(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def refuse_controls(
    value: str, field: str, *, tab: bool = False, error: type[EnvoiError] = InvalidHeader
) -> None:
    """Refuse control characters and lone surrogates.

    Args:
        value: the text to check.
        field: what it is, for the error's text: "subject", "file name of the attachment", …
        tab: whether a tab is allowed.
        error: the class to raise.

    Raises:
        InvalidHeader: or what `error` says; the text names the field, the character and the value.
    """
    if value.isprintable():
        return
    found = (_CONTROLS if tab else _CONTROLS_AND_TAB).search(value)
    if found:
        character = found[0]
        name = _NAMES.get(character, f"the character U+{ord(character):04X}")
        raise error(f"the {field} contains {name}, which is not allowed there: {shown(value)}")


def refuse_surrogates(value: str, field: str, error: type[EnvoiError]) -> None:
    """Refuse text that has no UTF-8: half a surrogate pair, as `os.fsdecode` and broken JSON make them.

    Raises:
        EnvoiError: of the class `error`; the text names the field and the position.
    """
    if value.isascii():
        return
    try:
        value.encode("utf-16-le")  # refuses the same as UTF-8, several times as fast
    except UnicodeEncodeError as failure:
        raise error(
            f"the {field} cannot be encoded: character {failure.start} is the lone surrogate "
            f"U+{ord(value[failure.start]):04X}"
        ) from failure
