"""Mails as bytes, each with a Message-ID of its own to find it by."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.servers.listeners import Listener

__all__ = ["new_id", "new_mail", "to_several"]


def new_id() -> str:
    return f"<{uuid.uuid4()}@interop.test>"


def new_mail(
    body: bytes = b"Hello.\r\n", *, subject: str = "Hello", message_id: str | None = None
) -> tuple[str, bytes]:
    """Return a Message-ID and a mail from alice to bob that has it."""
    message_id = message_id or new_id()
    fields = {"From": ALICE.address, "To": BOB.address, "Subject": subject, "Message-ID": message_id}
    header = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return message_id, header.encode() + b"\r\n" + body


def to_several(listener: Listener) -> Listener:
    """The listener for mails to several of Dovecot's users: it tells them apart only on one at a time."""
    return replace(listener, trace=tuple(name for name in listener.trace if name != "Delivered-To"))
