"""The DKIM key of an account on disk: read once, when a session is made; refused where others can read it.

Whoever has the key signs for the domain. A group may read it, for mail servers and programs often share one
that way; nobody else may, and only the owner may write. What is signed with it is `envoi.message.signing`'s
business.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import ConfigError, InvalidAddress, UsageError

if TYPE_CHECKING:
    from envoi.message.signing import DKIMSigner
    from envoi.session.account import DKIMPlace

__all__ = ["load_signer"]

_LONGEST_BYTES = 64 * 1024
_NOT_FOR_OTHERS = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP


def load_signer(place: DKIMPlace) -> DKIMSigner:
    """Return who signs with the key of an account.

    Raises:
        ConfigError: the file cannot be read, is open to others, or holds no key that DKIM knows; or the
            domain or selector is none.
    """
    # Imported here: few accounts have a key, and it takes cryptography.
    from envoi.message.signing import DKIMKey, DKIMSigner

    path = Path(place.key).expanduser()
    try:
        key = DKIMKey.from_pem(_read(path), domain=place.domain, selector=place.selector)
    except (UsageError, InvalidAddress) as error:
        raise ConfigError(
            f"the account cannot sign with {path}: {error}. It takes an RSA or Ed25519 key in PEM form "
            "without a password, as openssl genrsa makes it, and the domain and selector of its DNS record"
        ) from error
    return DKIMSigner(key)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _NOT_FOR_OTHERS:
                raise ConfigError(
                    f"the DKIM key {path} is open to others, who could sign for the domain: chmod 600 {path}"
                )
            return file.read(_LONGEST_BYTES)
    except OSError as error:
        raise ConfigError(
            f"the DKIM key {path} cannot be read: {error.strerror}; correct key = … in the account's dkim, "
            "or let this program's user read it"
        ) from error
