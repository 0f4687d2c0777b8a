"""The journal of ``--resume``: which rows were sent, on disk before and after each mail.

JSON Lines that only grow: a row is ``sending`` before the server hears of it and gets its end afterwards,
each line synced before anything else happens. So whatever kills the process, at most one row is in doubt, and
none is sent twice. A row is known by its number and a digest of its mail: rows that changed are noticed.
Nothing is sent here (`mailing`). See docs/decisions/0058.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from envoi.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from envoi.message.email import Email

__all__ = ["Entry", "Journal", "State", "digest"]

_HEADER = {"journal": "envoi merge", "version": 1}


class State(Enum):
    """What is known of a row."""

    SENDING = "sending"
    """Handed over, and no end: the process was killed meanwhile. Nobody knows."""
    SENT = "sent"
    UNKNOWN = "unknown"
    """The connection was lost after the final dot. Nobody knows."""
    REFUSED = "refused"
    """For good; another try is no use."""
    FAILED = "failed"
    """Not accepted, but another try may work."""

    @property
    def doubtful(self) -> bool:
        """Whether nobody knows if the mail was accepted."""
        return self in (State.SENDING, State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The last word on a row.

    Attributes:
        key: the digest of its mail.
        message_id: with which it was sent.
        state: what became of it.
        reason: why, if it was not sent.
    """

    key: str
    message_id: str
    state: State
    reason: str = ""


class Journal:
    """A journal that is open, and locked against other processes where the system can do that.

    Args:
        path: the file; made when it does not exist.

    Raises:
        UsageError: it is another kind of file, or another process uses it.
        OSError: it cannot be read or written.
    """

    __slots__ = ("_entries", "_file", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(self._file, path)
            self._entries = self._read()
            if new:
                _sync_folder(path)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def last(self) -> int:
        """The highest row that is in it; 0 for none."""
        return max(self._entries, default=0)

    def entry(self, number: int, key: str) -> Entry | None:
        """What is known of a row.

        Raises:
            UsageError: it is known with another mail.
        """
        found = self._entries.get(number)
        if found is not None and found.key != key:
            raise UsageError(
                f"row {number} is not what it was when {self._path.name} was written: the rows, the template "
                "or the options changed. Use the old ones, or another journal and only the rows that are left"
            )
        return found

    def begin(self, number: int, key: str, email: Email) -> None:
        """Write that a row is about to be sent; on disk when this returns."""
        entry = Entry(key=key, message_id=email.message_id, state=State.SENDING)
        to = ", ".join(map(str, email.to))
        self._write({"row": number, "state": "sending", "to": to, "key": key, "message_id": entry.message_id})
        self._entries[number] = entry

    def end(self, number: int, state: State, reason: str = "") -> None:
        """Write what became of it; on disk when this returns."""
        begun = self._entries[number]
        self._write({"row": number, "state": state.value, **({"reason": reason} if reason else {})})
        self._entries[number] = Entry(key=begun.key, message_id=begun.message_id, state=state, reason=reason)

    def close(self) -> None:
        """Close the file, and let others have it."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> dict[int, Entry]:
        """Read all lines; one that was cut off while it was written is removed: it says nothing yet."""
        entries: dict[int, Entry] = {}
        whole = 0
        with os.fdopen(os.dup(self._file), "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                try:
                    self._take(json.loads(line), entries, first=number == 1)
                except (ValueError, KeyError, TypeError) as error:
                    raise UsageError(
                        f"{str(self._path)!r} is no journal of envoi merge (line {number}); name another file"
                    ) from error
        if not whole and os.fstat(self._file).st_size > len(json.dumps(_HEADER)):
            raise UsageError(f"{str(self._path)!r} is no journal of envoi merge; name another file")
        os.ftruncate(self._file, whole)
        if not whole:
            self._write(_HEADER)
        return entries

    def _take(self, record: dict[str, Any], entries: dict[int, Entry], *, first: bool) -> None:
        if first:
            if record != _HEADER:
                raise ValueError("another header")
            return
        number, state = int(record["row"]), State(record["state"])
        if state is State.SENDING:
            key, message_id = str(record["key"]), str(record["message_id"])
        else:
            key, message_id = entries[number].key, entries[number].message_id
        reason = str(record.get("reason", ""))
        entries[number] = Entry(key=key, message_id=message_id, state=state, reason=reason)

    def _write(self, record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)


def digest(email: Email) -> str:
    """What makes a mail this mail: sender, recipients, words and attachments; not its date or identifier."""
    known = [
        email.sender.spec,
        [str(one) for value in (email.to, email.cc, email.bcc, email.reply_to) for one in value],
        [email.subject, email.text, email.html, email.headers],
        list(email.unsubscribe.fields()) if email.unsubscribe is not None else None,
        [(one.filename, one.content_type, one.size) for one in email.attachments],
    ]
    return hashlib.sha256(json.dumps(known, ensure_ascii=False).encode()).hexdigest()


def _lock(file: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: whoever starts two at once is not stopped
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"another process uses the journal {str(path)!r}; wait for its end") from error


def _sync_folder(path: Path) -> None:
    """Make sure that a new file is still there after a power cut, where folders can be synced."""
    if os.name != "posix":
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
