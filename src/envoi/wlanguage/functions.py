"""The functions on sessions and messages: the other way to write what the methods of the types do.

A session is named by its variable, or, as the oldest programs do, by the user name that it was opened with.
Called without a message they take this thread's own, `CurrentEmail`, which is WLanguage's structure `Email`.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.wlanguage.constants import MessageOption, Security
from envoi.wlanguage.last_error import leaves_error
from envoi.wlanguage.mail import Email
from envoi.wlanguage.session import emailSMTPSession

if TYPE_CHECKING:
    from os import PathLike

    from envoi.session.content import Progress
    from envoi.wlanguage.mail import emailAttach

__all__ = [
    "CurrentEmail",
    "EmailBuildSource",
    "EmailChargeFichierAttaché",
    "EmailCloseSession",
    "EmailConstruitSource",
    "EmailCourant",
    "EmailEnvoie",
    "EmailEnvoieMessage",
    "EmailFermeSession",
    "EmailImportHTML",
    "EmailImportSource",
    "EmailImporteHTML",
    "EmailImporteSource",
    "EmailJauge",
    "EmailLoadAttachment",
    "EmailOuvreSession",
    "EmailOuvreSessionSMTP",
    "EmailProgressBar",
    "EmailRAZ",
    "EmailReset",
    "EmailSauveFichierAttaché",
    "EmailSaveAttachment",
    "EmailSend",
    "EmailSendMessage",
    "EmailStartSMTPSession",
    "EmailStartSession",
]


class _Thread(threading.local):
    """What WLanguage has once per thread."""

    def __init__(self) -> None:
        self.email = Email()
        self.progress: Progress | None = None


_thread = _Thread()
_sessions: dict[str, emailSMTPSession] = {}
_lock = threading.Lock()


def CurrentEmail() -> Email:
    """Return this thread's message."""
    return _thread.email


def EmailReset() -> None:
    """Empty this thread's message."""
    _thread.email = Email()


def EmailProgressBar(procedure: Progress | str = "") -> None:
    """Have this thread's sending tell a procedure of its progress: octets sent, and the total or None.

    Args:
        procedure: what to call; an empty string for nothing any more.
    """
    _thread.progress = None if isinstance(procedure, str) else procedure


def EmailStartSession(session: emailSMTPSession) -> bool:
    """Open a session; True when that worked. See `emailSMTPSession.StartSession`."""
    opened = session.StartSession()
    if opened and session.Name:
        with _lock:
            _sessions[session.Name] = session
    return opened


def EmailStartSMTPSession(
    user: str,
    password: str = "",
    server: str = "",
    port: int = 25,
    asynchronous: bool = False,
    option: int = Security.DEFAULT,
) -> bool:
    """Open a session whose name is its user's from then on; the old way.

    Args:
        user: who logs in, and the session's name for `EmailSendMessage` and `EmailCloseSession`.
        password: what proves it; without one nobody logs in.
        server: name or IP address.
        port: 25 unless it is given.
        asynchronous: whether mails go into the outbox on disk.
        option: `emailOptionDefault`, `emailOptionSecuredTLS` or `optionSSL`.
    """
    session = emailSMTPSession(
        ServerAddress=server, Name=user, Password=password, Asynchronous=asynchronous, Option=option
    )
    session.Port = port
    return EmailStartSession(session)


@leaves_error(otherwise=False)
def EmailSendMessage(
    session: emailSMTPSession | str, mail: Email | None = None, options: int = MessageOption.NONE
) -> bool:
    """Send a message, by default this thread's. See `emailSMTPSession.SendMessage`."""
    return _found(session).SendMessage(CurrentEmail() if mail is None else mail, options, _thread.progress)


@leaves_error(otherwise=False)
def EmailSend(session: emailSMTPSession | str, file: str | PathLike[str], mail: Email | None = None) -> bool:
    """Send a finished message from a file.

    Args:
        session: where.
        file: the message with its header, as `EmailBuildSource` writes it.
        mail: whose `Sender`, `Recipient`, `Cc` and `Bcc` are the envelope; by default this thread's message.
    """
    envelope = CurrentEmail() if mail is None else mail
    return _found(session).SendSource(
        file, envelope.Sender, [*envelope.Recipient, *envelope.Cc, *envelope.Bcc]
    )


@leaves_error(otherwise=False)
def EmailCloseSession(session: emailSMTPSession | str) -> bool:
    """Close a session. See `emailSMTPSession.CloseSession`."""
    found = _found(session)
    with _lock:
        for name in [name for name, other in _sessions.items() if other is found]:
            del _sessions[name]
    return found.CloseSession()


def EmailBuildSource(mail: Email | None = None, options: int = MessageOption.NONE) -> bool:
    """Write a message into its own `Source`, as a file (`.eml`) holds it; by default this thread's.

    Args:
        mail: the message.
        options: `emailOptionHeaderBcc` writes the hidden recipients into the header, which otherwise has
            none.
    """
    return (CurrentEmail() if mail is None else mail).BuildSource(options)


def EmailImportSource(mail: Email) -> bool:
    """Fill a message from its own `Source`, which may be any mail."""
    return mail.ImportSource()


def EmailLoadAttachment(mail: Email, path: str | PathLike[str], identifier: str = "") -> bool:
    """Attach a file, which is read when the message is sent.

    Args:
        mail: the message.
        path: the file.
        identifier: a content identifier, so that HTML can show the file as ``cid:…``.
    """
    return mail.LoadAttachment(path, identifier)


@leaves_error(otherwise=False)
def EmailSaveAttachment(attach: emailAttach, path: str | PathLike[str]) -> bool:
    """Write an attachment to a file.

    Args:
        attach: the attachment.
        path: the file, or a folder, in which the attachment gets its own name without any folders in it.
    """
    target = Path(path)
    if target.is_dir():
        # The name comes from whoever sent the mail.
        target /= attach.Name.replace("\\", "/").rpartition("/")[2].lstrip(".") or "attachment"
    target.write_bytes(attach.Content if attach.path is None else attach.path.read_bytes())
    return True


def EmailImportHTML(mail: Email, document: str | PathLike[str]) -> bool:
    """Take the HTML of a file; pictures beside it become inline attachments."""
    return mail.ImportHTML(document)


def _found(session: emailSMTPSession | str) -> emailSMTPSession:
    if not isinstance(session, str):
        return session
    with _lock:
        found = _sessions.get(session)
    if found is None:
        raise UsageError(f"no session is open under the name {session!r}; EmailStartSMTPSession opens one")
    return found


EmailCourant, EmailRAZ, EmailJauge = CurrentEmail, EmailReset, EmailProgressBar
EmailOuvreSession, EmailOuvreSessionSMTP = EmailStartSession, EmailStartSMTPSession
EmailEnvoieMessage, EmailEnvoie, EmailFermeSession = EmailSendMessage, EmailSend, EmailCloseSession
EmailConstruitSource, EmailImporteSource = EmailBuildSource, EmailImportSource
EmailChargeFichierAttaché, EmailSauveFichierAttaché = EmailLoadAttachment, EmailSaveAttachment
EmailImporteHTML = EmailImportHTML
