"""Reading a mail back, byte for byte: over IMAP from Dovecot, or from the files of a Maildir.

Both answer the same two questions, and both wait for a deadline instead of guessing how long a server
takes. What is returned is as stored; `Listener.as_sent` takes off what the way added on top.
"""

from __future__ import annotations

import email
import email.policy
import imaplib
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

from tests.servers.daemon import wait_until
from tests.servers.listeners import HOST, User

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ImapMailbox", "Mailbox", "Maildir"]

_DEADLINE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapMailbox:
    """A user's INBOX, by IMAP over TLS with the standard library's client."""

    port: int
    ca_file: Path
    user: User

    def wait_for(self, message_id: str, *, copies: int = 1) -> bytes:
        """Return the mail with this Message-ID as stored, once `copies` of it are there.

        Raises:
            AssertionError: it did not come in time.
        """
        return self._wait(_by_id(message_id), copies)

    def wait_for_report(self, message_id: str) -> bytes:
        """Return the delivery report (RFC 3462) about the mail with this Message-ID.

        Raises:
            AssertionError: it did not come in time.
        """
        return self._wait(("HEADER", "Content-Type", "multipart/report", "TEXT", f'"{message_id}"'), 1)

    def find(self, message_id: str) -> list[bytes]:
        """Return every copy of this mail that is there now, as stored."""
        with self._inbox() as inbox:
            return [_fetch(inbox, number) for number in _search(inbox, _by_id(message_id))]

    def _wait(self, criteria: tuple[str, ...], copies: int) -> bytes:
        found: list[bytes] = []
        with self._inbox() as inbox:

            def arrived() -> bool:
                inbox.noop()
                found[:] = _search(inbox, criteria)
                return len(found) >= copies

            if not wait_until(arrived, seconds=_DEADLINE_SECONDS):
                raise AssertionError(f"{self.user.name} got {len(found)} of {copies} mails with {criteria}")
            return _fetch(inbox, found[0])

    @contextmanager
    def _inbox(self) -> Iterator[imaplib.IMAP4_SSL]:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with imaplib.IMAP4_SSL(HOST, self.port, ssl_context=context, timeout=_DEADLINE_SECONDS) as client:
            credentials = f"\0{self.user.name}\0{self.user.password}".encode()
            client.authenticate("PLAIN", lambda _challenge: credentials)
            client.select(readonly=True)
            yield client


@dataclass(frozen=True, slots=True, kw_only=True)
class Maildir:
    """A folder that a server delivers into by itself."""

    folder: Path

    def wait_for(self, message_id: str, *, copies: int = 1) -> bytes:
        """Return the mail with this Message-ID as stored, once `copies` of it are there.

        Raises:
            AssertionError: it did not come in time.
        """
        found: list[bytes] = []

        def arrived() -> bool:
            found[:] = self.find(message_id)
            return len(found) >= copies

        if not wait_until(arrived, seconds=_DEADLINE_SECONDS):
            raise AssertionError(f"{len(found)} of {copies} copies of {message_id} reached {self.folder}")
        return found[0]

    def wait_for_report(self, message_id: str) -> bytes:
        """Return the delivery report (RFC 3462) about the mail with this Message-ID.

        Raises:
            AssertionError: it did not come in time.
        """
        found: list[bytes] = []

        def arrived() -> bool:
            mails = (path.read_bytes() for path in self.folder.glob("new/*"))
            found[:] = [raw for raw in mails if b"multipart/report" in raw and message_id.encode() in raw]
            return bool(found)

        if not wait_until(arrived, seconds=_DEADLINE_SECONDS):
            raise AssertionError(f"no report on {message_id} reached {self.folder}")
        return _with_crlf(found[0])

    def find(self, message_id: str) -> list[bytes]:
        """Return every copy of this mail that is there now, with CRLF line ends."""
        paths = (path for path in sorted(self.folder.glob("new/*")) if _message_id(path) == message_id)
        return [_with_crlf(path.read_bytes()) for path in paths]


Mailbox = ImapMailbox | Maildir


def _by_id(message_id: str) -> tuple[str, ...]:
    return ("HEADER", "Message-ID", f'"{message_id}"')


def _search(inbox: imaplib.IMAP4_SSL, criteria: tuple[str, ...]) -> list[bytes]:
    _, data = inbox.search(None, *criteria)
    return (data[0] or b"").split()


def _fetch(inbox: imaplib.IMAP4_SSL, number: bytes) -> bytes:
    _, data = inbox.fetch(number.decode("ascii"), "(BODY.PEEK[])")
    first = data[0]
    assert isinstance(first, tuple)
    return bytes(first[1])


@cache
def _message_id(path: Path) -> str | None:
    # What lies in new/ is whole and stays as it is, and who waits for a mail asks again and again.
    with path.open("rb") as file:
        header = b"".join(takewhile(lambda line: line not in (b"\r\n", b"\n"), file))
    field = email.message_from_bytes(header, policy=email.policy.default)["Message-ID"]
    return None if field is None else str(field)


def _with_crlf(raw: bytes) -> bytes:
    # Maildir stores the line ends of the system, unless the server was told otherwise.
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
