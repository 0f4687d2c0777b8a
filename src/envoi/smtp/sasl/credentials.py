"""Who logs in and over what: `Credentials` and `Channel`.

Both are values that a mechanism reads; neither knows any mechanism. What no mechanism could
send (an empty password, a line break, a password beside a token) is refused here, before a
connection exists. How they are turned into bytes is told next door, in `password`, `scram`,
`bearer` and `external`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from envoi.errors import InvalidHeader, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Channel", "Credentials", "Proof"]

# NUL separates the fields of PLAIN, CR and LF end a line, and half a surrogate pair has no UTF-8.
_UNSENDABLE = re.compile("[\0\r\n\ud800-\udfff]")
# RFC 6750 §2.1 wants less still, but real tokens are only as tame as this.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Proof(Enum):
    """What a login rests on."""

    PASSWORD = "a password"  # noqa: S105 - words for people, no secret
    TOKEN = "an OAuth 2.0 access token"  # noqa: S105 - likewise
    CERTIFICATE = "a client certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An identity and exactly one proof of it; the proof never shows in a `repr`.

    Attributes:
        username: the authentication identity. For a token: the mailbox, when the server wants it.
        password: the shared secret of PLAIN, LOGIN, CRAM-MD5 and SCRAM.
        token: an OAuth 2.0 access token (RFC 6750), without the word ``Bearer``.
        authorization_id: act as this identity instead of one's own (RFC 4422 §3.4.1).
        external: a client certificate was presented to the server. A password or token goes first.

    Raises:
        InvalidHeader: CR, LF or NUL in one of them.
        UsageError: no proof, two proofs, an empty one, or a password without a user name.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    authorization_id: str = ""
    external: bool = False

    def __post_init__(self) -> None:
        for name in ("username", "password", "token", "authorization_id"):
            if _UNSENDABLE.search(getattr(self, name) or ""):
                raise InvalidHeader(f"the {name} contains a line break, a NUL or half a character")
        if self.password is not None and self.token is not None:
            raise UsageError("both a password and a token were given; give the one that is to be used")
        if self.password == "" or self.username == "":
            raise UsageError("the user name or the password is empty; is the variable it comes from set?")
        if self.password is not None and self.username is None:
            raise UsageError("a password was given without a user name")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise UsageError("the token is empty or contains a space or another character no token has")
        if self.password is None and self.token is None and not self.external:
            raise UsageError("nothing to log in with: give a password, a token or a client certificate")

    @property
    def proof(self) -> Proof:
        """What these credentials rest on."""
        if self.password is not None:
            return Proof.PASSWORD
        return Proof.TOKEN if self.token is not None else Proof.CERTIFICATE

    def login(self) -> tuple[str, str]:
        """Return user name and password.

        Raises:
            UsageError: these credentials rest on something else.
        """
        if self.username is None or self.password is None:
            raise UsageError(f"the mechanism needs a password, not {self.proof.value}")
        return self.username, self.password

    def bearer(self) -> str:
        """Return the access token.

        Raises:
            UsageError: these credentials rest on something else.
        """
        if self.token is None:
            raise UsageError(f"the mechanism needs an access token, not {self.proof.value}")
        return self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a mechanism may need to know of the connection it runs over.

    Attributes:
        secure: TLS is up and the server's certificate was verified.
        host: the name the server was asked for by; OAUTHBEARER tells it (RFC 7628 §3.1).
        port: the port, likewise.
        nonce: gives fresh random bytes, 16 or more, at each call; any values.
        server_end_point: hash of the server's certificate (RFC 5929 §4.1), when known. On the
            server's side: its own, when it offers the -PLUS mechanisms.
    """

    secure: bool
    host: str
    port: int
    nonce: Callable[[], bytes]
    server_end_point: bytes | None = None
