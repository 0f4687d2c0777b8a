"""Asynchronous mode: mail is on disk when sending returns, and its fate can be asked for anywhere."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envoi import Outbox
from envoi.drivers.data_folder import default_outbox
from envoi.errors import OutboxError
from envoi.testing import SMTPServer
from envoi.testing.faults import reply
from envoi.wlanguage import (
    Email,
    EmailCloseSession,
    EmailEtat,
    EmailSendMessage,
    EmailStartSession,
    EmailStatus,
    ErrorInfo,
    ErrorOccurred,
    emailAsynchronous,
    emailError,
    emailPending,
    emailSent,
    emailSMTPSession,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return default_outbox({"XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})


def wait(place: Path, mail: Email) -> None:
    with Outbox(place) as outbox:
        outbox.wait(mail.ID, 60)


def test_a_mail_is_sent_in_the_background(
    server: SMTPServer, session: emailSMTPSession, mail: Email, place: Path
) -> None:
    session.Asynchrone = emailAsynchronous
    assert EmailStartSession(session), ErrorInfo()
    assert EmailSendMessage(session, mail), ErrorInfo()
    assert EmailStatus(mail.ID) in {emailPending, emailSent}
    wait(place, mail)
    assert EmailEtat(mail.ID) == emailSent
    assert EmailCloseSession(session)
    assert server.messages[0].email["Message-ID"] == mail.MessageID


def test_a_refusal_is_told_when_one_asks(session: emailSMTPSession, mail: Email, place: Path) -> None:
    with SMTPServer(security="plaintext", faults=[reply("RCPT", "550 5.1.1 no such user")]) as server:
        session = emailSMTPSession(ServerAddress=server.host, port=server.port, Asynchronous=True)
        assert session.StartSession()
        assert session.SendMessage(mail)
        wait(place, mail)
        assert EmailStatus(mail.ID) == emailError
        assert ErrorOccurred
        assert "zoe@example.org failed: 550 5.1.1 no such user" in ErrorInfo()
        session.CloseSession()


def test_mail_survives_the_program(
    server: SMTPServer, session: emailSMTPSession, mail: Email, place: Path
) -> None:
    program = (
        "import os\n"
        "from envoi.wlanguage import *\n"
        "session = emailSMTPSession(ServerAddress='127.0.0.1', Asynchronous=True)\n"
        "session.Port = 1\n"
        "mail = Email(Sender='a@example.com', Recipient=['b@example.org'], Message='kept')\n"
        "assert EmailStartSession(session) and EmailSendMessage(session, mail), ErrorInfo()\n"
        "print(mail.ID, flush=True)\n"
        "os._exit(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 9, done.stderr
    assert EmailStatus(done.stdout.strip()) == emailPending
    assert not ErrorOccurred


def test_an_identifier_that_nobody_gave_is_an_error() -> None:
    assert EmailStatus("0" * 32) == emailError
    assert isinstance(ErrorInfo().exception, OutboxError)
