"""The functions on sessions and messages, by variable and by the names of the oldest programs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from envoi import UsageError
from envoi.wlanguage import (
    CurrentEmail,
    Email,
    EmailBuildSource,
    EmailCloseSession,
    EmailCourant,
    EmailEnvoie,
    EmailEnvoieMessage,
    EmailFermeSession,
    EmailImportHTML,
    EmailImportSource,
    EmailLoadAttachment,
    EmailOuvreSession,
    EmailProgressBar,
    EmailRAZ,
    EmailSaveAttachment,
    EmailSend,
    EmailSendMessage,
    EmailStartSession,
    EmailStartSMTPSession,
    ErrorInfo,
    ErrorOccurred,
    emailAttach,
    emailOptionSecuredTLS,
    emailSMTPSession,
)
from tests.wlanguage.conftest import PASSWORD, USER

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.testing import SMTPServer


def test_a_session_is_opened_used_and_closed(
    server: SMTPServer, session: emailSMTPSession, mail: Email
) -> None:
    assert EmailOuvreSession(session)
    assert EmailEnvoieMessage(session, mail)
    assert EmailFermeSession(session)
    assert server.wait_for()[0].recipients == ("zoe@example.org",)


def test_the_oldest_way_names_the_session_by_its_user(server: SMTPServer, mail: Email) -> None:
    assert EmailStartSMTPSession(USER, PASSWORD, server.host, server.port, False, emailOptionSecuredTLS)
    assert EmailSendMessage(USER, mail)
    assert EmailCloseSession(USER)
    assert len(server.wait_for()) == 1
    assert not EmailSendMessage(USER, mail)
    assert isinstance(ErrorInfo().exception, UsageError)
    assert "no session is open under the name 'accounts'" in ErrorInfo()
    assert not EmailCloseSession(USER)


def test_a_session_that_does_not_open_has_no_name(server: SMTPServer, mail: Email) -> None:
    assert not EmailStartSMTPSession(USER, "wrong", server.host, server.port, False, emailOptionSecuredTLS)
    assert not EmailSendMessage(USER, mail)


def test_without_a_message_the_threads_own_is_sent(server: SMTPServer, session: emailSMTPSession) -> None:
    EmailRAZ()
    mail = CurrentEmail()
    mail.Sender, mail.Recipient, mail.Subject = "a@example.com", ["b@example.org"], "mine"
    assert EmailStartSession(session)
    assert EmailSendMessage(session)
    assert server.wait_for()[0].email["Subject"] == "mine"
    assert EmailBuildSource()
    assert b"Subject: mine" in EmailCourant().Source
    EmailRAZ()
    assert CurrentEmail() == Email()


def test_every_thread_has_a_message_of_its_own() -> None:
    CurrentEmail().Subject = "here"
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(CurrentEmail().Subject))
    thread.start()
    thread.join()
    assert seen == [""]
    EmailRAZ()


def test_a_finished_message_is_sent_as_it_is(
    server: SMTPServer, session: emailSMTPSession, mail: Email, tmp_path: Path
) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(b"From: x@example.com\r\nSubject: as it is\r\n\r\nhello\r\n")
    mail.Cc, mail.Bcc = ["cc@example.org"], ["bcc@example.org"]
    EmailStartSession(session)
    assert EmailEnvoie(session, file, mail)
    (received,) = server.wait_for()
    assert received.data == file.read_bytes()
    assert received.recipients == ("zoe@example.org", "cc@example.org", "bcc@example.org")
    EmailRAZ()
    assert not EmailSend(session, file), "this thread's message has no sender"


def test_progress_is_told_until_it_is_taken_back(
    server: SMTPServer, session: emailSMTPSession, mail: Email
) -> None:
    told: list[int] = []
    EmailStartSession(session)
    EmailProgressBar(lambda sent, total: told.append(sent))
    assert EmailSendMessage(session, mail)
    EmailProgressBar("")
    count = len(told)
    assert count
    assert EmailSendMessage(session, mail)
    assert len(told) == count


def test_attachments_come_and_go(mail: Email, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"hello")
    assert EmailLoadAttachment(mail, file, "a")
    assert EmailBuildSource(mail)
    assert EmailImportSource(mail)
    out = tmp_path / "out"
    out.mkdir()
    assert EmailSaveAttachment(mail.Attach[0], out)
    assert (out / "a.txt").read_bytes() == b"hello"
    assert EmailSaveAttachment(emailAttach(path=file), out / "b.txt")
    assert (out / "b.txt").read_bytes() == b"hello"
    assert not EmailSaveAttachment(mail.Attach[0], tmp_path / "none" / "a.txt")
    assert ErrorOccurred


def test_a_name_from_outside_does_not_leave_the_folder(tmp_path: Path) -> None:
    for name in ("../../evil.txt", "..\\evil.txt", "/evil.txt", ".evil.txt"):
        assert EmailSaveAttachment(emailAttach(Name=name, Content=b"x"), tmp_path)
        assert (tmp_path / "evil.txt").exists()
        (tmp_path / "evil.txt").unlink()
    assert EmailSaveAttachment(emailAttach(Name="..", Content=b"x"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["attachment"]


def test_html_is_imported(mail: Email, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>hello</p>")
    assert EmailImportHTML(mail, page)
    assert mail.HTML == "<p>hello</p>"
