"""A session over time: hung up on while idle, restarted beneath, worn out by errors, and used for long."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from envoi import AsyncSMTPSession, ConnectionFailed, RecipientsRejected, Retry, SMTPSession, TLSOptions
from tests.interop.mails import new_id, new_mail
from tests.interop.sockets import owner_of, sockets_to
from tests.interop.ways import WAYS
from tests.servers.daemon import wait_until
from tests.servers.exim import running_exim
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, BOB, ZOE
from tests.servers.ports import PortPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.interop.sessions import Client
    from tests.servers.certificates import CertificateAuthority
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

_MOMENT_SECONDS = 30.0


class SamePorts(PortPool):
    """Gives the ports of a server that has ended to the one that takes its place."""

    def __init__(self, ports: PortPool) -> None:
        super().__init__()
        self._kept = [ports.take() for _ in range(3)]
        self._given = 0

    def take(self) -> int:
        self._given += 1
        return self._kept[self._given % len(self._kept)]


@pytest.fixture
def start_exim(
    server_folder: Path,
    ca: CertificateAuthority,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[], tuple[Exim, ExitStack]]]:
    """Start an Exim, on the same ports each time; what comes with it ends it."""
    program, ports = require_program("exim4"), SamePorts(server_ports)
    with ExitStack() as everything:

        def start() -> tuple[Exim, ExitStack]:
            folder = server_folder / f"exim-{new_id().strip('<>').partition('@')[0][:8]}"
            folder.mkdir()
            running = everything.enter_context(ExitStack())
            return running.enter_context(running_exim(folder, program, ca, ports)), running

        yield start


# To the first Exim says 421 before it hangs up, as it does to the idle.
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_hung_up_meanwhile_is_not_noticed(
    client: Client, exim: Exim, end: signal.Signals
) -> None:
    listener, mailbox = exim.submission, exim.mailbox(BOB)
    first_id, first = new_mail()
    second_id, second = new_mail()
    before = set(sockets_to(listener.port))
    with client.session(listener, user=ALICE) as session:
        session.send(first, sender=ALICE.address, recipients=[BOB.address])
        (opened,) = set(sockets_to(listener.port)) - before
        os.kill(owner_of(sockets_to(listener.port)[opened]), end)
        assert wait_until(lambda: opened not in sockets_to(listener.port), seconds=_MOMENT_SECONDS)
        receipt = session.send(second, sender=ALICE.address, recipients=[BOB.address])
    assert receipt.accepted == (BOB.address,)
    assert session.connections == 2
    assert session.mechanisms == ["PLAIN", "PLAIN"]
    assert listener.as_sent(mailbox.wait_for(first_id)) == first
    assert listener.as_sent(mailbox.wait_for(second_id)) == second
    assert len(mailbox.find(second_id)) == 1


def test_a_server_may_be_restarted_between_two_mails(
    client: Client, start_exim: Callable[[], tuple[Exim, ExitStack]]
) -> None:
    exim, running = start_exim()
    first_id, first = new_mail()
    second_id, second = new_mail()
    with client.session(exim.submission, user=ALICE) as session:
        session.send(first, sender=ALICE.address, recipients=[BOB.address])
        assert exim.submission.as_sent(exim.mailbox(BOB).wait_for(first_id)) == first
        # Its child that serves us would outlive it, and be waited for.
        os.kill(owner_of(*sockets_to(exim.submission.port).values()), signal.SIGTERM)
        running.close()
        with pytest.raises(ConnectionFailed) as caught:
            session.send(second, sender=ALICE.address, recipients=[BOB.address])
        assert caught.value.retry is Retry.LATER
        exim, _ = start_exim()
        session.send(second, sender=ALICE.address, recipients=[BOB.address])
    assert exim.submission.as_sent(exim.mailbox(BOB).wait_for(second_id)) == second


@WAYS
def test_a_server_that_has_had_enough_of_errors(client: Client, postfix: Postfix, port: str) -> None:
    # Postfix hangs up after 20 of them, in the middle of whatever is going on.
    listener = getattr(postfix, port)
    message_id, mail = new_mail()
    with client.session(listener) as session:
        for _ in range(25):
            with pytest.raises(RecipientsRejected, match="No such user here"):
                session.send(mail, sender=ALICE.address, recipients=[Fate.REFUSED])
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert session.connections > 1
    assert listener.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_two_hundred_mails_take_one_connection(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.submission, user=ALICE) as session:
        receipts = [session.send(mail, sender=ALICE.address, recipients=[BOB.address]) for _ in range(200)]
    assert len({receipt.reply.text for receipt in receipts}) == 200
    assert session.connections == 1
    assert postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(message_id, copies=200)) == mail


def test_a_cancelled_mail_ends_the_connection_and_not_the_session(postfix: Postfix) -> None:
    listener = postfix.no_extensions
    message_id, mail = new_mail()

    async def scenario() -> None:
        session = AsyncSMTPSession(
            postfix.no_extensions.host, postfix.no_extensions.port, security="plaintext"
        )
        async with session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await session.send(mail, sender=ALICE.address, recipients=[Fate.SILENT])
            assert not session.is_open
            await session.send(mail, sender=ALICE.address, recipients=[BOB.address])

    asyncio.run(scenario())
    assert listener.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail
    assert not postfix.mailbox(ALICE).find(message_id)


@pytest.mark.parametrize(("scheme", "port"), [("smtp", "submission"), ("smtps", "submissions")])
@pytest.mark.parametrize("face", [SMTPSession, AsyncSMTPSession])
def test_an_url_says_it_all(
    postfix: Postfix, scheme: str, port: str, face: type[SMTPSession | AsyncSMTPSession]
) -> None:
    listener = getattr(postfix, port)
    user, password = quote(ZOE.name), quote(ZOE.password)
    session = face.from_url(
        f"{scheme}://{user}:{password}@{listener.host}:{listener.port}",
        tls=TLSOptions(ca_file=postfix.ca_file),
    )

    async def greet(session: AsyncSMTPSession) -> int:
        async with session:
            return (await session.noop()).code

    if isinstance(session, AsyncSMTPSession):
        assert asyncio.run(greet(session)) == 250
    else:
        with session:
            assert session.noop().code == 250


def test_a_closed_session_can_be_opened_again(client: Client, exim: Exim) -> None:
    session = client.session(exim.submission, user=ALICE)
    for _ in range(2):
        with session:
            assert session.noop() == 250
        assert not session.face.is_open
    assert session.connections == 2


def test_the_source_address_is_the_one_asked_for(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.mx, source_address="127.0.0.2") as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert b"[127.0.0.2]" in postfix.mailbox(BOB).wait_for(message_id)


def test_the_name_we_go_by_is_the_one_given(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.mx, local_hostname="shop.example.com") as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert b"Received: from shop.example.com (" in postfix.mailbox(BOB).wait_for(message_id)


def test_nobody_listening_is_explained(client: Client, postfix: Postfix, server_ports: PortPool) -> None:
    session = client.session(replace(postfix.mx, port=server_ports.take()))
    with pytest.raises(ConnectionFailed, match="refused") as caught, session:
        pass
    assert caught.value.retry is Retry.LATER
