"""A pool against Postfix: many threads and tasks over four connections, and a batch with results in order."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from envoi import RawEmail, Receipt, TLSOptions
from envoi.pool import AsyncSMTPPool, PoolServer, SMTPPool
from tests.interop.mails import new_mail
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix")

CONNECTIONS, CALLS = 4, 40
ENVELOPE: dict[str, Any] = {"sender": ALICE.address, "recipients": [BOB.address]}


def url(postfix: Postfix) -> str:
    return f"smtp://{ALICE.name}@{postfix.submission.host}:{postfix.submission.port}"


def options(postfix: Postfix) -> dict[str, Any]:
    return {
        "connections": CONNECTIONS,
        "password": ALICE.password,
        "tls": TLSOptions(ca_file=postfix.ca_file),
        "timeout": 30.0,
    }


def assert_all_arrived(postfix: Postfix, receipts: list[Receipt], message_id: str, mail: bytes) -> None:
    """Each has a queue identifier of its own, and so many copies are there."""
    assert len({receipt.reply.text for receipt in receipts}) == CALLS
    stored = postfix.mailbox(BOB).wait_for(message_id, copies=CALLS)
    assert postfix.submission.as_sent(stored) == mail


def test_threads(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with SMTPPool(url(postfix), **options(postfix)) as pool, ThreadPoolExecutor(16) as threads:
        pool.warm()
        receipts = list(threads.map(lambda _: pool.send(mail, **ENVELOPE), range(CALLS)))
        stats = pool.stats
    assert (stats.connections, stats.opened, stats.messages) == (CONNECTIONS, CONNECTIONS, CALLS)
    assert_all_arrived(postfix, receipts, message_id, mail)


def test_tasks(postfix: Postfix) -> None:
    message_id, mail = new_mail()

    async def everybody() -> list[Receipt]:
        async with AsyncSMTPPool(url(postfix), **options(postfix)) as pool:
            receipts = await asyncio.gather(*(pool.send(mail, **ENVELOPE) for _ in range(CALLS)))
            assert pool.stats.opened <= CONNECTIONS
            return receipts

    assert_all_arrived(postfix, asyncio.run(everybody()), message_id, mail)


def test_a_batch_over_fresh_connections(postfix: Postfix) -> None:
    """A connection carries seven mails; the next resumes its TLS session."""
    message_id, mail = new_mail()
    mails = [RawEmail(mail, **ENVELOPE) for _ in range(CALLS)]
    with SMTPPool(url(postfix), messages=7, **options(postfix)) as pool:
        results = list(pool.send_all(mails, concurrency=CONNECTIONS))
        assert pool.stats.opened >= CALLS // 7
    assert_all_arrived(postfix, [each for each in results if isinstance(each, Receipt)], message_id, mail)


def test_another_server_serves_while_the_first_is_down(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    down = PoolServer(url="smtp://127.0.0.1:1", weight=9)
    login: dict[str, Any] = {**options(postfix), "username": ALICE.name}
    with SMTPPool(down, PoolServer(url=url(postfix), priority=10), **login) as pool:
        receipts = [pool.send(mail, **ENVELOPE) for _ in range(CALLS)]
        assert pool.stats.servers[0].failures >= 1
    assert_all_arrived(postfix, receipts, message_id, mail)
