"""Tasks that send together over one session: each has its own end, and nobody hangs."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from envoi import Accepted, AsyncSMTPSession, DeliveryError, RawEmail, Receipt
from envoi.session.joining import Joining
from envoi.session.tally import MAYBE_REMEDY
from envoi.testing import SMTPServer, faults
from tests.client.crowds import SPEECHLESS, begun, end_of, joining_of, resets, said, to_nobody, until
from tests.client.test_session import numbered, subjects


def test_tasks_that_go_on_sending_share_turns(server: SMTPServer) -> None:
    """Whoever has a result and sends again meets the others in the next turn."""

    async def work(session: AsyncSMTPSession, first: int) -> None:
        for number in range(first, first + 5):
            await session.send(numbered(number))

    async def main() -> None:
        async with AsyncSMTPSession(**server.session_options(), window=8) as session:
            await asyncio.gather(*(work(session, 5 * index) for index in range(8)))

    asyncio.run(main())
    assert Counter(subjects(server)) == Counter(map(str, range(40)))
    assert resets(server) > 20


@pytest.mark.parametrize("at", [1, 2])
def test_a_cancelled_task_leaves_the_others_alone(server: SMTPServer, at: int) -> None:
    """Flying, it may have been taken; the others have their receipts."""
    server.faults.append(faults.delay("CONTENT", 0.2, nth=1))

    async def main() -> list[Any]:
        async with AsyncSMTPSession(**server.session_options(), window=8) as session:
            tasks = begun(session, 4)
            await until(lambda: said(server, "MAIL FROM") > 0)
            tasks[at].cancel()
            return await asyncio.gather(*tasks)

    results = asyncio.run(main())
    cancelled = results.pop(at)
    assert isinstance(cancelled, asyncio.CancelledError)
    assert cancelled.__notes__ == [MAYBE_REMEDY]
    assert all(isinstance(result, Receipt) for result in results)
    assert subjects(server) == ["0", "1", "2", "3"]
    assert len(server.dialogues) == 1


def test_a_task_that_is_cancelled_in_the_queue_sends_nothing(server: SMTPServer) -> None:
    async def main() -> list[Any]:
        async with AsyncSMTPSession(**server.session_options(), window=8) as session:
            async with session._lock:
                tasks = begun(session, 3)
                await until(lambda: len(joining_of(session).slots) == 3)
                tasks[1].cancel()
                await tasks[1]
            return await asyncio.gather(*tasks)

    results = asyncio.run(main())
    assert [type(result) for result in results] == [Receipt, asyncio.CancelledError, Receipt]
    assert not hasattr(results[1], "__notes__")
    assert subjects(server) == ["0", "2"]


@pytest.mark.parametrize(
    ("silent", "doubtful"),
    [([faults.silence("HELLO", connection=1)], False), (SPEECHLESS, True)],
    ids=["hello", "flying"],
)
def test_the_last_to_be_cancelled_closes_the_connection(silent: list[faults.Fault], doubtful: bool) -> None:
    """As it is with a lone `send`: who is not waited for does not stay under way."""

    async def main(server: SMTPServer) -> list[Any]:
        session = AsyncSMTPSession(**server.session_options(), window=8)
        tasks = begun(session, 3)
        await until(lambda: said(server, "MAIL FROM" if doubtful else "EHLO") > 0)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks)
        assert not session.is_open
        await session.send(numbered(9))
        await session.close()
        return results

    with SMTPServer(security="plaintext", faults=silent) as server:
        results = asyncio.run(main(server))
        assert [type(result) for result in results] == [asyncio.CancelledError] * 3
        assert [getattr(result, "__notes__", []) for result in results] == [
            [MAYBE_REMEDY] if doubtful else []
        ] * 3
        assert subjects(server)[-1] == "9"
        assert doubtful or len(subjects(server)) == 1
        assert len(server.dialogues) == 2


def test_a_result_and_a_cancellation_may_come_at_once(
    server: SMTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[asyncio.Task[Any]] = []
    tell = Joining._tell

    def tell_and_cancel(self: Joining, mails: Any, results: Any) -> None:
        tell(self, mails, results)
        tasks[-1].cancel()

    async def main(mail: RawEmail) -> BaseException:
        async with AsyncSMTPSession(**server.session_options(), window=8) as session:
            tasks.append(asyncio.create_task(end_of(session.send(mail))))
            return await tasks[-1]

    monkeypatch.setattr(Joining, "_tell", tell_and_cancel)
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="no@example.org"))
    assert asyncio.run(main(numbered(1))).__notes__ == [MAYBE_REMEDY]
    refused = asyncio.run(main(to_nobody(2)))
    assert isinstance(refused, asyncio.CancelledError)
    assert not hasattr(refused, "__notes__")


def test_close_waits_for_those_who_came_before(server: SMTPServer) -> None:
    server.faults.append(faults.delay("CONTENT", 0.1, nth=1))

    async def main() -> list[Any]:
        session = AsyncSMTPSession(**server.session_options(), window=2)
        tasks = begun(session, 5)
        await until(lambda: said(server, "MAIL FROM") > 0)
        await session.close()
        return await asyncio.gather(*tasks)

    assert len(asyncio.run(main())) == 5
    assert subjects(server) == ["0", "1", "2", "3", "4"]
    assert server.dialogues[0][-2:] != []
    assert said(server, "QUIT") == 1


@pytest.mark.parametrize("silent", [SPEECHLESS, []], ids=["flying", "not begun"])
def test_nobody_hangs_when_the_task_that_drives_is_cancelled(silent: list[faults.Fault]) -> None:
    """What flew may have been taken; what was only queued was not."""

    async def main(server: SMTPServer) -> list[Any]:
        session = AsyncSMTPSession(**server.session_options(), window=2)
        tasks = begun(session, 4)
        if silent:
            await until(lambda: said(server, "MAIL FROM") > 0)
        else:
            # It has not even begun.
            await until(lambda: len(joining_of(session).slots) == 4)
        [driver] = asyncio.all_tasks() - {*tasks, asyncio.current_task()}
        driver.cancel()
        results = await asyncio.gather(*tasks)
        await session.send(numbered(9))
        await session.close()
        return results

    with SMTPServer(security="plaintext", faults=silent) as server:
        results = asyncio.run(main(server))
        assert all(isinstance(result, DeliveryError) for result in results)
        maybe = [result.accepted is Accepted.MAYBE for result in results]
        assert maybe == ([True, True, False, False] if silent else [False] * 4)
        assert subjects(server)[-1] == "9"


def test_a_loop_that_ends_leaves_nothing_behind(server: SMTPServer) -> None:
    """All tasks are cancelled at once; the session goes on in another loop."""
    session = AsyncSMTPSession(**server.session_options(), window=4)
    left: list[asyncio.Task[Any]] = []

    async def leave() -> None:
        left.extend(begun(session, 3))
        await until(lambda: said(server, "MAIL FROM") > 0)

    async def again() -> Receipt:
        try:
            return await session.send(numbered(9))
        finally:
            await session.close()

    server.faults.extend(SPEECHLESS)
    asyncio.run(leave())
    assert all(task.result().__notes__ == [MAYBE_REMEDY] for task in left)
    assert asyncio.run(again()).accepted
    assert subjects(server)[-1] == "9"
