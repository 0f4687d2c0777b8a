"""A source whose base64 is made once, for an attachment that goes to many recipients.

The first message that is sent encodes it; every further one hands on the same octets. A few are held in
memory, in pieces and not one block, so that sending stays what it is: bounded writes. Many are kept in a
`spool`. Who decides that is `envoi.message.templates`; how base64 is made is in `encode`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from envoi.message.encode import encoded
from envoi.message.source import at_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from envoi.message.source import Source

__all__ = ["SharedSource"]

_TOGETHER = 4
"""Blocks of base64 in a piece that is held: some 80 KiB."""


class SharedSource:
    """A source that many messages share.

    Once encoded, a file is not looked at again: all recipients get the same octets, even if it changes.

    Args:
        source: where the octets come from; its size is known, and it is not asynchronous.
        name: what it is, for errors.
        held: whether the encoded octets are kept in memory; in a temporary file otherwise.
    """

    __slots__ = ("_encoded", "_held", "_name", "_source")

    def __init__(self, source: Source, *, name: str = "the attachment", held: bool = True) -> None:
        self._source = source
        self._name = name
        self._held = held
        self._encoded: Iterable[bytes] | None = None

    @property
    def size(self) -> int | None:
        """Octets in all."""
        return self._source.size

    @property
    def is_async(self) -> bool:
        """No."""
        return False

    @property
    def only_once(self) -> str | None:
        """None: what is encoded is read as often as needed."""
        return None

    def chunks(self) -> Iterator[bytes]:
        """The octets as they are; not held, since few servers take them so.

        Raises:
            UsageError: the source changed, broke off, or cannot be read twice.
        """
        return self._source.chunks()

    def achunks(self) -> AsyncIterator[bytes]:
        """The same."""
        return at_once(self.chunks())

    def encoded(self) -> Iterable[bytes]:
        """The octets in lines of base64; read and encoded by the first caller.

        Raises:
            UsageError: as for `chunks`, or there is no room to keep them.
        """
        if self._encoded is None:
            self._encoded = self._kept(encoded(self._source.chunks()))
        return self._encoded

    def _kept(self, blocks: Iterator[bytes]) -> Iterable[bytes]:
        if self._held:
            return tuple(iter(lambda: b"".join(islice(blocks, _TOGETHER)), b""))
        from envoi.message.spool import Spool

        return Spool(blocks, name=self._name)
