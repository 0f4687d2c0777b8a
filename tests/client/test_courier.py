"""A session that carries claimed messages, against a real server on loopback."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from envoi import SMTPSession
from envoi.client.courier import SessionCourier
from envoi.client.session import conversation_of
from envoi.errors import ConfigError, LeaseLost, MessageRejected, NotSupportedByServer, OutboxError
from envoi.message.envelope import DeliveryOptions, Envelope
from envoi.message.signing import DKIMSigner
from envoi.outbox.envelope_json import envelope_to_json
from envoi.outbox.model import Content
from envoi.session.run import run_sync
from envoi.testing import SMTPServer, faults
from tests.message.signing.material import dkim_rsa
from tests.message.signing.test_dkim import holds
from tests.outbox.values import CONTENT, START, claim

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.outbox.courier import Attempt


async def permit() -> None:
    """Go on."""


def courier_to(server: SMTPServer, **options: Any) -> SessionCourier:
    return SessionCourier(lambda: conversation_of(SMTPSession(**server.session_options(), **options)))


def carried(courier: SessionCourier, *recipients: str, content: Content | None = None, **of: Any) -> Attempt:
    work = claim(*recipients, **of)
    offered = tuple(work.recipients)
    return run_sync(courier.deliver(work, offered, content or Content(octets=CONTENT), permit))


def test_carries_several_over_one_connection(server: SMTPServer) -> None:
    courier = courier_to(server)
    attempts = [carried(courier, "b@example.org", "c@example.org") for _ in range(3)]
    run_sync(courier.rest())
    run_sync(courier.rest())
    assert [attempt.accepted for attempt in attempts] == [("b@example.org", "c@example.org")] * 3
    assert attempts[0].reply is not None
    assert attempts[0].reply.code == 250
    assert [message.data for message in server.messages] == [CONTENT] * 3
    assert len(server.dialogues) == 1
    carried(courier)
    run_sync(courier.rest())
    assert len(server.dialogues) == 2


def test_what_is_open_already_is_used(server: SMTPServer) -> None:
    courier = courier_to(server)
    for _ in range(2):
        run_sync(courier.be_ready())
    assert len(server.dialogues) == 1
    carried(courier)
    run_sync(courier.rest())
    assert len(server.dialogues) == 1


def test_tells_who_was_refused_and_why(server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 unknown", address="c@example.org"))
    courier = courier_to(server)
    attempt = carried(courier, "b@example.org", "c@example.org")
    assert attempt.accepted == ("b@example.org",)
    assert attempt.refused["c@example.org"].enhanced == "5.1.1"
    server.faults[:] = [faults.reply("CONTENT", "554 5.7.1 spam")]
    assert isinstance(carried(courier).error, MessageRejected)
    run_sync(courier.rest())


def test_offers_no_more_than_the_server_takes_at_once() -> None:
    with SMTPServer(security="plaintext", extensions={"LIMITS RCPTMAX=2"}) as server:
        courier = courier_to(server)
        attempt = carried(courier, "b@example.org", "c@example.org", "d@example.org")
        run_sync(courier.rest())
    assert (attempt.accepted, attempt.untried) == (("b@example.org", "c@example.org"), ("d@example.org",))


def test_asks_the_server_for_what_the_message_says(server: SMTPServer) -> None:
    asked = Envelope.of("a@example.org", ["b@example.org"], DeliveryOptions(ret="full", envid="42"))
    courier = courier_to(server)
    carried(courier, options=envelope_to_json(asked))
    run_sync(courier.rest())
    assert server.messages[0].parameters["ENVID"] == "42"


@pytest.mark.parametrize("temporary", [True, False])
def test_a_file_is_sent_and_deleted_if_that_is_its_fate(
    server: SMTPServer, tmp_path: Path, temporary: bool
) -> None:
    path = tmp_path / "mail"
    path.write_bytes(CONTENT)
    courier = courier_to(server)
    carried(courier, content=Content(path=path, temporary=temporary))
    run_sync(courier.rest())
    assert server.messages[0].data == CONTENT
    assert path.exists() is not temporary


def test_signs_alike_in_every_attempt(server: SMTPServer) -> None:
    courier = courier_to(server, signer=DKIMSigner(dkim_rsa()))
    carried(courier)
    carried(courier, attempt=2)
    run_sync(courier.rest())
    first, second = (message.data for message in server.messages)
    assert first == second
    assert holds(first)
    assert f"t={int(START.timestamp())};".encode() in first


def test_a_signature_that_expires_is_made_when_it_is_sent(server: SMTPServer) -> None:
    courier = courier_to(server, signer=DKIMSigner(dkim_rsa(), lifetime_seconds=3600))
    carried(courier, created_at=START - timedelta(days=3650))
    run_sync(courier.rest())
    assert holds(server.messages[0].data)


def test_an_account_that_is_not_there_is_an_attempt_that_failed() -> None:
    def nowhere() -> Any:
        raise ConfigError("there is no such account")

    assert isinstance(carried(SessionCourier(nowhere)).error, ConfigError)


def test_what_the_server_cannot_take_is_an_attempt_that_failed() -> None:
    with SMTPServer(security="plaintext", extensions=set()) as server:
        courier = courier_to(server)
        attempt = carried(courier, content=Content(octets="Subject: hi\r\n\r\nGrüße\r\n".encode()))
        run_sync(courier.rest())
    assert isinstance(attempt.error, NotSupportedByServer)


def test_a_store_that_gives_nothing_is_an_attempt_that_failed(server: SMTPServer) -> None:
    courier = courier_to(server)
    assert isinstance(carried(courier, content=Content()).error, OutboxError)
    run_sync(courier.rest())


def test_without_permission_nothing_is_completed(server: SMTPServer) -> None:
    async def refuse() -> None:
        raise LeaseLost("too late")

    courier = courier_to(server)
    with pytest.raises(LeaseLost):
        run_sync(courier.deliver(claim(), ("b@example.org",), Content(octets=CONTENT), refuse))
    assert carried(courier).accepted == ("b@example.org",)
    run_sync(courier.rest())
    assert len(server.messages) == 1
