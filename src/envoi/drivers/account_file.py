"""The configuration file on disk: where it is, reading it, replacing it as a whole.

`ENVOI_CONFIG` names another file. One that holds a client's secret must be readable to its owner alone. What
is in it is `envoi.session.account_reading`'s business; why no library finds the place is docs/decisions/0072.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.session.account_reading import read_accounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.session.account import Account

__all__ = ["AccountFile", "config_folder"]


def config_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the folder where this user's settings are: XDG, or what Windows and macOS have for it."""
    if platform == "win32":
        return Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "envoi"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "envoi"
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "envoi"


class AccountFile:
    """A configuration file, there or not."""

    __slots__ = ("path",)

    def __init__(self, path: Path | None = None) -> None:
        named = os.environ.get("ENVOI_CONFIG")
        self.path = path or (Path(named) if named else config_folder(os.environ) / "config.toml")

    def text(self) -> str:
        """Return what is in the file; nothing when there is none.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path} cannot be read: {error}") from error

    def accounts(self) -> dict[str, Account]:
        """Return the accounts by name.

        Raises:
            ConfigError: the file is wrong, or holds a secret that others can read.
        """
        found = read_accounts(self.text(), str(self.path))
        if any(account.oauth is not None and account.oauth.client_secret for account in found.values()):
            self._check_privacy()
        return found

    def account(self, name: str) -> Account:
        """Return an account.

        Raises:
            ConfigError: there is none of that name, or the file is wrong.
        """
        found = self.accounts()
        if name not in found:
            known = f"it has {', '.join(found)}" if found else "add one: envoi account add ADDRESS"
            raise ConfigError(f"{self.path} has no account {name!r}; {known}")
        return found[name]

    def replace(self, text: str) -> None:
        """Put a new text in place of the old one, which is there until the new one is on the disk.

        Raises:
            ConfigError: it cannot be written.
        """
        path = self.path.resolve()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error}") from error
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if path.exists() and "client_secret" not in text:
                # With a secret in it the new file's own mode stays: nobody but its owner.
                Path(name).chmod(stat.S_IMODE(path.stat().st_mode))
            Path(name).replace(path)
        except OSError as error:
            with suppress(OSError):
                Path(name).unlink()
            raise ConfigError(f"{path} cannot be written: {error}") from error

    def _check_privacy(self) -> None:
        if os.name == "posix" and self.path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                f"{self.path} holds a client_secret, and others can read it: chmod 600 {self.path}"
            )
