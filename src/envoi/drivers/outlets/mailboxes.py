"""Mail into a mailbox on this machine: one file (mbox), or a folder of files (Maildir).

Both by the standard library's `mailbox`, which knows the locks and the quoting. Like a delivery agent, each
puts the envelope sender into `Return-Path` and the recipients into `Delivered-To` (RFC 5321 §4.4): a mailbox
has no envelope.
"""

from __future__ import annotations

import mailbox
import tempfile
from typing import IO, TYPE_CHECKING

from envoi.drivers.outlets.outlet import local_lines
from envoi.errors import ConfigError, MessageRejected, Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any, Self

    from envoi.message.envelope import Envelope

__all__ = ["LocalMailbox"]

IN_MEMORY = 1 << 20


class LocalMailbox:
    """A mailbox on this machine.

    Args:
        box: the mailbox.
        name: its kind and path, for receipts.
    """

    def __init__(self, box: mailbox.Mailbox[Any], name: str) -> None:
        self._box = box
        self._name = name

    @classmethod
    def mbox(cls, path: Path) -> Self:
        """One file with all messages, one behind the other (RFC 4155, with ``>From`` quoting)."""
        return cls(_opened(path, "an mbox file", lambda: mailbox.mbox(path)), f"mbox:{path}")

    @classmethod
    def maildir(cls, path: Path) -> Self:
        """A folder with a file per message, which any number of programs may write to."""
        return cls(_opened(path, "a Maildir", lambda: mailbox.Maildir(path)), f"maildir:{path}")

    @property
    def name(self) -> str:
        """Kind and path."""
        return self._name

    def put(self, envelope: Envelope, message: IO[bytes]) -> str:
        """See `Outlet.put`."""
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as delivered:
            delivered.writelines(_delivery_fields(envelope))
            delivered.writelines(local_lines(message))
            delivered.seek(0)
            try:
                self._box.lock()
                try:
                    key = self._box.add(delivered)
                    self._box.flush()
                finally:
                    self._box.unlock()
            except (OSError, mailbox.Error) as error:
                raise MessageRejected(
                    f"{self._name} did not take the message: {error}", phase=Phase.CONTENT
                ) from error
        return f"kept as {key}"

    def close(self) -> None:
        """Let go of the file."""
        self._box.close()


def _opened(path: Path, kind: str, opened: Callable[[], mailbox.Mailbox[Any]]) -> mailbox.Mailbox[Any]:
    try:
        return opened()
    except (OSError, mailbox.Error) as error:
        raise ConfigError(f"{path} cannot be used as {kind}: {error}") from error


def _delivery_fields(envelope: Envelope) -> list[bytes]:
    fields = [f"Return-Path: <{envelope.sender}>\n"]
    fields += [f"Delivered-To: {recipient.address}\n" for recipient in envelope.recipients]
    return [field.encode() for field in fields]
