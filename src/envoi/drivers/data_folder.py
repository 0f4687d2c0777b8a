"""Where a user's data is: the outbox that programs have without naming one.

XDG, or what Windows and macOS have for it; settings are elsewhere (`account_file`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["data_folder", "default_outbox"]


def data_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the folder for this user's data."""
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "envoi"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "envoi"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "envoi"


def default_outbox(environ: Mapping[str, str]) -> Path:
    """Return the file of this user's outbox, its folder made for the user alone.

    Raises:
        StoreUnavailable: the folder cannot be made.
    """
    folder = data_folder(environ)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the folder {folder} cannot be made: {error.strerror or error}") from error
    return folder / "outbox.db"
