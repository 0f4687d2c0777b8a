"""The standard library as a client: what it can do with a server, envoi must be able to do as well.

Used to try the servers themselves; envoi is not imported here.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
import uuid
from typing import TYPE_CHECKING

from tests.servers.listeners import ALICE, HOST, Listener, User

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.certificates import Certificate

__all__ = ["authenticate", "connect", "log_in", "new_mail", "plain", "send", "strict_context"]

_TIMEOUT = 10.0


def strict_context(ca_file: Path, *, client: Certificate | None = None) -> ssl.SSLContext:
    """Return a context that trusts the authority, and checks as hard as Python 3.13 does by default."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if client is not None:
        context.load_cert_chain(client.chain)
    return context


def connect(listener: Listener, context: ssl.SSLContext) -> smtplib.SMTP:
    """Open a session as the listener wants it, up to and including the EHLO that counts."""
    if listener.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(HOST, listener.port, timeout=_TIMEOUT, context=context)
    else:
        session = smtplib.SMTP(HOST, listener.port, timeout=_TIMEOUT)
    try:
        if listener.security == "starttls":
            session.starttls(context=context)
        session.ehlo()
    except BaseException:
        session.close()
        raise
    return session


def authenticate(session: smtplib.SMTP, mechanism: str, *answers: Callable[[bytes], bytes]) -> int:
    """Run a SASL exchange without initial response, an answer per challenge; return the last reply's code."""
    code, text = session.docmd("AUTH", mechanism)
    for answer in answers:
        if code != 334:
            break
        response = answer(base64.b64decode(text))
        code, text = session.docmd(base64.b64encode(response).decode("ascii"))
    return code


def plain(user: User) -> Callable[[bytes], bytes]:
    """Answer for PLAIN (RFC 4616), in UTF-8, which smtplib's own is not."""
    return lambda _challenge: f"\0{user.name}\0{user.password}".encode()


def new_mail(*, subject: str = "Été") -> tuple[str, bytes]:
    """Return a Message-ID and a mail that a careless server or client would change."""
    message_id = f"<{uuid.uuid4()}@envoi.test>"
    text = (
        f"Message-ID: {message_id}\r\nBcc: hidden@mail.test\r\nSubject: {subject}\r\nX-Empty: \r\n\r\n"
        f".leading dot\r\n..\r\n.\r\nsnow ☃ \t\r\nFrom here\r\n{'long ' * 1000}\r\n\r\n\r\n"
    )
    return message_id, text.encode()


def log_in(session: smtplib.SMTP) -> None:
    """Be alice, where anybody must be somebody."""
    if session.has_extn("auth"):
        assert authenticate(session, "PLAIN", plain(ALICE)) == 235


def send(listener: Listener, context: ssl.SSLContext, mail: bytes, recipient: str, *options: str) -> None:
    """Send a mail from alice; `options` are parameters of MAIL."""
    with connect(listener, context) as session:
        log_in(session)
        session.sendmail(ALICE.address, [recipient], mail, mail_options=options)
