"""Attachments: a file, bytes, a stream or a whole message, with a name and a media type.

An `Attachment` describes and refers; its octets are read when the message is sent, piece by piece (`source`).
An inline one is shown inside the HTML that names its content identifier. How a part of the message is made of
it is in `parts`, how its name is written in `parameters`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from envoi.errors import InvalidHeader, UsageError
from envoi.message import media
from envoi.message.characters import refuse_controls, refuse_surrogates, shown
from envoi.message.content import Content
from envoi.message.source import AsyncSource, BytesSource, FileSource, PathSource, Source

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable
    from email.message import Message
    from typing import Any


__all__ = ["Attachment"]

_NOT_IN_IDENTIFIER = re.compile(r"[^A-Za-z0-9!#$&'*+/=?^_`{|}~.@-]+")
_IDENTIFIER = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~.@-]{1,200}")
_NOTHING = BytesSource(b"")
_LONGEST_NAME = 255
"""Characters of a file name; what most file systems take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment; made by `from_path`, `from_bytes`, `from_file`, `from_async_iterator` or `from_email`.

    Attributes:
        source: where the octets come from; unused for an attached message.
        message: the attached message; None for anything else.
        filename: the name shown to the recipient, without folders.
        content_type: type/subtype.
        charset: of a text, when it is known.
        inline: shown in place instead of listed.
        content_id: what HTML refers to as ``cid:…``, without angle brackets.
        description: a line for people.

    Raises:
        InvalidHeader: a file name with path separators or control characters, a wrong media type, …
    """

    source: Source = _NOTHING
    message: Content | None = None
    filename: str | None = None
    content_type: str = media.DEFAULT
    charset: str | None = None
    inline: bool = False
    content_id: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        if self.filename is not None:
            _check_filename(self.filename)
        if self.message is None:
            media.check_type(self.content_type)
        if self.charset is not None and not re.fullmatch(r"[A-Za-z0-9._:+-]{1,40}", self.charset):
            raise InvalidHeader(f"{shown(self.charset)} is no name of a character set")
        if self.description is not None:
            refuse_controls(self.description, "description of the attachment")
        if self.content_id is None and self.inline and self.filename is not None:
            # "cid:logo.png" works without further ado.
            object.__setattr__(self, "content_id", _identifier_of(self.filename))
        elif self.content_id is not None and not _IDENTIFIER.fullmatch(self.content_id):
            raise InvalidHeader(
                f"{shown(self.content_id)} is no content identifier: 1 to 200 ASCII characters without "
                "spaces or brackets"
            )

    @property
    def size(self) -> int | None:
        """Octets before encoding, when they are known."""
        return self.source.size if self.message is None else None

    @property
    def is_async(self) -> bool:
        """Whether only an asynchronous session can read it."""
        return self.source.is_async if self.message is None else self.message.is_async

    @property
    def only_once(self) -> str | None:
        """What to call it in errors when it can be read only once; None when it can be read again."""
        return self.source.only_once if self.message is None else self.message.only_once

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        inline: bool = False,
        content_id: str | None = None,
    ) -> Attachment:
        """A file, as it is now: if it changes before it is sent, sending fails.

        Args:
            path: a regular file.
            filename: another name for the recipient.
            content_type: instead of the guess by the name.
            inline: shown inside the HTML.
            content_id: what the HTML refers to; by default the file name.

        Raises:
            UsageError: the file is missing, not readable, or a directory.
        """
        name = filename if filename is not None else Path(path).name
        return _of(PathSource.of(path), name, content_type, inline=inline, content_id=content_id)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        filename: str | None = None,
        *,
        content_type: str | None = None,
        inline: bool = False,
        content_id: str | None = None,
    ) -> Attachment:
        """Bytes in memory.

        Raises:
            UsageError: text instead of bytes.
        """
        if not isinstance(data, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(f"an attachment is made of bytes, not {type(data).__name__}; encode text first")
        return _of(BytesSource(data), filename, content_type, inline=inline, content_id=content_id)

    @classmethod
    def from_file(
        cls,
        file: BinaryIO,
        filename: str | None = None,
        *,
        content_type: str | None = None,
        size: int | None = None,
        inline: bool = False,
        content_id: str | None = None,
    ) -> Attachment:
        """An open file object, from where it stands. One that cannot seek can be sent once.

        Args:
            file: open in binary mode; it stays open, and must until the message is sent.
            filename: the name for the recipient.
            content_type: instead of the guess by the name.
            size: the octets that it will give, when it cannot seek.
            inline: shown inside the HTML.
            content_id: what the HTML refers to; by default the file name.

        Raises:
            UsageError: it is open in text mode.
        """
        source = FileSource(file, name=filename or "the attached file object", size=size)
        return _of(source, filename, content_type, inline=inline, content_id=content_id)

    @classmethod
    def from_async_iterator(
        cls,
        pieces: AsyncIterable[bytes] | Callable[[], AsyncIterable[bytes]],
        filename: str | None = None,
        *,
        content_type: str | None = None,
        size: int | None = None,
        inline: bool = False,
        content_id: str | None = None,
    ) -> Attachment:
        """An asynchronous iterator, which can be sent once, or a function that makes a new one each time.

        Only asynchronous sessions can send it. Arguments as for `from_file`.
        """
        source = AsyncSource(pieces, name=filename or "the attached iterator", size=size)
        return _of(source, filename, content_type, inline=inline, content_id=content_id)

    @classmethod
    def from_email(
        cls, message: Content | bytes | Message[Any, Any] | Path, filename: str | None = None
    ) -> Attachment:
        """A whole message (message/rfc822): an `Email`, a `RawEmail`, bytes or a file of such.

        Raises:
            UsageError: something else.
        """
        if isinstance(message, Content):
            return cls(message=message, filename=filename)
        from envoi.message.raw import RawContent

        return cls(message=RawContent.of(message), filename=filename)


def _of(
    source: Source, filename: str | None, content_type: str | None, *, inline: bool, content_id: str | None
) -> Attachment:
    guessed = content_type or (media.guess(filename) if filename else media.DEFAULT)
    if content_type is None and guessed.startswith(("message/", "multipart/")):
        guessed = media.DEFAULT  # an .eml file as a file: its octets may be anything
    return Attachment(
        source=source, filename=filename, content_type=guessed, inline=inline, content_id=content_id
    )


@lru_cache(maxsize=256)
def _identifier_of(filename: str) -> str:
    return _NOT_IN_IDENTIFIER.sub("-", filename)[:200]


@lru_cache(maxsize=256)
def _check_filename(name: str) -> None:
    refuse_controls(name, "file name of the attachment")
    refuse_surrogates(name, "file name of the attachment", InvalidHeader)
    if "/" in name or "\\" in name:
        raise InvalidHeader(f"the file name {shown(name)} contains a path separator; give the name alone")
    if not name.strip(" .") or len(name) > _LONGEST_NAME:
        raise InvalidHeader(
            f"{shown(name)} is no file name: empty, only dots, or over {_LONGEST_NAME} characters"
        )
