"""A source whose base64 is made once, for an attachment that goes to many recipients.

The first message that is sent encodes it; every further one hands on the same pieces. Whoever makes one
decides that the octets are few enough to be held (`envoi.message.templates`). Pieces and not one block, so
that sending stays what it is: bounded writes. How base64 is made is in `encode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.encode import encoded
from envoi.message.source import at_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from envoi.message.source import Source

__all__ = ["SharedSource"]


class SharedSource:
    """A source that many messages share.

    Once encoded, a file is not looked at again: all recipients get the same octets, even if it changes.

    Args:
        source: where the octets come from; its size is known, and it is not asynchronous.
    """

    __slots__ = ("_encoded", "_source")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._encoded: tuple[bytes, ...] | None = None

    @property
    def size(self) -> int | None:
        """Octets in all."""
        return self._source.size

    @property
    def is_async(self) -> bool:
        """No."""
        return False

    def chunks(self) -> Iterator[bytes]:
        """The octets as they are; not held, since few servers take them so.

        Raises:
            UsageError: the source changed, broke off, or cannot be read twice.
        """
        return self._source.chunks()

    def achunks(self) -> AsyncIterator[bytes]:
        """The same."""
        return at_once(self.chunks())

    def encoded(self) -> tuple[bytes, ...]:
        """The octets in lines of base64; read and encoded by the first caller.

        Raises:
            UsageError: as for `chunks`.
        """
        found = self._encoded
        if found is None:
            found = self._encoded = tuple(encoded(self._source.chunks()))
        return found
