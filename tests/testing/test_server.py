from __future__ import annotations

import asyncio
import smtplib
import ssl
from typing import TYPE_CHECKING

import pytest

from envoi import (
    AsyncSMTPSession,
    AuthenticationFailed,
    ConnectionFailed,
    DeliveryOptions,
    Notify,
    RawEmail,
    Recipient,
    SMTPSession,
    TLSOptions,
    UsageError,
)
from envoi.testing import AsyncSMTPServer, SMTPServer, client_certificate, faults

if TYPE_CHECKING:
    from typing import Any, Unpack

    from envoi import Receipt
    from envoi.session.settings import SessionOptions
    from envoi.testing import ReceivedMessage
    from envoi.testing.settings import Access, ServerOptions

CONTENT = (
    "Subject: =?utf-8?q?=C3=A9t=C3=A9?=\r\nMessage-ID: <1@example.com>\r\n\r\n.\r\nété\r\n..\r\n".encode()
)
MAIL = RawEmail(CONTENT, sender="a@example.com", recipients=["b@example.org", "c@example.org"])
ACCOUNT: ServerOptions = {"accounts": {"user": "pencil"}}

KINDS: dict[str, ServerOptions] = {
    "starttls": {},
    "tls": {"security": "tls"},
    "plaintext": {"security": "plaintext"},
    "account": ACCOUNT,
    "account in clear": {"security": "plaintext", "allow_plaintext_auth": True, **ACCOUNT},
    "lmtp": {"protocol": "lmtp"},
    "token": {"tokens": {"ya29.token": "user@example.com"}},
    "without extensions but 8BITMIME": {"extensions": {"8BITMIME", "STARTTLS"}},
    "without CHUNKING": {"extensions": {"8BITMIME", "STARTTLS", "PIPELINING"}},
    "without PIPELINING": {"extensions": {"8BITMIME", "STARTTLS", "CHUNKING"}},
    **{
        name: {"mechanisms": [name], **ACCOUNT}
        for name in (
            "SCRAM-SHA-256-PLUS",
            "SCRAM-SHA-256",
            "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-1",
            "PLAIN",
            "LOGIN",
            "CRAM-MD5",
        )
    },
    **{name: {"mechanisms": [name], "tokens": {"t": "user"}} for name in ("OAUTHBEARER", "XOAUTH2")},
}


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> str:
    return request.param


def merged(access: Access, change: SessionOptions | None) -> dict[str, Any]:
    return {**access, **(change or {})}


def deliver(
    colour: str, mail: RawEmail, change: SessionOptions | None = None, **options: Unpack[ServerOptions]
) -> tuple[Receipt, ReceivedMessage]:
    """Send one mail through a server of the colour and return what both sides say of it."""

    async def suspending() -> tuple[Receipt, ReceivedMessage]:
        async with AsyncSMTPServer(**options) as server:
            async with AsyncSMTPSession(**merged(server.session_options(), change)) as session:
                receipt = await session.send(mail)
            (message,) = await server.wait_for()
            return receipt, message

    if colour == "asyncio":
        return asyncio.run(suspending())
    with SMTPServer(**options) as server:
        with SMTPSession(**merged(server.session_options(), change)) as session:
            receipt = session.send(mail)
        (message,) = server.wait_for()
        return receipt, message


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_receives_what_was_sent(colour: str, options: ServerOptions) -> None:
    receipt, message = deliver(colour, MAIL, **options)
    assert receipt.accepted == message.recipients == ("b@example.org", "c@example.org")
    assert message.data == CONTENT
    assert message.sender == "a@example.com"
    assert message.tls == receipt.tls == (None if options.get("security") == "plaintext" else "TLSv1.3")
    known = {*options.get("accounts", ()), *options.get("tokens", {}).values()}
    assert {message.username} == (known or {None})


def test_records_every_parameter(colour: str) -> None:
    options = DeliveryOptions(
        ret="headers",
        envid="QQ+1",
        require_tls=True,
        priority=3,
        hold_for=60,
        deliver_by=600,
        deliver_by_mode="notify",
        deliver_by_trace=True,
    )
    recipients = [
        Recipient(
            "zoë@example.org", notify=frozenset({Notify.SUCCESS, Notify.DELAY}), original="old@example.org"
        ),
        Recipient("c@example.org", notify=frozenset({Notify.NEVER})),
    ]
    _, message = deliver(
        colour, RawEmail(CONTENT, sender="", recipients=recipients, options=options), **ACCOUNT
    )
    assert message.sender == ""
    assert message.parameters == {
        "SIZE": str(len(CONTENT)),
        "BODY": "8BITMIME",
        "SMTPUTF8": "",
        "REQUIRETLS": "",
        "RET": "HDRS",
        "ENVID": "QQ+2B1",
        "MT-PRIORITY": "3",
        "HOLDFOR": "60",
        "BY": "600;NT",
    }
    assert message.recipient_parameters == {
        "zoë@example.org": {"NOTIFY": "DELAY,SUCCESS", "ORCPT": "rfc822;old@example.org"},
        "c@example.org": {"NOTIFY": "NEVER"},
    }


