"""Starlette: what the lifespan opens is found in requests, and closed at the end."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from envoi import AsyncSMTPSession, ConfigError, Outbox
from envoi.integrations.starlette import lifespan, outbox, session
from envoi.outbox import AsyncWorker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.requests import Request

    from envoi import AsyncOutbox, Email
    from envoi.testing import SMTPServer


@pytest.fixture
def make_session(smtp_server: SMTPServer) -> Callable[..., AsyncSMTPSession]:
    options: dict[str, Any] = dict(smtp_server.session_options())
    return lambda *_: AsyncSMTPSession(**options)


def application(mail: Email, life: Any) -> Starlette:
    async def send(request: Request) -> PlainTextResponse:
        receipt = await session(request).send(mail)
        return PlainTextResponse(receipt.reply.text)

    async def submit(request: Request) -> PlainTextResponse:
        ticket = await outbox(request).submit(mail)
        return PlainTextResponse(ticket.id)

    return Starlette(
        routes=[Route("/send", send, methods=["POST"]), Route("/submit", submit, methods=["POST"])],
        lifespan=life,
    )


def test_requests_share_a_session(
    mail: Email, make_session: Callable[..., AsyncSMTPSession], smtp_server: SMTPServer
) -> None:
    with TestClient(application(mail, lifespan(session=make_session))) as client:
        assert smtp_server.dialogues == []
        assert client.post("/send").text.startswith("queued")
        assert client.post("/send").status_code == 200
    assert len(smtp_server.messages) == 2
    (said,) = smtp_server.dialogues
    assert any("QUIT" in line for line in said)


def test_an_outbox_is_sent_by_the_worker(
    mail: Email, make_session: Callable[..., AsyncSMTPSession], smtp_server: SMTPServer, tmp_path: Path
) -> None:
    def worker(opened: AsyncOutbox) -> AsyncWorker:
        return AsyncWorker(opened, session=make_session)

    life = lifespan(outbox=tmp_path / "outbox.db", worker=worker)
    with TestClient(application(mail, life)) as client:
        ticket = client.post("/submit").text
        smtp_server.wait_for(1, timeout=60)
    with Outbox(tmp_path / "outbox.db") as opened:
        assert opened.status(ticket).recipients[0].state.value == "delivered"


def test_without_a_worker_it_waits(mail: Email, tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with TestClient(application(mail, lifespan(outbox=f"sqlite:///{path}"))) as client:
        ticket = client.post("/submit").text
    with Outbox(path) as opened:
        assert opened.status(ticket).stage.value == "waiting"


def test_the_applications_own_lifespan_goes_on(
    mail: Email, make_session: Callable[..., AsyncSMTPSession]
) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def own(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        seen.append("began")
        yield {"shop": "open"}
        seen.append("ended")

    with TestClient(application(mail, lifespan(session=make_session, inner=own))) as client:
        assert client.post("/send").status_code == 200
        assert client.app_state["shop"] == "open"
    assert seen == ["began", "ended"]


def test_says_what_the_lifespan_lacks(mail: Email, make_session: Callable[..., AsyncSMTPSession]) -> None:
    with (
        TestClient(application(mail, lifespan(session=make_session))) as client,
        pytest.raises(ConfigError, match=r"lifespan\(outbox=…\)"),
    ):
        client.post("/submit")
    with pytest.raises(ConfigError, match="say which"):
        lifespan()
    with pytest.raises(ConfigError, match="give outbox= as well"):
        lifespan(session=make_session, worker=AsyncWorker)
