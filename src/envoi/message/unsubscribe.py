"""The way out of a mailing: List-Unsubscribe, with one click where that works (RFC 2369, RFC 8058).

Gmail and Yahoo ask bulk senders for the one-click form: an HTTPS address that a POST is enough for. A page
that asks a question first is not one-click, and must not say so. The signature over both fields is DKIM's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import InvalidHeader
from envoi.message.characters import shown
from envoi.message.headers import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unsubscribe"]

_URI = re.compile(r"[!-;=?-~]{1,900}")  # printable ASCII without the angle brackets around it


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Where a recipient unsubscribes.

    Attributes:
        url: an https:// address of its own for each recipient.
        mailto: an address, or a whole mailto: URI.
        one_click: whether a POST to `url` is enough.

    Raises:
        InvalidHeader: neither is given, or one has spaces, brackets or characters beyond ASCII.
    """

    url: str | None = None
    mailto: str | None = None
    one_click: bool = True

    def __post_init__(self) -> None:
        if self.url is None and self.mailto is None:
            raise InvalidHeader("List-Unsubscribe needs a URL or a mail address")
        if self.url is not None and not self.url.startswith("https://"):
            raise InvalidHeader(
                f"the unsubscribe URL must begin with https:// (RFC 8058 §3.1), not {shown(self.url)}"
            )
        if self.mailto is not None and not self.mailto.startswith("mailto:"):
            object.__setattr__(self, "mailto", f"mailto:{self.mailto}")
        for uri in (self.url, self.mailto):
            if uri is not None and not _URI.fullmatch(uri):
                raise InvalidHeader(
                    f"{shown(uri)} is no URI: percent-encode spaces, brackets and non-ASCII characters"
                )

    @classmethod
    def of(cls, target: str | Unsubscribe) -> Unsubscribe:
        """From an https:// URL, which then is one-click, or a mail address."""
        if isinstance(target, Unsubscribe):
            return target
        return cls(url=target) if "://" in target else cls(mailto=target)

    def fields(self) -> Iterator[str]:
        """The header fields."""
        uris = [f"<{uri}>" for uri in (self.url, self.mailto) if uri is not None]
        yield tokens("List-Unsubscribe", [f"{uri}," for uri in uris[:-1]] + uris[-1:])
        if self.url is not None and self.one_click:
            yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
