"""`Worker` and `AsyncWorker`: what users hold, from an outbox to a server on loopback."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from envoi import AsyncOutbox, AsyncSMTPSession, ConfigError, Outbox, SMTPSession, UsageError
from envoi.outbox import AccountRules, AsyncWorker, Backoff, Event, MessageStatus, OnUnknown, State, Worker
from envoi.testing import SMTPServer, faults
from tests.client.test_outbox import mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_sends_in_the_background(tmp_path: Path, server: SMTPServer) -> None:
    with (
        Outbox(tmp_path / "outbox.db") as outbox,
        Worker(outbox, session=lambda _: SMTPSession(**server.session_options())) as worker,
    ):
        tickets = [outbox.submit(mail(number)) for number in range(20)]
        states = {outbox.wait(ticket, 60).recipients[0].state for ticket in tickets}
        with pytest.raises(UsageError, match="running"):
            worker.run()
    assert states == {State.DELIVERED}
    assert len(server.messages) == 20


def test_sends_in_the_background_of_a_loop(tmp_path: Path, server: SMTPServer) -> None:
    async def scene() -> None:
        async with (
            AsyncOutbox(tmp_path / "outbox.db") as outbox,
            AsyncWorker(outbox, session=lambda _: AsyncSMTPSession(**server.session_options())) as worker,
        ):
            tickets = [await outbox.submit(mail(number)) for number in range(20)]
            states = {(await outbox.wait(ticket, 60)).recipients[0].state for ticket in tickets}
            assert states == {State.DELIVERED}
            with pytest.raises(UsageError, match="running"):
                await worker.run()

    asyncio.run(scene())
    assert len(server.messages) == 20


def test_runs_until_it_is_told_to_stop(tmp_path: Path, server: SMTPServer) -> None:
    told: list[Event] = []
    failed: list[MessageStatus] = []
    server.faults.append(faults.reply("RCPT", "550 5.1.1 unknown"))
    with Outbox(tmp_path / "outbox.db") as outbox:
        worker = Worker(
            outbox,
            session=lambda _: SMTPSession(**server.session_options()),
            on_event=told.append,
            on_failed=failed.append,
        )
        assert not worker.stop()
        running = threading.Thread(target=worker.run)
        running.start()
        ticket = outbox.submit(mail())
        assert outbox.wait(ticket, 60).recipients[0].state is State.FAILED
        assert worker.stop()
        running.join()
    assert [status.id for status in failed] == [ticket.id]
    assert told[-1].kind == "failed"


def test_runs_in_a_loop_until_it_is_told_to_stop(tmp_path: Path, server: SMTPServer) -> None:
    async def scene() -> None:
        async with AsyncOutbox(tmp_path / "outbox.db") as outbox:
            worker = AsyncWorker(outbox, session=lambda _: AsyncSMTPSession(**server.session_options()))
            assert not worker.stop()
            running = asyncio.create_task(worker.run())
            await outbox.wait(await outbox.submit(mail()), 60)
            assert worker.stop()
            await running
            await worker.close()

    asyncio.run(scene())
    assert len(server.messages) == 1


@pytest.mark.parametrize("hold", [False, True])
def test_after_silence_behind_the_dot_the_same_octets_go_again(tmp_path: Path, hold: bool) -> None:
    rules = AccountRules(name="work", on_unknown=OnUnknown.HOLD if hold else OnUnknown.RESEND)
    silence = faults.drop("CONTENT", before_reply=True, times=1)
    with (
        SMTPServer(security="plaintext", faults=[silence]) as server,
        Outbox(tmp_path / "outbox.db", accounts=[rules]) as outbox,
    ):
        ticket = outbox.submit(mail(), account="work")
        with Worker(
            outbox,
            session=lambda _: SMTPSession(**server.session_options()),
            backoff=Backoff(base=0.1, cap=0.1, least=0.05),
        ):
            if hold:
                assert outbox.wait(ticket, 60).recipients[0].state is State.UNKNOWN
                assert len(server.messages) == 1
                outbox.release(ticket)
            assert outbox.wait(ticket, 60).recipients[0].state is State.DELIVERED
        first, again = server.messages
        assert first.data == again.data
        assert first.data.count(f"Message-ID: {ticket.message_id}".encode()) == 1


def test_whom_lmtp_has_answered_for_is_not_written_to_again(tmp_path: Path) -> None:
    with SMTPServer(protocol="lmtp") as server, Outbox(tmp_path / "outbox.db") as outbox:
        server.faults.append(faults.drop("CONTENT", address="c@example.org", before_reply=True, times=1))
        three = [f"{name}@example.org" for name in "bcd"]
        ticket = outbox.submit(mail(), recipients=three)
        with Worker(
            outbox,
            session=lambda _: SMTPSession(**server.session_options()),
            backoff=Backoff(base=0.1, cap=0.1, least=0.05),
        ):
            status = outbox.wait(ticket, 60)
        assert {one.state for one in status.recipients} == {State.DELIVERED}
        assert [message.recipients for message in server.messages] == [tuple(three), tuple(three[1:])]


def test_a_cancelled_worker_leaves_what_it_had(tmp_path: Path, server: SMTPServer) -> None:
    server.faults.append(faults.delay("CONTENT", 30))

    async def scene() -> None:
        async with AsyncOutbox(tmp_path / "outbox.db") as outbox:
            worker = AsyncWorker(outbox, session=lambda _: AsyncSMTPSession(**server.session_options()))
            ticket = await outbox.submit(mail())
            running = asyncio.create_task(worker.run())
            while (await outbox.status(ticket)).attempts == 0:  # noqa: ASYNC110 - nothing tells of a claim
                await asyncio.sleep(0.01)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert (await outbox.status(ticket)).recipients[0].state is State.PENDING

    asyncio.run(scene())


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads on this system")
def test_an_interrupted_worker_leaves_what_it_had(
    tmp_path: Path, server: SMTPServer, press_ctrl_c: Callable[[], None]
) -> None:
    server.faults.append(faults.delay("CONTENT", 600))
    with Outbox(tmp_path / "outbox.db") as outbox:
        ticket = outbox.submit(mail())

        def interrupt() -> None:
            while outbox.status(ticket).attempts == 0:
                pass
            press_ctrl_c()

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            Worker(outbox, session=lambda _: SMTPSession(**server.session_options())).run()
        interrupting.join()
        assert outbox.status(ticket).recipients[0].state is State.PENDING


@pytest.mark.parametrize("asynchronous", [False, True])
def test_delivers_what_a_trigger_names(tmp_path: Path, server: SMTPServer, asynchronous: bool) -> None:
    async def scene() -> None:
        async with AsyncOutbox(tmp_path / "outbox.db") as outbox:
            tickets = [await outbox.submit(mail(number)) for number in range(3)]
            worker = AsyncWorker(outbox, session=lambda _: AsyncSMTPSession(**server.session_options()))
            await worker.deliver(*tickets[:2])
            await worker.deliver(*tickets[:2])

    if asynchronous:
        asyncio.run(scene())
    else:
        with Outbox(tmp_path / "outbox.db") as outbox:
            tickets = [outbox.submit(mail(number)) for number in range(3)]
            worker = Worker(outbox, session=lambda _: SMTPSession(**server.session_options()))
            worker.deliver(*tickets[:2])
            worker.deliver(*tickets[:2])
            worker.close()
    assert len(server.messages) == 2


@pytest.mark.parametrize(
    "options", [{"connections": 0}, {"lease": 1}, {"lease": float("nan")}, {"lease": float("inf")}]
)
def test_refuses_what_makes_no_sense(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Worker(Outbox(tmp_path / "outbox.db"), **options)