def test_lets_a_client_certificate_in(colour: str) -> None:
    ca_file = SMTPServer().ca_file
    change: SessionOptions = {
        "tls": TLSOptions(ca_file=ca_file, client_certificate=client_certificate("cert user")),
        "mechanisms": ["EXTERNAL"],
    }
    _, message = deliver(colour, MAIL, change, mechanisms=["EXTERNAL"], require_auth=True)
    assert message.username == "cert user"


def test_refuses_a_wrong_password(colour: str) -> None:
    change: SessionOptions = {"username": "user", "password": "crayon"}
    with pytest.raises(AuthenticationFailed):
        deliver(colour, MAIL, change, **ACCOUNT)


@pytest.mark.parametrize("size", [64 * 1024, 3_000_000])
@pytest.mark.parametrize("kind", ["starttls", "plaintext", "without CHUNKING", "without PIPELINING"])
def test_receives_a_large_message(colour: str, kind: str, size: int) -> None:
    content = (
        b"Subject: large\r\n\r\n"
        + b".23456789012345678901234567890123456789012345678901234567890\r\n" * (size // 62)
    )
    mail = RawEmail(content, sender="a@example.com", recipients=["b@example.org"])
    _, message = deliver(colour, mail, **KINDS[kind])
    assert message.data == content


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_serves_the_client_of_the_standard_library(security: str, mechanism: str) -> None:
    options: ServerOptions = {**ACCOUNT, "security": security, "mechanisms": [mechanism]}
    with SMTPServer(**options) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        client = (
            smtplib.SMTP_SSL(server.host, server.port, context=context, timeout=60)
            if security == "tls"
            else smtplib.SMTP(server.host, server.port, timeout=60)
        )
        with client:
            if security == "starttls":
                client.starttls(context=context)
            client.login("user", "pencil")
            refused = client.sendmail(
                "a@example.com",
                ["b@example.org", "c@example.org"],
                CONTENT,
                mail_options=["BODY=8BITMIME", "RET=FULL"],
                rcpt_options=["NOTIFY=NEVER"],
            )
        (message,) = server.wait_for()
    assert refused == {}
    assert message.data == CONTENT
    assert message.username == "user"
    assert message.parameters == {"SIZE": str(len(CONTENT)), "BODY": "8BITMIME", "RET": "FULL"}


def test_tells_where_it_is() -> None:
    with SMTPServer(security="tls", protocol="lmtp") as server:
        assert server.url == f"lmtps://{server.host}:{server.port}"
        with SMTPSession.from_url(server.url, tls=TLSOptions(ca_file=server.ca_file)) as session:
            assert session.noop().code == 250
    assert SMTPServer(security="plaintext").url == "smtp+plaintext://127.0.0.1:0"
    assert SMTPServer(security="plaintext").ca_file is None


def test_tells_how_to_get_in() -> None:
    with SMTPServer(**ACCOUNT) as server:
        assert server.session_options() == {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "starttls",
            "protocol": "smtp",
            "tls": TLSOptions(ca_file=server.ca_file),
            "username": "user",
            "password": "pencil",
        }


def test_runs_once_at_a_time(colour: str) -> None:
    async def suspending() -> None:
        server = AsyncSMTPServer(security="plaintext")
        await server.close()
        with pytest.raises(UsageError, match="not running"):
            await server.wait_for()
        async with server:
            with pytest.raises(UsageError, match="running already"):
                await server.start()

    if colour == "asyncio":
        asyncio.run(suspending())
        return
    server = SMTPServer(security="plaintext")
    server.close()
    with pytest.raises(UsageError, match="not running"):
        server.wait_for()
    with server, pytest.raises(UsageError, match="running already"):
        server.start()


def test_says_what_it_waited_for() -> None:
    with (
        SMTPServer(security="plaintext") as server,
        pytest.raises(TimeoutError, match=r"0 of 2 messages came within 0.001 s"),
    ):
        server.wait_for(2, timeout=0.001)


def test_serves_several_clients_at_once() -> None:
    async def scenario() -> None:
        async with AsyncSMTPServer(**ACCOUNT) as server:

            async def client(number: int) -> None:
                async with AsyncSMTPSession(**server.session_options()) as session:
                    await session.send(CONTENT, sender=f"a{number}@example.com", recipients=["b@example.org"])

            await asyncio.gather(*(client(number) for number in range(5)))
            messages = await server.wait_for(5)
            assert {message.sender for message in messages} == {
                f"a{number}@example.com" for number in range(5)
            }
            assert len(server.dialogues) == 5

    asyncio.run(scenario())


def test_closes_on_clients_that_stay() -> None:
    with SMTPServer(security="plaintext") as server:
        session = SMTPSession(**server.session_options()).open()
        session.noop()
    assert server.dialogues[0][-1] == "* closed"
    session.close()


def test_says_the_same_in_both_colours() -> None:
    async def scenario() -> None:
        async with AsyncSMTPServer(security="tls", accounts={"user": "pencil"}) as server:
            assert server.url == f"smtps://{server.host}:{server.port}"
            assert server.ca_file == SMTPServer().ca_file
            assert (server.messages, server.dialogues, server.faults) == ([], [], [])
            server.faults.append(faults.reply("GREETING", "554 5.7.1 closed"))
            with pytest.raises(ConnectionFailed, match="closed"):
                await AsyncSMTPSession(**server.session_options()).open()

    asyncio.run(scenario())
