"""A server to send to, and a variable of each kind, filled in as a WINDEV program would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.testing import SMTPServer
from envoi.wlanguage import Email, emailOptionSecuredTLS, emailSMTPSession

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "accounts", "correct horse"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SMTPServer]:
    with SMTPServer(accounts={USER: PASSWORD}) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


@pytest.fixture
def session(server: SMTPServer) -> Iterator[emailSMTPSession]:
    made = emailSMTPSession()
    made.ServerAddress, made.Port = server.host, server.port
    made.Name, made.Password = USER, PASSWORD
    made.Option = emailOptionSecuredTLS
    yield made
    made.CloseSession()


@pytest.fixture
def mail() -> Email:
    made = Email()
    made.Expéditeur = "Comptabilité <accounts@example.com>"
    made.Destinataire.append("zoe@example.org")
    made.Sujet = "Le rapport d'été"
    made.Message = "Bonjour"
    return made
