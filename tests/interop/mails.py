"""Mails as bytes, each with a Message-ID of its own to find it by."""

from __future__ import annotations

import uuid

from tests.servers.listeners import ALICE, BOB

__all__ = ["new_id", "new_mail"]


def new_id() -> str:
    return f"<{uuid.uuid4()}@interop.test>"


def new_mail(
    body: bytes = b"Hello.\r\n", *, subject: str = "Hello", message_id: str | None = None
) -> tuple[str, bytes]:
    """Return a Message-ID and a mail from alice to bob that has it."""
    message_id = message_id or new_id()
    header = f"From: {ALICE.address}\r\nTo: {BOB.address}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n\r\n"
    return message_id, header.encode() + body
