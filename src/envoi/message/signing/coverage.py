"""Which header fields a DKIM signature covers (RFC 6376 §5.4), and the `h=` that says so.

A `Coverage` is two lists of names: fields covered as often as they occur, and fields listed once more than
that, so that nobody can add one. What the fields look like when they are hashed is in `canonical`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.message.headers import check_name
from envoi.message.signing.canonical import relaxed_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["OVERSIGNED", "SIGNED", "Coverage"]

OVERSIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "Cc",
    "Sender",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
)
"""Fields that nobody may add: a second Subject, a Reply-To."""

SIGNED = (
    "Content-ID",
    "Content-Description",
    "Content-Disposition",
    "Content-Language",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "Resent-Date",
    "Resent-Message-ID",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "Auto-Submitted",
)
"""Fields covered when they are there (RFC 6376 §5.4.1, RFC 8058 §4); a mailing list may add its own."""

_COLUMNS = 75


@dataclass(frozen=True, slots=True, init=False)
class Coverage:
    """What signatures cover.

    Attributes:
        signed: fields covered when they are there.
        oversigned: fields covered, of which there may be no more; `From` is always among them.
    """

    signed: tuple[str, ...]
    oversigned: tuple[str, ...]
    _names: tuple[tuple[bytes, bool], ...] = field(repr=False, compare=False)

    def __init__(self, *, signed: Iterable[str] = SIGNED, oversigned: Iterable[str] = OVERSIGNED) -> None:
        """Check the names.

        Raises:
            InvalidHeader: a name that no header field can have.
        """
        plain, over = tuple(signed), tuple(dict.fromkeys((*oversigned, "From")))
        for name in (*over, *plain):
            check_name(name)
        names = dict.fromkeys((name.lower().encode() for name in over), True)
        for name in plain:
            names.setdefault(name.lower().encode(), False)
        object.__setattr__(self, "signed", plain)
        object.__setattr__(self, "oversigned", over)
        object.__setattr__(self, "_names", tuple(names.items()))

    def of(self, header: bytes) -> tuple[bytes, bytes]:
        """The `h=` tag for a header, folded; and the fields that it names, relaxed, each with its CRLF.

        Args:
            header: fields with CRLF line ends.
        """
        names, lines = relaxed_fields(header)
        tag, order = _layout(self._names, names)
        return tag, b"".join([lines[at] for at in order])


@lru_cache(maxsize=256)
def _layout(
    covered: tuple[tuple[bytes, bool], ...], names: tuple[bytes, ...]
) -> tuple[bytes, tuple[int, ...]]:
    """The `h=` tag, and the positions of the fields it stands for: of one name, the last first (§5.4.2)."""
    places: dict[bytes, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).insert(0, at)
    listed: list[bytes] = []
    order: list[int] = []
    for name, over in covered:
        there = places.get(name, [])
        listed += [name] * (len(there) + over)
        order += there
    return _tag(listed), tuple(order)


def _tag(names: list[bytes]) -> bytes:
    """Lines end with a colon, after which blanks are allowed (RFC 6376 §3.5)."""
    lines: list[bytes] = []
    line = b"h=" + names[0]
    for name in names[1:]:
        if len(line) + len(name) + 2 > _COLUMNS:
            lines.append(line + b":")
            line = name
        else:
            line += b":" + name
    return b"\r\n ".join((*lines, line + b";"))
