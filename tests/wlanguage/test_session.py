"""The type `emailSMTPSession`: its properties, and a session opened, used and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    RecipientsRejected,
    UsageError,
)
from envoi.message.signing import SMIMESigner
from envoi.testing import SMTPServer
from envoi.testing.faults import reply
from envoi.wlanguage import (
    Email,
    ErrorInfo,
    ErrorOccurred,
    emailOptionDefault,
    emailOptionSecuredTLS,
    emailProtocolSMTPS,
    emailSessionSMTP,
    emailSMTPSession,
    optionSSL,
)
from tests.message.signing.material import alice
from tests.wlanguage.conftest import PASSWORD, USER

if TYPE_CHECKING:
    from pathlib import Path


def test_begins_as_the_original_does() -> None:
    session = emailSMTPSession()
    assert (session.ServerAddress, session.Port, session.Name, session.Password) == ("", 25, "", "")
    assert (session.Option, session.Asynchronous, session.AuthToken) == (emailOptionDefault, False, None)


def test_has_the_same_properties_in_french() -> None:
    session = emailSessionSMTP()
    session.AdresseServeur, session.Nom, session.MotDePasse = "smtp.example.com", "moi", "secret"
    session.Asynchrone = True
    assert (session.ServerAddress, session.Name, session.Password) == ("smtp.example.com", "moi", "secret")
    assert session.Asynchronous is True
    session.Name = "toi"
    assert session.Nom == "toi"


def test_a_slip_of_the_pen_is_noticed() -> None:
    session = emailSMTPSession()
    with pytest.raises(AttributeError):
        session.ServerAdress = "smtp.example.com"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("option", "port"),
    [(emailOptionDefault, 25), (emailOptionSecuredTLS, 587), (emailProtocolSMTPS, 587), (optionSSL, 465)],
)
def test_the_port_follows_the_option_until_it_is_set(option: int, port: int) -> None:
    session = emailSMTPSession(Option=option)
    assert session.Port == port
    session.Port = 2525
    session.Option = emailOptionDefault
    assert session.Port == 2525


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(emailSMTPSession(Name="me", Password="secret"))


def test_opens_sends_and_closes(server: SMTPServer, session: emailSMTPSession, mail: Email) -> None:
    assert session.OuvreSession()
    assert session.EnvoieMessage(mail)
    (received,) = server.wait_for()
    assert received.username == USER
    assert received.recipients == ("zoe@example.org",)
    assert received.email["Subject"] == "Le rapport d'été"
    assert mail.ID == mail.MessageID == received.email["Message-ID"]
    assert session.FermeSession()
    assert not ErrorOccurred
    assert session.Session is None


def test_mail_leaves_when_it_is_sent_and_not_at_the_close(
    server: SMTPServer, session: emailSMTPSession, mail: Email
) -> None:
    session.StartSession()
    session.SendMessage(mail)
    assert len(server.wait_for()) == 1
    assert session.Session is not None
    assert session.Session.is_open


def test_a_wrong_password_is_false_and_explained(session: emailSMTPSession) -> None:
    session.Password = "hunter2"
    assert not session.StartSession()
    assert ErrorOccurred
    assert isinstance(ErrorInfo().exception, AuthenticationFailed)
    assert "hunter2" not in ErrorInfo()


def test_no_password_leaves_in_clear_unasked(mail: Email) -> None:
    with SMTPServer(accounts={USER: PASSWORD}, security="plaintext", allow_plaintext_auth=True) as server:
        session = emailSMTPSession(ServerAddress=server.host, Name=USER, Password=PASSWORD)
        session.Port = server.port
        assert not session.StartSession()
        assert not any(PASSWORD in line or "AUTH PLAIN" in line for each in server.dialogues for line in each)
        session.AutoriseMotDePasseEnClair = True
        assert session.StartSession(), ErrorInfo()
        assert session.SendMessage(mail)
        session.CloseSession()


@pytest.mark.parametrize(
    ("session", "kind", "words"),
    [
        (emailSMTPSession(), ConfigError, "ServerAddress is empty"),
        (emailSMTPSession(ServerAddress="localhost", Option=3), ConfigError, "Option=3 is none of"),
        (emailSMTPSession(ServerAddress="localhost", port=1), ConnectionFailed, "refused"),
    ],
)
def test_what_cannot_be_opened_says_why(session: emailSMTPSession, kind: type, words: str) -> None:
    assert not session.StartSession()
    assert isinstance(ErrorInfo().exception, kind)
    assert words in ErrorInfo()


def test_an_open_session_is_not_opened_twice(session: emailSMTPSession) -> None:
    assert session.StartSession()
    assert not session.StartSession()
    assert "open already" in ErrorInfo()


def test_sending_needs_an_open_session(mail: Email) -> None:
    assert not emailSMTPSession(ServerAddress="localhost").SendMessage(mail)
    assert isinstance(ErrorInfo().exception, UsageError)
    assert mail.Erreur == ErrorInfo()


def test_one_refused_recipient_is_told_and_the_others_have_it(mail: Email) -> None:
    refusal = reply("RCPT", "550 5.1.1 no such user", address="nobody@example.org")
    with SMTPServer(security="plaintext", faults=[refusal]) as server:
        session = emailSMTPSession(ServerAddress=server.host, port=server.port)
        assert session.StartSession()
        mail.Recipient.append("nobody@example.org")
        assert session.SendMessage(mail), "sending it again would give it to the others twice"
        assert ErrorOccurred
        assert isinstance(ErrorInfo().exception, RecipientsRejected)
        assert "nobody@example.org" in mail.Error
        session.CloseSession()


def test_progress_is_told(server: SMTPServer, session: emailSMTPSession, mail: Email) -> None:
    told: list[int] = []
    session.StartSession()
    assert session.SendMessage(mail, progress=lambda sent, total: told.append(sent))
    assert told[-1] == len(server.wait_for()[0].data)


def test_sends_a_finished_message_from_a_file(
    server: SMTPServer, session: emailSMTPSession, tmp_path: Path
) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(b"From: a@example.com\r\nSubject: ready\r\n\r\nhello\r\n")
    session.StartSession()
    assert session.SendSource(file, "a@example.com", ["b@example.org"])
    assert server.wait_for()[0].data == file.read_bytes()
    assert not session.SendSource(tmp_path / "none.eml", "a@example.com", ["b@example.org"])
    assert "none.eml" in ErrorInfo()


def test_a_certificate_signs_the_message(
    server: SMTPServer, session: emailSMTPSession, mail: Email, tmp_path: Path
) -> None:
    session.StartSession()
    mail.Sender = "alice@example.org"
    mail.Certificat = SMIMESigner(alice().certificate, alice().key)
    assert session.SendMessage(mail), ErrorInfo()
    assert server.wait_for()[0].email.get_content_type() == "multipart/signed"
    mail.Certificate = tmp_path / "none.p12"
    assert not session.SendMessage(mail)
    assert "none.p12" in ErrorInfo()
