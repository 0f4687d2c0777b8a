"""Messages composed elsewhere: bytes, a standard-library message, or a file on disk.

The bytes are sent as they are, `Bcc` fields excepted: nothing is decoded, folded or encoded again, so that
signatures stay valid. A `RawEmail` of bytes is scanned for octets above 127 and for bare newlines, and copies
nothing but the header. Repairing line ends and stuffing dots is left to `envoi.smtp`; composing is done by
`email` and `compose`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import IncrementalNewlineDecoder
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import NotSupportedByServer, UsageError
from envoi.message.content import Requirements, WireEncoding
from envoi.message.envelope import DeliveryOptions, Envelope, Recipient
from envoi.message.source import PathSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from datetime import datetime
    from email.message import Message
    from typing import Any

    from envoi.message.problems import Problem

__all__ = ["RawContent", "RawEmail"]

_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:\s*(<[^<>\r\n]*>)", re.IGNORECASE | re.MULTILINE)
_BCC = re.compile(rb"^(?:resent-)?bcc[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n|\Z)", re.IGNORECASE | re.MULTILINE)
_LONGEST_HEADER = 1 << 20
"""Octets at the start of a file within which its header must end."""
_SHORT = 64 * 1024
"""Octets that may be kept in memory for longer than the caller keeps them."""
_AS_IT_IS = WireEncoding(eightbit=True, smtputf8=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawContent:
    """The bytes of a message, ready to be sent again and again.

    Attributes:
        message_id: the `Message-ID` as it stands in the header.
        header: the header fields, without the blank line.
        data: the message; for a file, its header and the blank line only.
        file: the rest, when that is on disk.
        ascii: whether no octet is above 127.
        newlines: how many LF have no CR before them, and get one on their way.
        ended: whether the last line has its end; else it gets one on its way.
        repaired: whether every line ends in CRLF, the last one too.
        sevenbit: the same message for servers without 8BITMIME, when there is one.
    """

    message_id: str | None
    header: bytes = field(repr=False)
    data: bytes = field(repr=False)
    file: PathSource | None = None
    ascii: bool
    newlines: int = 0
    ended: bool = True
    repaired: bool = False
    sevenbit: RawContent | None = None

    @classmethod
    def of(cls, raw: bytes | Message[Any, Any] | Path) -> RawContent:
        """The content of bytes, of a standard-library message as it is now, or of a file as it is now.

        Raises:
            UsageError: something else, or a file that cannot be read.
        """
        if isinstance(raw, bytes):
            return _remembered(_of_bytes(raw), raw)
        if isinstance(raw, Path):
            return _of_file(raw)
        if not callable(getattr(raw, "walk", None)):
            raise UsageError(f"a raw message is bytes, an email.message.Message or a Path, not {_kind(raw)}")
        from envoi.message.stdlib import serialised

        eightbit = serialised(raw, eightbit=True)
        if eightbit.isascii():
            return _of_bytes(eightbit)
        return _of_bytes(eightbit, _of_bytes(serialised(raw, eightbit=False)))

    @property
    def plain(self) -> bytes | None:
        """The octets, when they are at hand and any server takes them as they stand; else None."""
        return self.data if self.repaired and self.ascii and self.file is None else None

    @property
    def is_async(self) -> bool:
        """Bytes and files need no waiting."""
        return False

    @property
    def only_once(self) -> str | None:
        """None: both are read as often as needed."""
        return None

    def requirements(self, offered: WireEncoding) -> Requirements:
        """What these bytes need.

        Raises:
            NotSupportedByServer: octets above 127 where the server takes none.
        """
        if self.ascii:
            return _REPAIRED if self.repaired else _PLAIN
        if not self.header.isascii() and not offered.smtputf8:
            raise NotSupportedByServer(
                "the header of the raw message contains UTF-8 and the server does not offer SMTPUTF8; "
                "encode the header fields (RFC 2047), or send through a server that takes them"
            )
        if offered.eightbit:
            return Requirements(body="8bitmime", smtputf8=not self.header.isascii(), repaired=self.repaired)
        if self.sevenbit is not None:
            return self.sevenbit.requirements(offered)
        raise NotSupportedByServer(
            "the raw message contains octets above 127 and the server does not offer 8BITMIME; "
            "encode its bodies as quoted-printable or base64, or send an Email, which does so by itself"
        )

    def size(self, used: WireEncoding) -> int | None:
        """The number of octets, each LF with its CR; lone CRs are not looked for."""
        content = self._fitting(used)
        return len(content.data) + (content.file.size if content.file else 0) + content.newlines

    def chunks(self, used: WireEncoding) -> Iterator[bytes]:
        """The message as it stands.

        Raises:
            UsageError: while iterating: the file changed since this value was made.
        """
        content = self._fitting(used)
        return iter((content.data,)) if content.file is None else _with_file(content.data, content.file)

    async def achunks(self, used: WireEncoding) -> AsyncIterator[bytes]:
        """The same; bytes and files need no waiting."""
        for chunk in self.chunks(used):
            yield chunk

    def _fitting(self, used: WireEncoding) -> RawContent:
        return self if self.sevenbit is None or used.eightbit else self.sevenbit


@dataclass(frozen=True, slots=True, init=False, eq=False)
class RawEmail:
    """A finished message with its envelope: `RawEmail(data, sender="a@example.org", recipients=[…])`.

    Attributes:
        content: the bytes.
        sender: the envelope sender, bare; empty for the null sender.
        recipients: the envelope recipients.
        options: what the server is asked to do.
    """

    content: RawContent
    _envelope: Envelope

    def __init__(
        self,
        raw: bytes | Message[Any, Any] | Path,
        *,
        sender: str,
        recipients: Iterable[str | Recipient],
        options: DeliveryOptions | None = None,
    ) -> None:
        """Take the message as it is now; later changes of the object or the file are not sent.

        Raises:
            InvalidAddress: an envelope address is wrong, or there is no recipient.
            UsageError: `raw` is something else, or a file that cannot be read.
        """
        _write_envelope(self, Envelope.of(sender, recipients, options))
        last = _last.content
        _write_content(self, last if last.data is raw else RawContent.of(raw))

    @property
    def sender(self) -> str:
        """The envelope sender, bare; empty for the null sender."""
        return self._envelope.sender

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """The envelope recipients."""
        return self._envelope.recipients

    @property
    def options(self) -> DeliveryOptions:
        """What the server is asked to do."""
        return self._envelope.options

    @property
    def message_id(self) -> str | None:
        """The `Message-ID` as it stands in the header."""
        return self.content.message_id

    def envelope(self, options: DeliveryOptions | None = None) -> Envelope:
        """The envelope, with other options when some are given."""
        if options is None:
            return self._envelope
        return Envelope(sender=self.sender, recipients=self.recipients, options=options)

    @property
    def is_async(self) -> bool:
        """See `RawContent.is_async`."""
        return False

    @property
    def only_once(self) -> str | None:
        """See `RawContent.only_once`."""
        return None

    def requirements(self, offered: WireEncoding) -> Requirements:
        """See `RawContent.requirements`."""
        return self.content.requirements(offered)

    def size(self, used: WireEncoding) -> int | None:
        """The number of octets on the wire; see `RawContent.size`."""
        size = self.content.size(used)
        return size if size is None or self.content.ended else size + 2

    def chunks(self, used: WireEncoding) -> Iterator[bytes]:
        """See `RawContent.chunks`."""
        return self.content.chunks(used)

    def problems(self, *, now: datetime | None = None) -> tuple[Problem, ...]:
        """What will hurt the mail, the worst first, each with its remedy.

        Args:
            now: the present, an aware instant; without it no date is too old.

        Raises:
            UsageError: the file changed since this value was made.
        """
        from envoi.message.problems import examine

        return examine(self.chunks(_AS_IT_IS), now=now, recipients=len(self.recipients))

    def achunks(self, used: WireEncoding) -> AsyncIterator[bytes]:
        """See `RawContent.achunks`."""
        return self.content.achunks(used)


_PLAIN = Requirements()
_REPAIRED = Requirements(repaired=True)
# Past the guard of a frozen class, and faster than by name: there is one for every mail.
(
    _write_message_id,
    _write_header,
    _write_data,
    _write_file,
    _write_ascii,
    _write_newlines,
    _write_ended,
    _write_repaired,
    _write_sevenbit,
) = (vars(RawContent)[name].__set__ for name in RawContent.__slots__)
_write_content, _write_envelope = (vars(RawEmail)[name].__set__ for name in ("content", "_envelope"))


class _Last:
    """What was made of the last short octets: often one text goes to many, to each alone."""

    __slots__ = ("content",)

    def __init__(self) -> None:
        self.content = _of_bytes(b"")


def _remembered(content: RawContent, raw: bytes) -> RawContent:
    if len(raw) <= _SHORT and content.data is raw:
        _last.content = content
    return content


def _of_bytes(raw: bytes, sevenbit: RawContent | None = None) -> RawContent:
    end = _end_of_header(raw)
    header = raw[:end]
    if b"bcc" in header.lower():
        kept = _BCC.sub(b"", header)
        if kept != header:
            header, raw = kept.rstrip(b"\r\n"), kept.rstrip(b"\r\n") + raw[end:]
    in_order = raw.endswith(b"\n") and raw.isascii() and _line_ends(raw).newlines in _ONLY_CRLF
    ascii_only, newlines, ended, repaired = (True, 0, True, True) if in_order else _surveyed((raw,))
    content = object.__new__(RawContent)
    _write_message_id(content, _message_id(header))
    _write_header(content, header)
    _write_data(content, raw)
    _write_file(content, None)
    _write_ascii(content, ascii_only)
    _write_newlines(content, newlines)
    _write_ended(content, ended)
    _write_repaired(content, repaired)
    _write_sevenbit(content, sevenbit)
    return content


def _of_file(path: Path) -> RawContent:
    file = PathSource.of(path)
    start = file.head(_LONGEST_HEADER)
    end = _end_of_header(start)
    if end == len(start) == _LONGEST_HEADER:
        raise UsageError(f"{path} is no mail message: no blank line in its first {_LONGEST_HEADER} octets")
    top = _of_bytes(start[:end])
    rest = file.after(end)
    ascii_only, newlines, ended, repaired = _surveyed(chain((top.data,), rest.chunks()))
    return RawContent(
        message_id=top.message_id,
        header=top.header,
        data=top.data,
        file=rest,
        ascii=ascii_only,
        newlines=newlines,
        ended=ended,
        repaired=repaired,
    )


def _surveyed(pieces: Iterable[bytes]) -> tuple[bool, int, bool, bool]:
    """Whether all of it is ASCII, how many LF have no CR before them, and whether the last line is ended.

    Lastly, whether that is true of all lines, by CRLF.
    """
    ascii_only, newlines, last, kinds = True, 0, b"\n", None
    for piece in pieces:
        ascii_only = ascii_only and piece.isascii()
        kinds = _line_ends(piece, kinds)
        if kinds.newlines not in _ONLY_CRLF:
            newlines += piece.count(b"\n") - piece.count(b"\r\n")
            newlines -= last == b"\r" and piece.startswith(b"\n")
        last = piece[-1:] or last
    repaired = last == b"\n" and (kinds is None or kinds.newlines in _ONLY_CRLF)
    return ascii_only, newlines, last in (b"\n", b"\r"), repaired


_ONLY_CRLF = (None, "\r\n")


def _line_ends(octets: bytes, kinds: IncrementalNewlineDecoder | None = None) -> IncrementalNewlineDecoder:
    """Note the kinds of line ends, without counting them, which takes four times as long."""
    kinds = kinds or IncrementalNewlineDecoder(None, translate=False)
    kinds.decode(octets.decode("latin-1"))
    return kinds


def _message_id(header: bytes) -> str | None:
    # As nearly all write it; looking for any spelling from the start takes ten times as long.
    start = max(header.find(b"\nMessage-ID:"), 0)
    found = _MESSAGE_ID.search(header, start)
    return found[1].decode("utf-8", "replace") if found else None


def _with_file(data: bytes, file: PathSource) -> Iterator[bytes]:
    yield data
    yield from file.chunks()


def _end_of_header(raw: bytes) -> int:
    """Where the blank line begins that ends the header, or the length when there is none."""
    end = raw.find(b"\r\n\r\n")
    # Only a shorter header may end in bare newlines: the body is not searched twice.
    bare = raw.find(b"\n\n", 0, end) if end >= 0 else raw.find(b"\n\n")
    return bare if bare >= 0 else end if end >= 0 else len(raw)


def _kind(value: object) -> str:
    return type(value).__name__


_last = _Last()
