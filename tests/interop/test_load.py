"""Many at once: a session per thread, a session per task, and one session shared by all."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from envoi import AsyncSMTPSession, SMTPSession, TLSOptions
from tests.interop.mails import new_mail
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from envoi import Receipt
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix")

THREADS, TASKS, EACH = 16, 32, 3
ENVELOPE: dict[str, Any] = {"sender": ALICE.address, "recipients": [BOB.address]}


def settings(postfix: Postfix) -> dict[str, Any]:
    return {
        "host": postfix.submission.host,
        "port": postfix.submission.port,
        "username": ALICE.name,
        "password": ALICE.password,
        "tls": TLSOptions(ca_file=postfix.ca_file),
        "timeout": 30.0,
    }


def assert_all_arrived(postfix: Postfix, receipts: list[Receipt], message_id: str, mail: bytes) -> None:
    """Each has a queue identifier of its own, and so many copies are there."""
    assert len({receipt.reply.text for receipt in receipts}) == len(receipts)
    stored = postfix.mailbox(BOB).wait_for(message_id, copies=len(receipts))
    assert postfix.submission.as_sent(stored) == mail


def test_a_session_per_thread(postfix: Postfix) -> None:
    message_id, mail = new_mail()

    def work(_: int) -> list[Receipt]:
        with SMTPSession(**settings(postfix)) as session:
            return [session.send(mail, **ENVELOPE) for _ in range(EACH)]

    with ThreadPoolExecutor(THREADS) as threads:
        receipts = [receipt for some in threads.map(work, range(THREADS)) for receipt in some]
    assert_all_arrived(postfix, receipts, message_id, mail)


def test_one_session_for_all_threads(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with SMTPSession(**settings(postfix)) as session, ThreadPoolExecutor(THREADS) as threads:
        receipts = list(threads.map(lambda _: session.send(mail, **ENVELOPE), range(THREADS)))
    assert_all_arrived(postfix, receipts, message_id, mail)


def test_a_session_per_task(postfix: Postfix) -> None:
    message_id, mail = new_mail()

    async def work() -> list[Receipt]:
        async with AsyncSMTPSession(**settings(postfix)) as session:
            return [await session.send(mail, **ENVELOPE) for _ in range(EACH)]

    async def everybody() -> list[list[Receipt]]:
        return await asyncio.gather(*(work() for _ in range(TASKS)))

    receipts = [receipt for some in asyncio.run(everybody()) for receipt in some]
    assert_all_arrived(postfix, receipts, message_id, mail)


def test_one_session_for_all_tasks(postfix: Postfix) -> None:
    message_id, mail = new_mail()

    async def everybody() -> list[Receipt]:
        async with AsyncSMTPSession(**settings(postfix)) as session:
            return await asyncio.gather(*(session.send(mail, **ENVELOPE) for _ in range(TASKS)))

    assert_all_arrived(postfix, asyncio.run(everybody()), message_id, mail)
