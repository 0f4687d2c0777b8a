"""Our client against aiosmtpd: what it sends, read by a server that is not ours."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from envoi import (
    AsyncSMTPSession,
    Attachment,
    AuthenticationFailed,
    Email,
    MessageTooLarge,
    NotSupportedByServer,
    Recipient,
    RecipientsRejected,
    SMTPSession,
    TLSOptions,
)
from envoi.message.envelope import DeliveryOptions
from envoi.testing.certificates import default_certificate, server_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtpd.smtp import Envelope

    from envoi import Receipt
    from envoi.session.outgoing import Mail

CONTENT = b"Subject: dots\r\n\r\n.\r\n..\r\n.end\r\n"


class Handler:
    """Keeps what arrives, and knows nobody called nobody."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"


class Server(Controller):
    """aiosmtpd with a certificate, an account, and the security that is asked for."""

    def __init__(self, handler: Handler, security: str, **options: Any) -> None:
        self.context = server_context(default_certificate(), asks_client=False)
        self.security = security
        super().__init__(
            handler,
            hostname="127.0.0.1",
            port=0,
            ssl_context=self.context if security == "tls" else None,
            authenticator=self.authenticate,
            auth_require_tls=security == "starttls",
            enable_SMTPUTF8=True,
            **options,
        )

    def factory(self) -> SMTP:
        context = self.context if self.security == "starttls" else None
        return SMTP(
            self.handler, tls_context=context, require_starttls=context is not None, **self.SMTP_kwargs
        )

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        known = (data.login, data.password) == (b"user", b"pencil")
        # Not handled: aiosmtpd is to say the 535 itself.
        return AuthResult(success=known, handled=False, auth_data=data.login)

    def _trigger_server(self) -> None:
        # aiosmtpd would connect to the port it was told, which is "any".
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(security: str, **options: Any) -> Iterator[tuple[Handler, dict[str, Any]]]:
    handler = Handler()
    server = Server(handler, security, **options)
    server.start()
    try:
        yield (
            handler,
            {
                "host": "127.0.0.1",
                "port": server.port,
                "security": security,
                "tls": TLSOptions(ca_file=default_certificate().ca_file),
            },
        )
    finally:
        server.stop()


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> str:
    return request.param


def send(colour: str, arguments: dict[str, Any], mail: Mail, **envelope: Any) -> Receipt:
    async def suspending() -> Receipt:
        async with AsyncSMTPSession(**arguments) as session:
            return await session.send(mail, **envelope)

    if colour == "asyncio":
        return asyncio.run(suspending())
    with SMTPSession(**arguments) as session:
        return session.send(mail, **envelope)


@pytest.mark.parametrize("security", ["plaintext", "starttls", "tls"])
def test_delivers(colour: str, security: str) -> None:
    with serving(security) as (handler, arguments):
        receipt = send(colour, arguments, CONTENT, sender="a@example.com", recipients=["b@example.org"])
        assert str(receipt.reply) == "250 2.0.0 taken"
        (envelope,) = handler.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == ("a@example.com", ["b@example.org"])
        assert envelope.original_content == CONTENT


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_logs_in(colour: str, security: str, mechanism: str) -> None:
    account = {"username": "user", "password": "pencil", "mechanisms": [mechanism]}
    with serving(security, auth_required=security == "starttls") as (handler, arguments):
        send(colour, {**arguments, **account}, CONTENT, sender="a@example.com", recipients=["b@example.org"])
        assert len(handler.envelopes) == 1


def test_learns_that_a_password_is_wrong(colour: str) -> None:
    with serving("starttls") as (_, arguments), pytest.raises(AuthenticationFailed):
        send(
            colour,
            {**arguments, "username": "user", "password": "crayon"},
            CONTENT,
            sender="",
            recipients=["b@x.org"],
        )


def test_delivers_a_composed_mail(colour: str) -> None:
    mail = Email(
        sender="Zoë <zoë@example.com>",
        to=["b@example.org"],
        bcc=["hidden@example.org"],
        subject="Le rapport d'été",
        text="à vous",
        attachments=[Attachment.from_bytes(bytes(range(256)), filename="été.bin")],
    )
    with serving("starttls") as (handler, arguments):
        send(colour, arguments, mail)
        (envelope,) = handler.envelopes
        assert envelope.mail_from == "zoë@example.com"
        assert envelope.rcpt_tos == ["b@example.org", "hidden@example.org"]
        assert "SMTPUTF8" in envelope.mail_options
        assert isinstance(envelope.original_content, bytes)
        assert b"hidden" not in envelope.original_content


def test_tells_who_was_refused(colour: str) -> None:
    with serving("plaintext") as (handler, arguments):
        receipt = send(
            colour,
            arguments,
            CONTENT,
            sender="a@example.com",
            recipients=["nobody@example.org", "b@example.org"],
        )
        assert receipt.accepted == ("b@example.org",)
        assert receipt.refused["nobody@example.org"].enhanced == "5.1.1"
        with pytest.raises(RecipientsRejected, match="no such user"):
            send(colour, arguments, CONTENT, sender="a@example.com", recipients=["nobody@example.org"])
        assert len(handler.envelopes) == 1


def test_sends_nothing_that_is_too_large_or_not_understood(colour: str) -> None:
    with serving("plaintext", data_size_limit=10) as (handler, arguments):
        with pytest.raises(MessageTooLarge):
            send(colour, arguments, CONTENT, sender="a@example.com", recipients=["b@example.org"])
        with pytest.raises(NotSupportedByServer, match="DSN"):
            send(
                colour,
                arguments,
                b"\r\n",
                sender="a@example.com",
                recipients=[Recipient("b@example.org")],
                options=DeliveryOptions(ret="full"),
            )
        assert handler.envelopes == []
