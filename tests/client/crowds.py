"""Crowds: tasks or threads that send over one session at the same time, and a judge of what they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from envoi import Accepted, AsyncSMTPSession, EnvoiError, RawEmail, Receipt, SMTPSession
from envoi.testing import faults
from tests.client.test_session import numbered, subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from envoi.session.joining import Joining
    from envoi.testing import SMTPServer
    from tests.client.colours import Colour

MANY = 24
# On the first connection; one missing reply among others would be taken for the next one.
SPEECHLESS = [faults.silence(at, connection=1) for at in ("MAIL", "RCPT", "CONTENT", "RSET")]


def to_nobody(number: int) -> RawEmail:
    """A mail that is refused."""
    return RawEmail(
        f"Subject: {number}\r\n\r\nHello\r\n".encode(), sender="a@example.org", recipients=["no@example.org"]
    )


def resets(server: SMTPServer) -> int:
    """How many transactions were said behind one that was not answered yet."""
    return sum("C: RSET" in line for lines in server.dialogues for line in lines)


def said(server: SMTPServer, what: str) -> int:
    """How many lines of clients have this in them."""
    return sum(what in line for lines in server.dialogues for line in lines if line.startswith("C: "))


def check(results: dict[int, Any], server: SMTPServer) -> None:
    """Hold what was told against what the server has."""
    had = Counter(subjects(server))
    for number, result in results.items():
        times = had[str(number)]
        if isinstance(result, Receipt):
            assert times == 1
        else:
            assert isinstance(result, EnvoiError)
            assert times <= (result.accepted is Accepted.MAYBE)


def together(colour: Colour, server: SMTPServer, mails: dict[int, Any], window: int = 64) -> dict[int, Any]:
    """Send these at the same time, and return what became of each."""
    if colour.kind is AsyncSMTPSession:
        return asyncio.run(in_tasks(server, mails, window))
    return in_threads(server, mails, window)


async def in_tasks(server: SMTPServer, mails: dict[int, Any], window: int) -> dict[int, Any]:
    async with AsyncSMTPSession(**server.session_options(), window=window) as session:
        results = await asyncio.gather(*map(session.send, mails.values()), return_exceptions=True)
    return dict(zip(mails, results, strict=True))


def in_threads(server: SMTPServer, mails: dict[int, Any], window: int) -> dict[int, Any]:
    results = dict[int, Any]()
    with (
        SMTPSession(**server.session_options(), window=window) as session,
        meeting(session, len(mails)) as begin,
    ):
        for number, mail in mails.items():
            begin(sending(session, number, mail, results))
    return results


def sending(session: SMTPSession, number: int, mail: Any, results: dict[int, Any]) -> Callable[[], None]:
    """Send a mail and tell what became of it."""

    def work() -> None:
        try:
            results[number] = session.send(mail)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shall know
            results[number] = error

    return work


def joining_of(session: SMTPSession | AsyncSMTPSession) -> Joining:
    """Its queue."""
    joint: Any = session._joint
    joining: Joining = joint._crew.joining if isinstance(session, SMTPSession) else joint._joining
    return joining


@contextmanager
def meeting(session: SMTPSession, count: int) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Begin threads while the session is kept busy, until so many mails are queued."""
    threads: list[Thread] = []

    def begin(work: Callable[[], None]) -> None:
        threads.append(Thread(target=work))
        threads[-1].start()

    with session._lock.held:
        yield begin
        while len(joining_of(session).slots) < count:
            pass
    for thread in threads:
        thread.join()


@contextmanager
def driven(session: SMTPSession) -> Iterator[None]:
    """Have threads wait as if another drove; whoever comes after this drives for them."""
    joint: Any = session._joint
    joint._crew._driver = object()
    yield
    joint._crew._driver = None


async def end_of(flow: Coroutine[Any, Any, Receipt]) -> Receipt | BaseException:
    """Return what became of it; gathering would replace a cancellation by another, without notes."""
    try:
        return await flow
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test shall know
        return error


def begun(session: AsyncSMTPSession, count: int) -> list[asyncio.Task[Any]]:
    """Tasks that send."""
    return [asyncio.create_task(end_of(session.send(numbered(number)))) for number in range(count)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for another task, or the server."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0)
