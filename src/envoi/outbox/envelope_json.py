"""What an envelope says beside its addresses, as JSON that a store keeps, and back.

Only what differs from the defaults is written, so that most messages have ``{}``. The addresses stand in
columns of their own, since recipients have states.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from envoi.message.envelope import DeliveryOptions, Envelope, Notify, Recipient

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["envelope_of", "envelope_to_json"]


def envelope_to_json(envelope: Envelope) -> str:
    """Return the options of an envelope and of its recipients."""
    if envelope.options == _DEFAULTS and not any(map(_wishes, envelope.recipients)):
        return "{}"
    said: dict[str, Any] = {
        one.name: _plain(getattr(envelope.options, one.name))
        for one in fields(DeliveryOptions)
        if getattr(envelope.options, one.name) != one.default
    }
    recipients = {one.address: wishes for one in envelope.recipients if (wishes := _wishes(one))}
    if recipients:
        said["recipients"] = recipients
    return json.dumps(said, separators=(",", ":"), sort_keys=True)


def envelope_of(sender: str, recipients: Iterable[str], text: str) -> Envelope:
    """Return the envelope for these recipients with what `envelope_to_json` wrote."""
    said = json.loads(text)
    wishes = said.pop("recipients", {})
    for name in ("notify", "hold_until"):
        if name in said:
            said[name] = _READ[name](said[name])
    return Envelope(
        sender=sender,
        recipients=tuple(_recipient(address, wishes.get(address, {})) for address in recipients),
        options=DeliveryOptions(**said),
    )


def _wishes(recipient: Recipient) -> dict[str, Any]:
    named = {"notify": recipient.notify, "original": recipient.original}
    return {name: _plain(value) for name, value in named.items() if value is not None}


def _recipient(address: str, wishes: dict[str, Any]) -> Recipient:
    notify = wishes.get("notify")
    return Recipient(
        address, notify=None if notify is None else _notify(notify), original=wishes.get("original")
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(one.value for one in cast("frozenset[Notify]", value))
    return value


def _notify(names: list[str]) -> frozenset[Notify]:
    return frozenset(map(Notify, names))


_DEFAULTS = DeliveryOptions()
_READ: dict[str, Any] = {"notify": _notify, "hold_until": datetime.fromisoformat}
