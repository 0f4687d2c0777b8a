"""Instants that callers give: with a time zone, or they name none.

What the engines make of them is in `envoi.drivers`; what may be said of them in `submitting` and `model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["require_zone"]


def require_zone(**instants: datetime | None) -> None:
    """Refuse what has no time zone.

    Args:
        instants: by the names under which the caller gave them.

    Raises:
        UsageError: one of them has none.
    """
    for name, instant in instants.items():
        if instant is not None and instant.utcoffset() is None:
            raise UsageError(f"{name} needs a time zone: it names an instant")
