"""Getting a message's octets onto a link: after 354, or in BDAT chunks.

Writes what `Content` yields, in pieces of a size that keeps memory constant, and tells the progress.
The meaning of the replies is `submit`'s business; here it only matters whether the server still
listens. A source that fails in the middle leaves the message without its end, so that nothing half
can be delivered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import MessageRejected, Phase
from envoi.smtp.data import Normaliser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from envoi.message.content import Content
    from envoi.session.link import Link
    from envoi.session.plan import Plan
    from envoi.smtp.replies import Reply

    Progress = Callable[[int, int | None], None]

__all__ = ["Progress", "send_chunks", "send_data", "whole"]

PIECE = 64 * 1024
"""Octets written at once: one system call, one TLS record train, and small beside any interpreter."""
CHUNK = 256 * 1024
"""Octets of a BDAT chunk of a large message."""
CHUNKS_IN_FLIGHT = 8
"""Chunks whose replies may be outstanding when the server offers PIPELINING."""


async def whole(content: Content, planned: Plan) -> bytes:
    """Return a small message in one piece, its line ends made CRLF unless it travels as binary."""
    octets = b"".join([piece async for piece in content.achunks(planned.used)])
    if planned.used.binary:
        return octets
    normaliser = Normaliser()
    clean = normaliser.feed(octets)
    rest = normaliser.finish()
    return clean + rest if rest else clean


async def send_data(
    link: Link,
    content: Content,
    planned: Plan,
    *,
    replies: int,
    ending: Callable[[], None],
    progress: Progress | None,
) -> None:
    """Write the message behind 354, and the final dot.

    Raises:
        MessageRejected: the server refused it before it had it all; the link is closed.
    """
    machine, sent = link.machine, 0
    link.begin(Phase.CONTENT)
    held = bytearray()
    async for piece in _pieces(link, content, planned):
        held += machine.content(piece)
        if len(held) >= PIECE:
            await _check_refusal(link)
            await link.write(bytes(held))
            held.clear()
        sent += len(piece)
        if progress is not None:
            progress(sent, planned.size)
    await _check_refusal(link)
    link.begin(Phase.FINAL)
    ending()
    await link.write(bytes(held) + machine.end_content(replies=replies))


async def send_chunks(
    link: Link,
    content: Content,
    planned: Plan,
    *,
    replies: int,
    ending: Callable[[], None],
    progress: Progress | None,
) -> Reply | None:
    """Write the message in BDAT chunks, the last included; return the reply that refused one, if any did."""
    sent, held = 0, b""
    link.begin(Phase.CONTENT)
    async for chunk in _joined(_clean(_pieces(link, content, planned), planned)):
        if held:
            await link.write(link.machine.chunk(held, last=False))
            # On a lost link only what had arrived before can still be heard.
            ahead = CHUNKS_IN_FLIGHT if planned.pipelining and link.lost is None else 0
            refusal = await _hear_chunks(link, ahead)
            if refusal is not None:
                return refusal
            sent += len(held)
            if progress is not None:
                progress(sent, planned.size)
        held = chunk
    refusal = await _hear_chunks(link, 0)
    if refusal is not None:
        return refusal
    link.begin(Phase.FINAL)
    ending()
    await link.write(link.machine.chunk(held, last=True, replies=replies))
    if progress is not None:
        progress(sent + len(held), planned.size)
    return None


async def _hear_chunks(link: Link, most: int) -> Reply | None:
    while link.machine.outstanding > most:
        _, reply = await link.hear()
        if not reply.positive:
            return reply
    return None


async def _check_refusal(link: Link) -> None:
    reply = await link.overheard()
    if reply is not None:
        raise MessageRejected(
            f"{link.server} refused the message before it had it all: {reply}",
            phase=Phase.CONTENT,
            reply=reply,
        )


async def _pieces(link: Link, content: Content, planned: Plan) -> AsyncIterator[bytes]:
    pieces = content.achunks(planned.used)
    try:
        async for piece in pieces:
            yield piece
    except BaseException:
        link.abort()
        raise


async def _clean(pieces: AsyncIterator[bytes], planned: Plan) -> AsyncIterator[bytes]:
    normaliser = None if planned.used.binary else Normaliser()
    async for piece in pieces:
        yield piece if normaliser is None else normaliser.feed(piece)
    if normaliser is not None:
        yield normaliser.finish()


async def _joined(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in pieces:
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
