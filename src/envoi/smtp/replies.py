"""Replies: what a server says, read with suspicion (RFC 5321 §4.2, RFC 2034).

`ReplyReader` turns bytes into `Reply` values, whatever their chunking, within bounds that no
server can exceed: a line of 8 KiB, 256 lines, 64 KiB in all. It knows nothing of which command
a reply answers; that is `client`. `format_reply` is the way back, for the server role.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.errors import Phase, RemoteProtocolError
from envoi.smtp.redact import Redactor, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Reply", "ReplyReader", "format_reply"]

MAX_LINE = 8 * 1024
MAX_LINES = 256
MAX_REPLY = 64 * 1024
MAX_KNOWN = 128
"""Octets of the lines whose meaning is remembered: "250 2.1.0 Ok", but no essays."""

# Only ASCII digits make a code: int() would take "+25", " 25" and Arabic digits. RFC 5321 §4.2.1
# knows 2yz to 5yz; a code may stand alone, without text (§4.2: "text is optional").
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    r"""One reply of a server.

    Attributes:
        code: 200 to 599.
        enhanced: the enhanced status code such as ``5.7.1`` (RFC 3463), or None.
        text: the text without code and enhanced code; lines joined by ``\n``. Control characters
            are replaced by ``?``, bytes that are not UTF-8 by U+FFFD.
    """

    code: int
    enhanced: str | None = None
    text: str = ""

    @property
    def positive(self) -> bool:
        """2yz: done."""
        return 200 <= self.code < 300

    @property
    def intermediate(self) -> bool:
        """3yz: go on."""
        return 300 <= self.code < 400

    @property
    def transient(self) -> bool:
        """4yz: not now."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5yz: not like this."""
        return self.code >= 500

    @property
    def lines(self) -> tuple[str, ...]:
        """The text, line by line; at least one."""
        return tuple(self.text.split("\n"))

    def __str__(self) -> str:
        words = [str(self.code), self.enhanced or "", self.text.replace("\n", " / ")]
        return " ".join(word for word in words if word)


class ReplyReader:
    """Collects bytes and hands out whole replies, without the secrets that `redactor` knows.

    Attributes:
        buffer: what has arrived and was not read, whole lines of a reply that goes on excepted; to look at.
    """

    __slots__ = ("_begun", "_code", "_lines", "_redactor", "_size", "buffer")

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or Redactor()
        self.buffer = bytearray()
        self._begun = False
        self._lines: list[bytes] = []
        self._code = b""
        self._size = 0

    @property
    def pending(self) -> bytes:
        """What has arrived and was not handed out, the beginning of a reply included."""
        return b"\n".join([*self._lines, bytes(self.buffer)])

    @property
    def empty(self) -> bool:
        """Whether nothing is pending."""
        return not self.buffer and not self._lines

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self.buffer += data

    def next_reply(self) -> Reply | None:
        """Return the next whole reply, or None when more bytes are needed.

        Raises:
            RemoteProtocolError: what arrived is not a reply, or is larger than any reply may be.
        """
        while True:
            end = self.buffer.find(b"\n")
            if end < 0:
                if len(self.buffer) > MAX_LINE + len(b"\r"):
                    raise _malformed("a reply line longer than 8 KiB")
                return None
            line = bytes(self.buffer[:end]).removesuffix(b"\r")
            del self.buffer[: end + 1]
            # Some servers put an empty line before the greeting; anywhere else it is no reply.
            stray, self._begun = not (line or self._begun), True
            if stray:
                continue
            if not self._lines and len(line) <= MAX_KNOWN and (reply := _known(line)) is not None:
                return self._cleaned(reply)
            if self._is_last(line):
                return self._finish()

    def next_run(self, most: int) -> tuple[int, Reply] | None:
        """Return how many positive replies of one short line come next, up to `most`, and the last of them.

        None when the next reply is of another kind, or not there: `next_reply` knows what to make of it.
        """
        match = None if self._lines else _run(most).match(self.buffer)
        if match is None:
            return None
        end = match.end()
        start = self.buffer.rfind(b"\n", 0, end - 1) + 1
        reply = _short(bytes(self.buffer[start : end - 2]))
        count = self.buffer.count(b"\n", 0, end)
        del self.buffer[:end]
        return count, self._cleaned(reply)

    def next_whole(self, count: int, last: bytes) -> Reply | None:
        """Return the last of `count` positive replies of one short line each; `last` is its first digit.

        None, and nothing is read, when they are not the next, or not all there.
        """
        match = None if self._lines else _whole(count, last).match(self.buffer)
        if match is None:
            return None
        reply = _short(bytes(match[1]))
        del self.buffer[: match.end()]
        return self._cleaned(reply) if self._redactor.secrets else reply

    def _is_last(self, line: bytes) -> bool:
        self._size += len(line)
        if len(line) > MAX_LINE:
            raise _malformed("a reply line longer than 8 KiB")
        match = _LINE.fullmatch(line)
        if match is None:
            raise _malformed(f"{self._redactor.quote(line)} where a reply was expected")
        code, separator, text = match.groups()
        if self._lines and code != self._code:
            raise _malformed(
                f"a reply that begins with {self._code.decode()} and goes on with {code.decode()}"
            )
        self._code = code
        self._lines.append(text or b"")
        if len(self._lines) > MAX_LINES or self._size > MAX_REPLY:
            raise _malformed("a reply of more than 256 lines or 64 KiB")
        return separator != b"-"

    def _cleaned(self, reply: Reply) -> Reply:
        text = self._redactor.clean(reply.text)
        return reply if text is reply.text else replace(reply, text=text)

    def _finish(self) -> Reply:
        code, lines = int(self._code), self._lines
        self._lines, self._code, self._size = [], b"", 0
        return _parse(code, [self._redactor.clean(printable(line)) for line in lines])


