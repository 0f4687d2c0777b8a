"""Pools among threads, tasks, event loops and processes: who is stopped, and who goes on."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from envoi import Receipt
from envoi.pool import AsyncSMTPPool, SMTPPool
from envoi.testing import SMTPServer, faults
from tests.client.pools import inside, make_pool, numbered, subjects
from tests.client.test_session import in_a_child

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.client.colours import Colour

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
may_fork = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def mails_per_connection(server: SMTPServer) -> list[int]:
    """How many mails each connection carried."""
    return [sum(line.startswith("C: MAIL") for line in lines) for lines in server.dialogues]


def heard_mail(server: SMTPServer) -> bool:
    """Whether a mail has begun."""
    return any("MAIL FROM" in line for lines in server.dialogues for line in lines)


async def until(condition: Callable[[], bool]) -> None:
    """Let the others run until it holds."""
    while not condition():  # noqa: ASYNC110 - nobody rings a bell for what a server has heard
        await asyncio.sleep(0)


def test_fifty_threads_send_twenty_mails_each(server: SMTPServer) -> None:
    results = list[Any]()

    def work(start: int) -> None:
        results.extend(pool.send(numbered(number)) for number in range(start, start + 20))

    with SMTPPool(server.url, connections=4) as pool:
        threads = [threading.Thread(target=work, args=(20 * index,)) for index in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pool.stats.messages == 1000
    assert len(results) == 1000
    assert Counter(subjects(server)) == Counter(map(str, range(1000)))
    assert len(server.dialogues) == 4


def test_a_task_that_is_cancelled_while_it_waits_does_no_harm(server: SMTPServer) -> None:
    server.faults.append(faults.delay("CONTENT", 0.1, nth=1))

    async def main() -> None:
        async with AsyncSMTPPool(server.url, connections=1) as pool:
            tasks = [asyncio.create_task(pool.send(numbered(number))) for number in range(3)]
            await until(lambda: pool.stats.waiting == 2)
            tasks[1].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(result) for result in results] == [Receipt, asyncio.CancelledError, Receipt]
            assert (pool.stats.busy, pool.stats.waiting) == (0, 0)

    asyncio.run(main())
    assert subjects(server) == ["0", "2"]


def test_a_connection_on_which_a_task_was_cancelled_is_not_used_again(server: SMTPServer) -> None:
    server.faults.append(faults.silence("MAIL", connection=1))

    async def main() -> None:
        async with AsyncSMTPPool(server.url, connections=1) as pool:
            sending = asyncio.create_task(pool.send(numbered(0)))
            waiting = asyncio.create_task(pool.send(numbered(1)))
            await until(lambda: heard_mail(server))
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert isinstance(await waiting, Receipt)
            assert pool.stats.servers[0].failures == 0

    asyncio.run(main())
    assert subjects(server)[-1] == "1"
    assert len(server.dialogues) == 2


def test_a_task_that_is_cancelled_while_it_connects_leaves_room(server: SMTPServer) -> None:
    server.faults.append(faults.silence("GREETING", connection=1))

    async def main() -> None:
        pool = AsyncSMTPPool(server.url, connections=1)
        sending = asyncio.create_task(pool.send(numbered(0)))
        await until(lambda: len(server.dialogues) == 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (pool.stats.connections, pool.stats.servers[0].failures) == (0, 0)
        assert isinstance(await pool.send(numbered(1)), Receipt)
        await pool.close()

    asyncio.run(main())
    assert subjects(server) == ["1"]


def test_whoever_stops_iterating_leaves_no_connection_taken(server: SMTPServer) -> None:
    with SMTPPool(server.url, connections=2) as pool:
        for result in pool.send_all(map(numbered, range(100)), concurrency=2):
            assert isinstance(result, Receipt)
            break
        assert pool.stats.busy == 0
    assert len(server.messages) < 20


def test_whoever_stops_iterating_cancels_what_is_under_way(server: SMTPServer) -> None:
    async def main() -> None:
        async with AsyncSMTPPool(server.url, connections=2) as pool:
            results = pool.send_all(map(numbered, range(100)), concurrency=2)
            async for result in results:
                assert isinstance(result, Receipt)
                break
            await results.aclose()  # type: ignore[attr-defined]
            assert pool.stats.busy == 0

    asyncio.run(main())
    assert len(server.messages) < 20


def test_takes_an_asynchronous_iterator(server: SMTPServer) -> None:
    async def mails() -> AsyncIterator[Any]:
        for number in range(10):
            yield numbered(number)

    async def main() -> list[Any]:
        async with AsyncSMTPPool(server.url, connections=2) as pool:
            return [result async for result in pool.send_all(mails(), concurrency=2)]

    assert len(asyncio.run(main())) == 10
    assert Counter(subjects(server)) == Counter(map(str, range(10)))


@needs_fork
@may_fork
@pytest.mark.parametrize("security", ["plaintext", "tls"])
def test_parent_and_child_both_go_on(colour: Colour, security: str) -> None:
    """The child opens connections of its own and leaves the parent's alone."""
    with SMTPServer(security=security) as server:
        with make_pool(colour, server.url, connections=2, tls=server.session_options()["tls"]) as pool:
            pool.warm()
            pool.send(numbered(1))

            async def in_a_loop_of_its_own() -> None:
                await inside(pool).send(numbered(2))
                await inside(pool).close()

            def child() -> None:
                if hasattr(inside(pool), "_lendings"):
                    asyncio.run(in_a_loop_of_its_own())
                else:
                    pool.send(numbered(2))
                    pool.close()

            assert in_a_child(child) == ""
            pool.send(numbered(3))
            assert subjects(server) == ["1", "2", "3"]
        assert sorted(mails_per_connection(server)) == [0, 1, 2]
        assert sum("C: QUIT" in lines for lines in server.dialogues) == 3


