"""The sinks speak SMTP: asked by hand, by smtplib and by envoi, in clear and over TLS, in C and asyncio."""

from __future__ import annotations

import socket
import ssl
import sys
from smtplib import SMTP
from typing import TYPE_CHECKING

import pytest

from bench.sinks.native import Counts, best_sink, compiled, running
from envoi import SMTPSession, TLSOptions
from tests.servers.certificates import create_authority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.sinks.native import Sink
    from tests.servers.certificates import CertificateAuthority

DOTTED = b"Subject: x\r\n\r\n.one\r\n..\r\n.\r\nlast\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return create_authority(tmp_path_factory.mktemp("ca"), client_name="bench")


@pytest.fixture(params=["native", "asyncio"])
def native(request: pytest.FixtureRequest) -> bool:
    if request.param == "native" and compiled(tls=True) is None:
        pytest.skip("no C compiler, or no headers of OpenSSL")
    return request.param == "native"


@pytest.fixture
def sink(native: bool, authority: CertificateAuthority) -> Iterator[Sink]:
    with running(best_sink(certificate=authority.good.chain, native=native)) as sink:
        yield sink


def dialogue(port: int, *flights: bytes) -> bytes:
    """Say each as soon as something was answered to the one before; return all that was said in turn."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        said = connection.recv(4096)
        for flight in flights:
            connection.sendall(flight)
            said += connection.recv(4096)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(4096):
            said += piece
        return said


def codes(said: bytes) -> list[int]:
    return [int(line[:3]) for line in said.splitlines() if line[3:4] == b" "]


def test_takes_mail_from_smtplib(sink: Sink) -> None:
    with SMTP("127.0.0.1", sink.port) as server:
        server.sendmail("a@example.com", ["b@example.org", "c@example.org"], DOTTED)
        server.sendmail("a@example.com", ["b@example.org"], DOTTED)
    counts = sink.counts()
    assert (counts.messages, counts.recipients, counts.connections) == (2, 3, 1)


@pytest.mark.parametrize("chunking", [True, False])
def test_takes_mail_from_envoi(native: bool, chunking: bool) -> None:
    with running(best_sink(chunking=chunking, native=native)) as sink:
        with SMTPSession("127.0.0.1", sink.port, security="plaintext") as session:
            assert session.capabilities is not None
            assert ("CHUNKING" in session.capabilities) == chunking
            for _ in range(3):
                session.send(DOTTED, sender="a@example.com", recipients=["b@example.org"])
        assert sink.counts().messages == 3


def test_takes_mail_over_starttls(sink: Sink, authority: CertificateAuthority) -> None:
    with SMTP("127.0.0.1", sink.port) as server:
        server.starttls(context=ssl.create_default_context(cafile=str(authority.ca_file)))
        server.sendmail("a@example.com", ["b@example.org"], DOTTED)
        assert not server.has_extn("starttls")
    with SMTPSession("127.0.0.1", sink.port, tls=TLSOptions(ca_file=authority.ca_file)) as session:
        session.send(DOTTED, sender="a@example.com", recipients=["b@example.org"])
    assert sink.counts().messages == 2


def test_answers_a_group_of_commands_in_order(sink: Sink) -> None:
    group = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    said = dialogue(sink.port, b"EHLO x\r\n", group, b"Subject: x\r\n\r\n.\r\nQUIT\r\n")
    assert codes(said) == [220, 250, 250, 250, 354, 250, 221]


def test_counts_the_octets_of_chunks(sink: Sink) -> None:
    group = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nBDAT 5\r\nhelloBDAT 2 LAST\r\n\r\n"
    assert codes(dialogue(sink.port, b"EHLO x\r\n", group)) == [220, 250, 250, 250, 250, 250]
    assert sink.counts() == Counts(messages=1, recipients=1, octets=7, connections=1)


def test_finds_the_end_of_text_wherever_it_is_cut(sink: Sink) -> None:
    start = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    text = b"\r\n.\r\r\n..\r\n\r\n.x\r\n.\r\n"
    with socket.create_connection(("127.0.0.1", sink.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = connection.makefile("rb")
        replies.readline()
        for cut in range(1, len(text)):
            connection.sendall(start)
            assert [replies.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
            connection.sendall(text[:cut])
            connection.sendall(text[cut:])
            assert replies.readline()[:3] == b"250"
        replies.close()
    assert sink.counts().messages == len(text) - 1


def test_an_empty_message_ends_at_once(sink: Sink) -> None:
    group = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    assert codes(dialogue(sink.port, group, b".\r\nNOOP\r\nQUIT\r\n"))[4:] == [250, 250, 221]


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"RCPT TO:<b@example.org>\r\n", [503]),
        (b"DATA\r\n", [503]),
        (b"MAIL FROM:<a@example.com>\r\nMAIL FROM:<a@example.com>\r\n", [250, 503]),
        (b"MAIL FROM:<a@example.com>\r\nRSET\r\nRCPT TO:<b@example.org>\r\n", [250, 250, 503]),
        (b"BDAT 2 LAST\r\nhi", [503]),
        (b"NOOP\r\nVRFY b\r\nHELP\r\n", [250, 252, 500]),
    ],
)
def test_holds_clients_to_the_order_of_commands(sink: Sink, said: bytes, answered: list[int]) -> None:
    assert codes(dialogue(sink.port, said)) == [220, *answered]


def test_refuses_what_it_does_not_offer(native: bool) -> None:
    plain = best_sink(chunking=False, pipelining=False, native=native)
    with running(plain) as sink, SMTP("127.0.0.1", sink.port) as server:
        server.ehlo()
        assert not server.has_extn("chunking")
        assert not server.has_extn("pipelining")
        assert not server.has_extn("starttls")
        assert server.docmd("BDAT", "0 LAST")[0] == 500
        assert server.docmd("STARTTLS")[0] == 500


def test_a_sink_that_does_not_start_is_said() -> None:
    with pytest.raises(RuntimeError, match="did not start"), running([sys.executable, "-c", "pass"]):
        pass
