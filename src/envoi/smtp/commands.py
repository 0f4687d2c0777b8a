"""Commands: what a client says, one function per verb (RFC 5321 §4.1.1).

A `Command` is its bytes and what of it may be shown. Nothing that could end the line early or
open another gets in: CR, LF, NUL and other control characters are refused here, whatever
was checked before. MAIL's and RCPT's parameters are spelt in `parameters`; which command may come
when is in `tables`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.errors import InvalidAddress, LocalProtocolError, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Command", "Verb"]

MAX_INITIAL_AUTH_LINE = 512
"""RFC 4954 §4: an initial response must not make the AUTH line longer than this, CRLF included."""

# Half a surrogate pair, as file names may bring, is no character and has no octets.
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
# A path is quoted strings and whatever cannot end it: an address with "> SIZE=1" in it is no address.
_PATH = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s<>"\\])+')
MAX_PATH = 254
"""RFC 5321 §4.5.3.1.3 allows 256 octets, the angle brackets included."""
# Of these characters none needs quoting, none ends a path, and all are ASCII.
_ORDINARY = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")

REDACTED = "<redacted>"


class Verb(Enum):
    """What is answered by a reply: the commands, and the three things that are none."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    LHLO = "LHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    AUTH_RESPONSE = "auth response"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "content"
    BDAT = "BDAT"
    BDAT_LAST = "BDAT LAST"
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    EXPN = "EXPN"
    HELP = "HELP"
    QUIT = "QUIT"

    # Enum's own hash is a Python function; members are singletons, and they are looked up for every command.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Command:
    """One command line.

    Attributes:
        verb: what kind.
        line: the octets, CRLF included; no repr, as it may hold a secret.
        shown: the line as a transcript may show it.
    """

    verb: Verb
    line: bytes
    shown: str

    def __repr__(self) -> str:
        return f"Command({self.shown!r})"


def ehlo(name: str, verb: Verb = Verb.EHLO) -> Command:
    """EHLO, HELO or LHLO with our name: a domain or an address literal."""
    if not name.isascii() or not name.isprintable() or " " in name or not name:
        raise LocalProtocolError(
            f"{name!r} cannot be the name we introduce ourselves with",
            phase=Phase.HELLO,
            remedy="local_hostname must be a domain name in ASCII or an address literal such as [192.0.2.1].",
        )
    return _line(verb, f"{verb.value} {name}")


def starttls() -> Command:
    """STARTTLS (RFC 3207)."""
    return _line(Verb.STARTTLS, "STARTTLS")


def auth(mechanism: str, initial: bytes | None) -> Command:
    """AUTH, with the initial response unless the line would become too long for it (RFC 4954 §4)."""
    head = f"AUTH {mechanism}"
    if initial is None:
        return _line(Verb.AUTH, head)
    line = f"{head} {b64encode(initial).decode() or '='}"
    if len(line) + 2 > MAX_INITIAL_AUTH_LINE:
        return _line(Verb.AUTH, head)
    return _line(Verb.AUTH, line, f"{head} {REDACTED}")


def auth_response(response: bytes) -> Command:
    """The answer to a 334 challenge."""
    return _line(Verb.AUTH_RESPONSE, b64encode(response).decode(), REDACTED)


def mail(sender: str, parameters: Iterable[str] = ()) -> Command:
    """MAIL; an empty sender is the null reverse-path."""
    return _line(Verb.MAIL, " ".join((f"MAIL FROM:<{_path(sender) if sender else ''}>", *parameters)))


def rcpt(address: str, parameters: Iterable[str] = ()) -> Command:
    """RCPT."""
    return _line(Verb.RCPT, " ".join((f"RCPT TO:<{_path(address)}>", *parameters)))


def data() -> Command:
    """DATA."""
    return _line(Verb.DATA, "DATA")


def bdat(size: int, *, last: bool) -> Command:
    """The line in front of a chunk of `size` octets (RFC 3030 §2)."""
    return _line(Verb.BDAT_LAST, f"BDAT {size} LAST") if last else _line(Verb.BDAT, f"BDAT {size}")


def transaction(sender: str, recipients: Sequence[str], parameters: str, chunk: int | None) -> bytes | None:
    """MAIL with its parameters, RCPT for each, and DATA, or with `chunk` the line in front of BDAT's octets.

    The same octets as of the commands one by one, in a fraction of the time; `parameters` begin with a space,
    and there is a recipient. None when an address is of a kind that the ordinary way has to judge.
    """
    if sender and not _is_ordinary(sender):
        return None
    for address in recipients:
        if not _is_ordinary(address):
            return None
    to = ">\r\nRCPT TO:<".join(recipients)
    end = "DATA" if chunk is None else f"BDAT {chunk} LAST"
    return f"MAIL FROM:<{sender}>{parameters}\r\nRCPT TO:<{to}>\r\n{end}\r\n".encode("ascii")


@lru_cache(maxsize=4096)
def _is_ordinary(address: str) -> bool:
    return _ORDINARY.fullmatch(address) is not None


def rset() -> Command:
    """RSET."""
    return _line(Verb.RSET, "RSET")


def noop() -> Command:
    """NOOP."""
    return _line(Verb.NOOP, "NOOP")


def vrfy(who: str, *, smtputf8: bool = False) -> Command:
    """VRFY; with `smtputf8` the reply may hold UTF-8 (RFC 6531 §3.7.4.2)."""
    return _line(Verb.VRFY, f"VRFY {who} SMTPUTF8" if smtputf8 else f"VRFY {who}")


def quit_() -> Command:
    """QUIT."""
    return _line(Verb.QUIT, "QUIT")


def _path(address: str) -> str:
    if _PATH.fullmatch(address) is None or _CONTROL.search(address) is not None:
        raise InvalidAddress(f"{address!r} is not an address that a mail can be sent to or from")
    if len(address.encode()) > MAX_PATH:
        raise InvalidAddress(f"{address[:40]!r}… is longer than the {MAX_PATH} octets an address may have")
    return address


def _line(verb: Verb, text: str, shown: str | None = None) -> Command:
    if _CONTROL.search(text) is not None:
        # The text may be the secret itself, so the error names the verb alone.
        raise LocalProtocolError(f"a control character in the arguments of {verb.value}", phase=Phase.COMMAND)
    return Command(verb, f"{text}\r\n".encode(), text if shown is None else shown)
