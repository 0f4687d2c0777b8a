from __future__ import annotations

import smtplib

import pytest

from envoi import DeliveryError, SMTPSession, Timeouts, TLSOptions, UsageError
from envoi.testing import Chunking, ScriptedServer

WHOLE = """
S: 220 mail.example.org
C: EHLO *
S: 250-mail.example.org
S: 250 STARTTLS
C: STARTTLS
S: 220 go
* tls
C: EHLO *
S: 250 mail.example.org
C: MAIL FROM:<a@example.com>
S: 250 ok
C: RCPT TO:<b@example.org>
S: 250 ok
C: DATA
S: 354 go
* message
S: 250 queued
C: QUIT
S: 221 bye
* close
"""


@pytest.mark.parametrize("chunking", Chunking)
def test_plays_over_a_socket(chunking: Chunking) -> None:
    with (
        ScriptedServer(WHOLE, chunking) as server,
        SMTPSession(server.host, server.port, tls=TLSOptions(ca_file=server.ca_file)) as session,
    ):
        receipt = session.send(b"Subject: x\r\n\r\n", sender="a@example.com", recipients=["b@example.org"])
        assert receipt.reply.text == "queued"


def test_tells_what_the_client_did_wrong() -> None:
    with (
        pytest.raises(AssertionError, match=r"expects 'HELO \*'"),
        ScriptedServer("S: 220 hi\nC: HELO *") as server,
        pytest.raises(DeliveryError),
    ):
        SMTPSession(server.host, server.port).open()


def test_tells_what_the_client_left_out() -> None:
    with (
        pytest.raises(AssertionError, match=r"line 2 .* was not reached"),
        ScriptedServer("S: 220 hi\nC: QUIT") as server,
    ):
        smtplib.SMTP(server.host, server.port, timeout=30).close()


def test_counts_connections() -> None:
    with pytest.raises(AssertionError, match="less often"), ScriptedServer("S: 220 hi"):
        pass
    server = ScriptedServer("S: 421 no\n* close").start()
    for _ in range(2):
        with pytest.raises((smtplib.SMTPException, OSError)):
            smtplib.SMTP(server.host, server.port, timeout=30)
    with pytest.raises(AssertionError, match="once more"):
        server.close()


@pytest.mark.parametrize("ending", ["* close", "* reset", "* tls failed", "* wait 0.001\n* close"])
def test_ends_a_connection(ending: str) -> None:
    security = "tls" if "tls" in ending else "plaintext"
    with ScriptedServer(ending) as server, pytest.raises(DeliveryError):
        SMTPSession(server.host, server.port, security=security).open()


def test_takes_no_more_octets() -> None:
    with ScriptedServer("S: 220 hi\n* deaf") as server, pytest.raises(DeliveryError):
        SMTPSession(server.host, server.port, security="plaintext", timeout=Timeouts(reply=0.02)).open()


def test_runs_once_at_a_time() -> None:
    server = ScriptedServer("S: 421 no\n* close")
    server.close()
    with pytest.raises(AssertionError), server, pytest.raises(UsageError, match="running already"):
        server.start()