@lru_cache(maxsize=512)
def _run(most: int) -> re.Pattern[bytes]:
    return re.compile(rb"(?:2[0-9][0-9] [^\r\n]{0,%d}\r\n){1,%d}" % (MAX_KNOWN - 4, most))


@lru_cache(maxsize=512)
def _whole(count: int, last: bytes) -> re.Pattern[bytes]:
    rest = rb"[0-9][0-9] [^\r\n]{0,%d}" % (MAX_KNOWN - 4)
    return re.compile(rb"(?:2%b\r\n){%d}(%b%b)\r\n" % (rest, count - 1, last, rest))


@lru_cache(maxsize=256)
def _short(line: bytes) -> Reply:
    """Read a line that `_run` or `_whole` has let pass."""
    return _parse(int(line[:3]), [printable(line[4:])])


@lru_cache(maxsize=256)
def _known(line: bytes) -> Reply | None:
    """Read a reply of one line; a server says the same ones again and again."""
    match = _LINE.fullmatch(line)
    if match is None or match[2] == b"-":
        return None
    return _parse(int(match[1]), [printable(match[3] or b"")])


def _parse(code: int, texts: list[str]) -> Reply:
    match = _ENHANCED.match(texts[-1])
    # RFC 2034 §4: the class of the enhanced code agrees with the first digit of the code.
    if match is None or int(match[1][0]) != code // 100:
        return Reply(code=code, text="\n".join(texts))
    enhanced = match[1]
    if len(texts) == 1:
        return Reply(code=code, enhanced=enhanced, text=texts[0][match.end() :])
    # RFC 2034 §3 puts the code on every line; what differs from it is text.
    return Reply(code=code, enhanced=enhanced, text="\n".join(_without(enhanced, text) for text in texts))


def _without(enhanced: str, text: str) -> str:
    match = _ENHANCED.match(text)
    return text[match.end() :] if match is not None and match[1] == enhanced else text


def _malformed(what: str) -> RemoteProtocolError:
    return RemoteProtocolError(
        f"the server sent {what}",
        phase=Phase.COMMAND,
        remedy="Is there an SMTP server on this port?",
    )


def format_reply(code: int, lines: Iterable[str], enhanced: str | None = None) -> bytes:
    """Return the bytes of a reply: every line with its code and, when given, enhanced code."""
    prefix = f"{enhanced} " if enhanced else ""
    texts = [f"{prefix}{line}" for line in lines] or [prefix.rstrip()]
    head = "".join(f"{code}-{text}\r\n" for text in texts[:-1])
    return f"{head}{code} {texts[-1]}\r\n".encode()
