"""What a test needs to know of a server: where it listens, who may log in, what it puts on top of a mail.

Plain values; `dovecot`, `postfix` and `exim` fill them in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = [
    "ALICE",
    "BOB",
    "DOMAIN",
    "HOST",
    "USERS",
    "UTF8_DOMAIN",
    "ZOE",
    "Listener",
    "Security",
    "User",
    "fill_in",
]

HOST = "localhost"
DOMAIN = "mail.test"
UTF8_DOMAIN = "bücher.test"

Security = Literal["starttls", "tls", "plaintext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account on every server; the address is `name` at any domain."""

    name: str
    password: str

    @property
    def address(self) -> str:
        """The mailbox that mail for this user goes to."""
        return f"{self.name}@{DOMAIN}"


ALICE = User(name="alice", password="correct horse battery staple")
BOB = User(name="bob", password="a,b=c\"d\\e%f'g")
ZOE = User(name="zoë", password="pässwörd ☃")
USERS = (ALICE, BOB, ZOE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One port of a server and how it talks there."""

    port: int
    security: Security
    trace: tuple[str, ...] = ()
    """Names of the header fields that a mail gets on top on its way from here to the mailbox, in order."""
    host: str = HOST

    def as_sent(self, stored: bytes) -> bytes:
        """Take off a stored mail what the way added, and nothing else.

        Raises:
            AssertionError: the mail does not begin with exactly these fields.
        """
        rest = stored
        for name in self.trace:
            field = re.match(rb"%s:.*\r\n(?:[ \t].*\r\n)*" % name.encode("ascii"), rest)
            if field is None:
                head = stored[:2000].decode(errors="replace")
                raise AssertionError(f"expected the fields {', '.join(self.trace)} on top of:\n{head}")
            rest = rest[field.end() :]
        return rest


def fill_in(template: str, **values: object) -> str:
    """Read the template of that name beside this file, and replace every `@{name}` in it.

    Raises:
        KeyError: the template names a value that was not given.
    """
    text = (Path(__file__).parent / template).read_text(encoding="utf-8")
    return re.sub(r"@\{(\w+)\}", lambda match: str(values[match[1]]), text)
