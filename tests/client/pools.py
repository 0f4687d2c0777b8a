"""Both colours of pool behind one face, and what many do with one at once."""

from __future__ import annotations

import asyncio
import select
import threading
from typing import TYPE_CHECKING, Any

from envoi import RawEmail
from envoi.pool import AsyncSMTPPool, SMTPPool
from tests.client.colours import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envoi.pool import PoolStats
    from envoi.testing import SMTPServer
    from tests.client.colours import Colour

ENVELOPE: dict[str, Any] = {"sender": "a@example.org", "recipients": ["b@example.org"]}


def numbered(number: int) -> RawEmail:
    """One of many mails."""
    return RawEmail(f"Subject: {number}\r\n\r\nHello\r\n".encode(), **ENVELOPE)


def subjects(*servers: SMTPServer) -> list[str]:
    """What arrived, in order."""
    return [str(message.email["Subject"]) for server in servers for message in server.messages]


def make_pool(colour: Colour, *servers: Any, **options: Any) -> Any:
    """A pool whose methods block."""
    return colour.wrapped(kind_of(colour)(*servers, **options))


def kind_of(colour: Colour) -> type[SMTPPool | AsyncSMTPPool]:
    """The class."""
    return SMTPPool if colour.kind.__name__ == "SMTPSession" else AsyncSMTPPool


def inside(pool: Any) -> Any:
    """The pool itself."""
    return pool._session if isinstance(pool, Waiting) else pool


def stats_of(pool: Any) -> PoolStats:
    """Its figures."""
    return in_its_world(pool, lambda: inside(pool).stats)


def in_its_world(pool: Any, ask: Callable[[], Any]) -> Any:
    """What this returns where the pool lives: inside its event loop, if it has one."""

    async def main() -> Any:
        return ask()

    return pool._runner.run(main()) if isinstance(pool, Waiting) else ask()


def connected(pool: Any) -> list[Any]:
    """The links of its connections."""
    held = inside(pool)
    lendings = held._lendings.values() if isinstance(held, AsyncSMTPPool) else [held._lending]
    places = [place for lending in lendings for place in lending._desk.places]
    return [place.held._link for place in places if place.held is not None]


def await_news(pool: Any) -> None:
    """Wait until the server has said something, or has left."""
    [link] = connected(pool)
    plug = link._stream._channel._socket
    assert plug.fileno() < 0 or select.select([plug], [], [], 30)[0]


def send_together(pool: Any, mails: Iterable[Any], results: list[Any] | None = None) -> list[Any]:
    """What becomes of mails that are sent by a thread or task each: receipts and errors, as they come."""
    results = [] if results is None else results
    if isinstance(pool, Waiting):
        pool._runner.run(_in_tasks(pool._session, mails, results))
        return results

    def send(mail: Any) -> None:
        try:
            results.append(pool.send(mail))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall know
            results.append(error)

    threads = [threading.Thread(target=send, args=(mail,)) for mail in mails]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


async def _in_tasks(pool: AsyncSMTPPool, mails: Iterable[Any], results: list[Any]) -> None:
    async def send(mail: Any) -> None:
        try:
            results.append(await pool.send(mail))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall know
            results.append(error)

    await asyncio.gather(*map(send, mails))