@needs_fork
@may_fork
def test_a_child_waits_for_no_thread_it_has_not(server: SMTPServer) -> None:
    """The thread that holds the only connection exists in the parent alone."""
    server.faults.append(faults.silence("MAIL", connection=1))
    failures = list[Exception]()

    def send() -> None:
        try:
            pool.send(numbered(1))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall know
            failures.append(error)

    with SMTPPool(server.url, connections=1, timeout=60) as pool:
        sending = threading.Thread(target=send)
        sending.start()
        while not heard_mail(server):
            pass

        def child() -> None:
            pool.send(numbered(2))
            pool.close()

        assert in_a_child(child) == ""
        server.close()
        sending.join()
    assert len(failures) == 1
    assert subjects(server)[-1] == "2"


def test_each_event_loop_has_connections_of_its_own(server: SMTPServer) -> None:
    pool = AsyncSMTPPool(server.url)

    async def main(number: int) -> None:
        async with pool:
            await pool.send(numbered(number))

    for number in range(2):
        asyncio.run(main(number))
    assert subjects(server) == ["0", "1"]
    assert mails_per_connection(server) == [1, 1]
    assert len(pool._lendings) == 1


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
def test_connections_of_a_loop_that_is_gone_are_let_go(server: SMTPServer) -> None:
    pool = AsyncSMTPPool(server.url)

    async def forgetful() -> None:
        await pool.send(numbered(0))

    async def careful() -> None:
        async with pool:
            await pool.send(numbered(1))

    asyncio.run(forgetful())
    asyncio.run(careful())
    assert subjects(server) == ["0", "1"]
    gc.collect()  # What asyncio has to say about it belongs to this test.


def test_two_loops_at_once_do_not_meet(server: SMTPServer) -> None:
    pool = AsyncSMTPPool(server.url, connections=1)
    together = threading.Barrier(2)

    async def main(start: int) -> None:
        together.wait()
        async with pool:
            for number in range(start, start + 20):
                await pool.send(numbered(number))

    threads = [threading.Thread(target=asyncio.run, args=(main(start),)) for start in (0, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(subjects(server)) == Counter(map(str, range(40)))
    assert mails_per_connection(server) == [20, 20]
