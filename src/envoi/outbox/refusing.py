"""Who is not written to any more: what becomes of a message with such recipients when it is accepted.

An engine looks them up in the transaction that writes the message, so that no suppression comes too late;
what follows is decided here. How addresses come onto the list is told in `bouncing`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envoi.errors import AddressSuppressed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi.outbox.model import NewMessage, Suppression

__all__ = ["refuse"]


def refuse(message: NewMessage, suppressed: Iterable[Suppression]) -> NewMessage:
    """Return the message with those of its recipients failed from the beginning who are suppressed.

    Raises:
        AddressSuppressed: nobody else is left.
    """
    entries = {entry.address.lower(): entry for entry in suppressed}
    refused = {
        address: f"{address} is not written to any more since {entry.since:%Y-%m-%d}: {entry.reason}"
        for address in message.recipients
        if (entry := entries.get(address.lower())) is not None
    }
    if not refused:
        return message
    if len(refused) == len(message.recipients):
        raise AddressSuppressed(
            f"nothing was accepted: {'; '.join(refused.values())}. "
            "If that is known to be over, Outbox.unsuppress takes an address off the list"
        )
    return replace(message, refused={**message.refused, **refused})
