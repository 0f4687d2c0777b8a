"""Files that the user names: whether they can be read, and their text.

Errors are those of the operating system, with the name in them. Attachments are only looked at here: they are
read while they are sent.
"""

from __future__ import annotations

import errno
import locale
import os
import stat
from pathlib import Path

from envoi.errors import UsageError

__all__ = ["checked", "decode", "text_of"]


def text_of(name: str) -> str:
    """Return the text of a file.

    Raises:
        OSError: it cannot be read.
        UsageError: it is no text.
    """
    return decode(Path(checked(name)).read_bytes(), name)


def checked(name: str) -> str:
    """Return the name of a file that can be read.

    Raises:
        OSError: it cannot.
    """
    mode = Path(name).stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not os.access(name, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
    return name


def decode(data: bytes, name: str) -> str:
    """Return bytes as text: UTF-8, or else what the locale says.

    Raises:
        UsageError: it is neither.
    """
    by_locale = locale.getpreferredencoding(False)
    for encoding in ("utf-8-sig", by_locale):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{name} is not text: neither UTF-8 nor what the locale says ({by_locale})")
