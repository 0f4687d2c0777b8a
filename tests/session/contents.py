"""Content that the session's tests make up: pieces of any size, known length or not, and failing ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from envoi.message.content import Requirements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from envoi.message.content import WireEncoding


@dataclass
class Pieces:
    """A message in these pieces; an exception among them is raised in its place."""

    pieces: Sequence[bytes | BaseException]
    known: int | None = None
    body: Literal["7bit", "8bitmime", "binarymime"] = "7bit"
    message_id: str | None = None
    used: list[WireEncoding] = field(default_factory=list)
    is_async: bool = False
    only_once: str | None = None

    def requirements(self, offered: WireEncoding) -> Requirements:
        return Requirements(body=self.body if offered.binary or self.body != "binarymime" else "8bitmime")

    def size(self, used: WireEncoding) -> int | None:
        return self.known

    def chunks(self, used: WireEncoding) -> Iterator[bytes]:
        self.used.append(used)
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    async def achunks(self, used: WireEncoding) -> AsyncIterator[bytes]:
        for piece in self.chunks(used):
            yield piece
