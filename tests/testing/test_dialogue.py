"""What the server answers to a client of no manners: the standard library's, one command at a time."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from envoi.testing import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from envoi.testing.settings import ServerOptions


class Client(smtplib.SMTP):
    """Says one line and returns code and text."""

    def ask(self, line: str) -> tuple[int, str]:
        code, text = self.docmd(line)
        return code, text.decode()

    def codes(self, *lines: str) -> list[int]:
        return [self.ask(line)[0] for line in lines]


@contextmanager
def talking(**options: Unpack[ServerOptions]) -> Iterator[tuple[SMTPServer, Client]]:
    with SMTPServer(**options) as server, Client(server.host, server.port, timeout=60) as client:
        yield server, client


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with talking(security="plaintext") as (_, connected):
        yield connected


@pytest.fixture(autouse=True)
def _begin(request: pytest.FixtureRequest) -> None:
    if "client" in request.fixturenames:
        request.getfixturevalue("client").codes("RSET", "EHLO client.example")


def test_greets_with_its_name() -> None:
    with SMTPServer(security="plaintext") as server, Client() as client:
        assert client.connect(server.host, server.port) == (220, b"mail.example.org ESMTP envoi")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("NOOP", 250),
        ("NOOP with an argument", 250),
        ("RSET", 250),
        ("RSET now", 501),
        ("HELP", 214),
        ("VRFY somebody", 252),
        ("VRFY", 501),
        ("EXPN list", 502),
        ("EHLO", 501),
        ("HELO", 501),
        ("LHLO client.example", 500),
        ("STARTTLS", 502),
        ("AUTH PLAIN", 502),
        ("MAIL a@example.com", 501),
        ("RCPT TO:<b@example.org>", 503),
        ("DATA", 503),
        ("BDAT x", 501),
        ("HELLO", 500),
        ("", 500),
        ("mail from:<a@example.com>", 250),
        ("MAIL FROM: <a@example.com>", 250),
    ],
)
def test_answers(client: Client, line: str, code: int) -> None:
    assert client.ask(line)[0] == code


def test_wants_a_hello_first() -> None:
    with talking(security="plaintext") as (_, client):
        assert client.codes("MAIL FROM:<a@example.com>", "NOOP", "EHLO x", "MAIL FROM:<a@example.com>") == [
            503,
            250,
            250,
            250,
        ]


def test_wants_no_second_sender(client: Client) -> None:
    assert client.codes("MAIL FROM:<a@example.com>", "MAIL FROM:<b@example.com>") == [250, 503]


def test_wants_a_recipient_before_the_message(client: Client) -> None:
    assert client.codes("MAIL FROM:<a@example.com>") == [250]
    assert client.ask("DATA") == (554, "5.5.1 no valid recipients")


def test_forgets_the_transaction_at_rset_and_ehlo(client: Client) -> None:
    for line in ("RSET", "EHLO client.example"):
        assert client.codes("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", line, "DATA") == [
            250,
            250,
            250,
            503,
        ]


def test_takes_no_extension_after_helo(client: Client) -> None:
    assert client.codes("HELO client.example", "MAIL FROM:<a@example.com> SIZE=1") == [250, 555]
    assert client.ask("NOOP") == (250, "OK")
    client.codes("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>")
    assert client.ask("BDAT 0 LAST") == (502, "command not implemented")


def test_says_enhanced_codes_when_offered(client: Client) -> None:
    assert client.ask("NOOP") == (250, "2.0.0 OK")
    with talking(security="plaintext", extensions=()) as (_, other):
        other.ask("EHLO x")
        assert other.ask("NOOP") == (250, "OK")


def test_enforces_the_limit_of_recipients() -> None:
    with talking(security="plaintext", extensions={"LIMITS RCPTMAX=1"}) as (_, client):
        client.codes("EHLO x", "MAIL FROM:<a@example.com>")
        assert client.codes("RCPT TO:<b@example.org>", "RCPT TO:<c@example.org>") == [250, 452]


def test_enforces_the_limit_of_messages() -> None:
    with talking(security="plaintext", extensions={"LIMITS MAILMAX=1"}) as (_, client):
        client.ask("EHLO x")
        assert client.codes("MAIL FROM:<a@example.com>", "RSET", "MAIL FROM:<a@example.com>") == [
            250,
            250,
            452,
        ]


def test_enforces_the_size_at_mail_and_at_the_end() -> None:
    with talking(security="plaintext", max_size=10) as (server, client):
        client.ask("EHLO x")
        assert client.codes("MAIL FROM:<a@example.com> SIZE=11", "MAIL FROM:<a@example.com>") == [552, 250]
        client.ask("RCPT TO:<b@example.org>")
        assert client.data(b"0123456789")[0] == 552
        assert client.codes("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>") == [250, 250]
        assert client.data(b"01234567")[0] == 250
        assert [message.data for message in server.messages] == [b"01234567\r\n"]


def test_wants_a_login() -> None:
    with talking(accounts={"u": "p"}) as (_, client):
        client.ask("EHLO x")
        assert client.ask("MAIL FROM:<a@example.com>") == (530, "5.7.0 authentication required")


def test_wants_tls_before_a_login() -> None:
    with talking(accounts={"u": "p"}) as (_, client):
        client.ask("EHLO x")
        assert client.ask("AUTH PLAIN AHUAcA==") == (538, "5.7.11 encryption is required to log in")


def test_takes_one_login_with_an_offered_mechanism() -> None:
    with talking(
        security="plaintext", allow_plaintext_auth=True, accounts={"u": "p"}, mechanisms=["PLAIN"]
    ) as (_, client):
        client.ask("EHLO x")
        assert client.codes("AUTH LOGIN", "AUTH PLAIN AHUAcA==", "AUTH PLAIN AHUAcA==") == [504, 235, 503]
        assert client.ask("MAIL FROM:<a@example.com>")[0] == 250


def test_lets_a_login_be_cancelled_and_tried_again() -> None:
    with talking(security="plaintext", allow_plaintext_auth=True, accounts={"u": "p"}) as (_, client):
        client.ask("EHLO x")
        assert client.codes("AUTH PLAIN", "*", "AUTH PLAIN", "AHVub3Q=", "AUTH PLAIN", "AHUAcA==") == [
            334,
            501,
            334,
            535,
            334,
            235,
        ]


def test_forgets_at_starttls_what_was_said_in_clear() -> None:
    with talking() as (server, client):
        client.codes("EHLO x", "MAIL FROM:<a@example.com>")
        assert client.ask("STARTTLS")[0] == 503
        client.ask("RSET")
        client.starttls(context=ssl.create_default_context(cafile=server.ca_file))
        assert client.codes("MAIL FROM:<a@example.com>", "EHLO x", "STARTTLS") == [503, 250, 503]


def test_takes_chunks() -> None:
    with talking(security="plaintext") as (server, client):
        client.codes("EHLO x", "MAIL FROM:<a@example.com> BODY=BINARYMIME", "RCPT TO:<b@example.org>")
        assert client.ask("DATA")[0] == 503
        client.send(b"BDAT 8\r\nA: b\r\n\r\n")
        assert client.getreply()[0] == 250
        assert client.ask("DATA")[0] == 503
        client.send(b"BDAT 5 LAST\r\n\x00\r\n\xff.")
        assert client.getreply()[0] == 250
        assert [message.data for message in server.messages] == [b"A: b\r\n\r\n\x00\r\n\xff."]


def test_drops_chunks_after_one_that_was_refused() -> None:
    with talking(security="plaintext", max_size=3) as (server, client):
        client.codes("EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>")
        client.send(b"BDAT 4\r\nMAILBDAT 3\r\nQUIBDAT 3 LAST\r\nx\r\n")
        assert [client.getreply()[0] for _ in range(3)] == [552, 503, 503]
        assert client.codes("MAIL FROM:<a@example.com>", "RSET", "MAIL FROM:<a@example.com>") == [
            503,
            250,
            250,
        ]
        assert server.messages == []


def test_drops_chunks_out_of_turn() -> None:
    with talking(security="plaintext") as (_, client):
        client.ask("EHLO x")
        client.send(b"BDAT 6 LAST\r\nQUIT\r\n")
        assert client.getreply()[0] == 503
        assert client.codes("MAIL FROM:<a@example.com>") == [250]
        client.send(b"BDAT 2 LAST\r\n\r\n")
        assert client.getreply()[0] == 554


@pytest.mark.parametrize(
    "content", [b"a\nb\r\n.\r\n", b"a\r\n.\nQUIT\r\n.\r\n", b"a\n.\r\n\r\n.\r\n", b"a\r.\r\n\r\n.\r\n"]
)
def test_refuses_bare_line_ends_in_content(content: bytes) -> None:
    with talking(security="plaintext") as (server, client):
        client.codes("EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", "DATA")
        client.send(content)
        code, text = client.getreply()
        assert (code, text[:6]) == (550, b"5.6.11")
        assert client.ask("NOOP")[0] == 250
        assert server.messages == []


def test_takes_bare_line_ends_when_told_to() -> None:
    with talking(security="plaintext", allow_bare_line_ends=True) as (server, client):
        client.codes("EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", "DATA")
        client.send(b"a\n.\nb\r\n.\r\n")
        assert client.getreply()[0] == 250
        assert server.messages[0].data == b"a\n.\nb\r\n"


def test_answers_per_recipient_with_lmtp() -> None:
    with talking(security="plaintext", protocol="lmtp") as (server, client):
        assert client.codes("EHLO x", "HELO x", "LHLO x") == [500, 500, 250]
        client.codes(
            "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", "RCPT TO:<c@example.org>", "DATA"
        )
        client.send(b"x\r\n.\r\n")
        assert [client.getreply() for _ in range(2)] == [
            (250, b"2.0.0 delivered to b@example.org"),
            (250, b"2.0.0 delivered to c@example.org"),
        ]
        assert server.messages[0].recipients == ("b@example.org", "c@example.org")
        client.codes(
            "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", "RCPT TO:<c@example.org>", "DATA"
        )
        client.send(b"bare\n\r\n.\r\n")
        assert [client.getreply()[0] for _ in range(2)] == [550, 550]


def test_ends_with_quit() -> None:
    with talking(security="plaintext") as (server, client):
        assert client.ask("QUIT") == (221, "goodbye")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.ask("NOOP")
    assert server.dialogues == [
        ["S: 220 mail.example.org ESMTP envoi", "C: QUIT", "S: 221 goodbye", "* closed"]
    ]


def test_has_enough_of_commands_at_some_point() -> None:
    with talking(security="plaintext", max_commands=2) as (_, client):
        assert client.codes("NOOP", "NOOP", "NOOP") == [250, 250, 421]


def test_refuses_a_line_that_is_too_long() -> None:
    with talking(security="plaintext") as (_, client):
        assert client.codes("NOOP " + "x" * 3000, "NOOP") == [500, 250]
