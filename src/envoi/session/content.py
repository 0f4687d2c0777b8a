"""Getting a message's octets onto a link: after 354, or in BDAT chunks.

`Upload` writes what `Content` yields, in pieces of a size that keeps memory constant, and tells the
progress. What the replies mean is `submit`'s business; here it only matters whether the server still
listens. A source that fails in the middle leaves the message without its end, so that nothing half
can be delivered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import MessageRejected, Phase
from envoi.smtp.data import Normaliser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from envoi.message.content import Content
    from envoi.session.link import Link
    from envoi.session.plan import Plan
    from envoi.smtp.replies import Reply

__all__ = ["Progress", "Upload", "check_refusal"]

Progress = Callable[[int, "int | None"], None]
"""Told the octets sent so far, and the total or None when it is unknown."""

PIECE = 64 * 1024
"""Octets written at once: one system call, one TLS record train, and small beside any interpreter."""
CHUNK = PIECE
"""Octets of a BDAT chunk of a large message."""
CHUNKS_IN_FLIGHT = 16
"""Chunks whose replies may be outstanding when the server offers PIPELINING."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One message on its way.

    Attributes:
        replies: how many replies the end of it will get: one, or for LMTP one per recipient.
        ending: awaited before the end of the message is written; what it raises ends the link without it.
        progress: told how far it got.
    """

    link: Link
    content: Content
    planned: Plan
    replies: int
    ending: Callable[[], Awaitable[None]]
    progress: Progress | None

    async def by_data(self) -> None:
        """Write the message behind 354, and the final dot.

        Raises:
            MessageRejected: the server refused it before it had it all; the link is closed.
        """
        self.link.begin(Phase.CONTENT)
        try:
            await self._write_lines()
        except BaseException:
            self.link.abort()
            raise

    async def by_chunks(self) -> Reply | None:
        """Write the message in BDAT chunks, the last included; return the reply that refused one, if any."""
        self.link.begin(Phase.CONTENT)
        try:
            return await self._write_chunks()
        except BaseException:
            self.link.abort()
            raise

    async def _write_lines(self) -> None:
        link, machine, sent = self.link, self.link.machine, 0
        held = bytearray()
        async for piece in _pieces(self.content, self.planned):
            held += machine.content(piece)
            if len(held) >= PIECE:
                await check_refusal(link)
                await link.write(bytes(held))
                held.clear()
            sent += len(piece)
            self._tell(sent)
        await check_refusal(link)
        await self.ending()
        link.begin(Phase.FINAL)
        await link.write(bytes(held) + machine.end_content(replies=self.replies))

    async def _write_chunks(self) -> Reply | None:
        sent, held = 0, b""
        async for chunk in _joined(_for_bdat(self.content, self.planned)):
            if held:
                await self._say_chunk(held)
                # On a lost link only what had arrived before can still be heard.
                ahead = CHUNKS_IN_FLIGHT if self.planned.pipelining and self.link.lost is None else 0
                refusal = await self._hear_chunks(ahead)
                if refusal is not None:
                    return refusal
                sent += len(held)
                self._tell(sent)
            held = chunk
        refusal = await self._hear_chunks(0)
        if refusal is None:
            await self._say_chunk(held, last=True)
            self._tell(sent + len(held))
        return refusal

    async def _say_chunk(self, octets: bytes, *, last: bool = False) -> None:
        link = self.link
        if not link.machine.outstanding:
            await link.check_turn()
        if last:
            await self.ending()
            link.begin(Phase.FINAL)
        await link.write(link.machine.chunk(octets, last=last, replies=self.replies if last else 1))

    async def _hear_chunks(self, most: int) -> Reply | None:
        while self.link.machine.outstanding > most:
            _, reply = await self.link.hear()
            if not reply.positive:
                return reply
        return None

    def _tell(self, sent: int) -> None:
        if self.progress is not None:
            self.progress(sent, self.planned.size)


async def check_refusal(link: Link) -> None:
    """Make sure that the server still listens to the message.

    Raises:
        MessageRejected: it refused it before it had it all; the link is closed.
    """
    reply = await link.overheard()
    if reply is not None:
        raise MessageRejected(
            f"{link.server} refused the message before it had it all: {reply}",
            phase=Phase.CONTENT,
            reply=reply,
        )


async def _for_bdat(content: Content, planned: Plan) -> AsyncIterator[bytes]:
    """Yield the octets as BDAT carries them: CRLF line ends, unless they are declared to be binary."""
    if planned.used.binary:
        async for piece in _pieces(content, planned):
            yield piece
        return
    normaliser = Normaliser()
    async for piece in _pieces(content, planned):
        yield normaliser.feed(piece)
    yield normaliser.finish()


async def _pieces(content: Content, planned: Plan) -> AsyncIterator[bytes]:
    """Yield the content, cut where its own pieces are large: each step on the way makes a copy."""
    async for piece in content.achunks(planned.used):
        for start in range(0, len(piece), PIECE):
            yield piece[start : start + PIECE]


async def _joined(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in pieces:
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
