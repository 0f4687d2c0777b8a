"""The GS2 header that opens SCRAM and OAUTHBEARER (RFC 5801 §4).

It says whether the login is bound to the TLS channel and on whose behalf it is made. Both
sides use it: the client writes it, the server of `server` and `server_scram` reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BOUND", "UNABLE", "UNOFFERED", "Gs2", "escape", "unescape"]

UNABLE = "n"
"""The client cannot bind to the channel."""
UNOFFERED = "y"
"""The client could, but saw no -PLUS mechanism offered: a server that did offer one now knows."""
BOUND = "p=tls-server-end-point"
"""The login is bound to the server's certificate (RFC 5929 §4)."""

_HEADER = re.compile(r"(n|y|p=[A-Za-z0-9.-]+),(?:a=([^,\0]+))?,", re.ASCII)
_ESCAPED = re.compile(r"(?:[^=,]|=2C|=3D)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gs2:
    """The parsed header: the binding flag and the authorization identity, plain."""

    flag: str
    authorization_id: str = ""

    def __str__(self) -> str:
        identity = f"a={escape(self.authorization_id)}" if self.authorization_id else ""
        return f"{self.flag},{identity},"

    @classmethod
    def split(cls, message: str) -> tuple[Gs2, str] | None:
        """Return the header at the start of `message` and what follows it, or `None`."""
        header = _HEADER.match(message)
        identity = unescape(header[2] or "") if header else None
        if header is None or identity is None:
            return None
        return cls(flag=header[1], authorization_id=identity), message[header.end() :]


def escape(name: str) -> str:
    """Return `name` as a ``saslname``: its ``=`` and ``,`` would end it."""
    return name.replace("=", "=3D").replace(",", "=2C")


def unescape(name: str) -> str | None:
    """Return the name behind a ``saslname``, or `None` when it is not one."""
    if not _ESCAPED.fullmatch(name):
        return None
    return name.replace("=2C", ",").replace("=3D", "=")
