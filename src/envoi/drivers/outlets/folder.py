"""Mail as `.eml` files in a folder, the envelope beside each: for looking at, archives and later.

A file appears under its name when it is whole: it is written under another, brought to the disk and renamed.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from typing import IO, TYPE_CHECKING

from envoi.drivers.system import now
from envoi.errors import ConfigError, MessageRejected, Phase

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.message.envelope import Envelope

__all__ = ["Folder"]


class Folder:
    """Keeps each message in two files of one name, `.eml` and `.json`, which sort by time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{path} cannot be used as folder: {error.strerror or error}") from error

    @property
    def name(self) -> str:
        """The folder's path."""
        return f"folder:{self._path}"

    def put(self, envelope: Envelope, message: IO[bytes]) -> str:
        """See `Outlet.put`."""
        stem = f"{now():%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:12]}"
        written = json.dumps(
            {"sender": envelope.sender, "recipients": [each.address for each in envelope.recipients]},
            ensure_ascii=False,
        )
        try:
            (self._path / f"{stem}.json").write_text(written + "\n", encoding="utf-8")
            self._write(self._path / f"{stem}.eml", message)
        except OSError as error:
            raise MessageRejected(
                f"{self._path} did not take the message: {error.strerror or error}", phase=Phase.CONTENT
            ) from error
        return f"kept as {stem}.eml"

    def _write(self, target: Path, message: IO[bytes]) -> None:
        partial = target.with_suffix(".part")
        try:
            with partial.open("xb") as file:
                shutil.copyfileobj(message, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open between two messages."""
