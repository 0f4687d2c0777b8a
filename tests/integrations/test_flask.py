"""Flask: a session for each application context, an outbox for each application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from envoi import ConfigError
from envoi.integrations.flask import Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envoi import Email
    from envoi.testing import SMTPServer


@pytest.fixture
def extension() -> Mail:
    return Mail()


@pytest.fixture
def app(extension: Mail, mail: Email, smtp_server: SMTPServer, tmp_path: Path) -> Iterator[Flask]:
    options: dict[str, Any] = dict(smtp_server.session_options())
    for said_by_the_url in ("host", "port", "security", "protocol"):
        del options[said_by_the_url]
    made = Flask("shop")
    made.config.update(
        ENVOI_URL=smtp_server.url, ENVOI_OPTIONS=options, ENVOI_OUTBOX=f"sqlite:///{tmp_path}/outbox.db"
    )
    extension.init_app(made)

    @made.post("/twice")
    def twice() -> str:
        extension.send(mail)
        return extension.send(mail, recipients=["other@example.org"]).reply.text

    @made.post("/later")
    def later() -> str:
        return extension.submit(mail, priority=1).id

    @made.get("/")
    def nothing() -> str:
        return "nothing"

    yield made
    for outbox in made.extensions["envoi"].values():
        outbox.close()


def test_a_request_has_one_connection_and_closes_it(app: Flask, smtp_server: SMTPServer) -> None:
    client = app.test_client()
    assert client.post("/twice").status_code == 200
    assert client.post("/twice").status_code == 200
    assert len(smtp_server.messages) == 4
    assert len(smtp_server.dialogues) == 2
    assert all(any("QUIT" in line for line in said) for said in smtp_server.dialogues)


def test_who_sends_nothing_connects_to_nobody(app: Flask, smtp_server: SMTPServer) -> None:
    assert app.test_client().get("/").text == "nothing"
    assert smtp_server.dialogues == []


def test_submits_to_the_applications_outbox(app: Flask, extension: Mail) -> None:
    ticket = app.test_client().post("/later").text
    with app.app_context():
        assert extension.outbox.status(ticket).priority == 1
        assert extension.outbox is extension.outbox


def test_says_what_is_missing() -> None:
    app = Flask("shop")
    mail = Mail(app)
    with app.app_context():
        with pytest.raises(ConfigError, match="ENVOI_URL or ENVOI_ACCOUNT"):
            _ = mail.session
        with pytest.raises(ConfigError, match="set ENVOI_OUTBOX"):
            _ = mail.outbox
