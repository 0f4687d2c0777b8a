"""FastAPI: a session and an outbox as parameters of path operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from envoi import AsyncSMTPSession, Outbox
from envoi.integrations.fastapi import (
    OutboxDep,
    SessionDep,
    lifespan,
)

if TYPE_CHECKING:
    from pathlib import Path

    from envoi import Email
    from envoi.testing import SMTPServer


def test_path_operations_get_what_the_lifespan_opened(
    mail: Email, smtp_server: SMTPServer, tmp_path: Path
) -> None:
    options: dict[str, Any] = dict(smtp_server.session_options())
    path = tmp_path / "outbox.db"
    app = FastAPI(lifespan=lifespan(session=lambda: AsyncSMTPSession(**options), outbox=path))

    @app.post("/now")
    async def now(session: SessionDep) -> str:
        return (await session.send(mail)).message_id or ""

    @app.post("/later")
    async def later(outbox: OutboxDep) -> str:
        return (await outbox.submit(mail)).id

    with TestClient(app) as client:
        assert client.post("/now").json() == mail.message_id
        ticket = client.post("/later").json()
        assert "mail" not in str(
            client.get("/openapi.json").json()["paths"]["/now"]["post"].get("parameters")
        )
    assert len(smtp_server.messages) == 1
    with Outbox(path) as opened:
        assert opened.status(ticket).stage.value == "waiting"
