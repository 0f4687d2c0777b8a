"""Streams under TLS: what the handshake accepts and refuses, and what reading and writing mean then."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from envoi.drivers.stream import NetworkStream
from envoi.errors import DeadlineExceeded, Disconnected, LocalProtocolError, Phase, Retry, TLSFailed
from envoi.ports import Endpoint, TLSInfo, TLSOptions
from envoi.session.run import run_sync
from tests.drivers.colours import SOON, Colour, nothing_left_open
from tests.drivers.peers import Player, echo, refusing_tls, reset, saying, serve, silence, under_tls

if TYPE_CHECKING:
    import socket


async def secured(
    colour: Colour, endpoint: Endpoint, options: TLSOptions, name: str = "localhost", timeout: float = SOON
) -> NetworkStream:
    stream = await colour.connect(endpoint)
    try:
        await stream.start_tls(options, name, timeout)
    except BaseException:
        stream.abort()
        raise
    return stream


def refusal(colour: Colour, player: Player, options: TLSOptions, name: str = "localhost") -> TLSFailed:
    with nothing_left_open(), serve(player) as endpoint, pytest.raises(TLSFailed) as caught:
        colour.run(secured(colour, endpoint, options, name))
    assert caught.value.phase is Phase.TLS
    assert caught.value.remedy
    return caught.value


def test_tells_what_was_agreed(colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions) -> None:
    async def scenario() -> tuple[TLSInfo | None, bytes]:
        stream = await secured(colour, endpoint, trusting)
        await stream.write(b"EHLO\r\n", SOON)
        answer = await stream.read(SOON)
        await stream.close()
        return stream.tls, answer

    with nothing_left_open(), serve(under_tls(server_context)) as endpoint:
        info, answer = colour.run(scenario())
    assert answer == b"EHLO\r\n"
    assert info.version == "TLSv1.3"
    assert info.cipher
    assert info.verified
    assert ("DNS", "localhost") in info.subject["subjectAltName"]
    assert len(info.server_end_point) == 32
    assert info.certificate.startswith(b"\x30")
    assert not info.client_certificate


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_two_ends_that_both_write_under_tls_do_not_block_each_other(
    colour: Colour, authority: trustme.CA, trusting: TLSOptions, version: ssl.TLSVersion
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.maximum_version = version

    def blurt(connection: socket.socket) -> None:
        connection.sendall(b"x" * 900_000)
        received = 0
        while received < 8 * 1024 * 1024:
            received += len(connection.recv(65536))
        connection.sendall(b"all here")

    async def scenario() -> int:
        stream = await secured(colour, endpoint, trusting)
        await stream.write(bytearray(b"y" * 8 * 1024 * 1024), SOON)
        received = b""
        while not received.endswith(b"all here"):
            received += await stream.read(SOON)
        await stream.close()
        return len(received)

    with serve(under_tls(context, blurt)) as endpoint:
        assert colour.run(scenario()) == 900_000 + 8


def test_session_tickets_are_not_data(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    async def scenario() -> None:
        stream = await secured(colour, endpoint, trusting)
        # The server sends its tickets with its last handshake message: they are here, or will be.
        for _ in range(100):
            assert await stream.poll() is None
        with pytest.raises(DeadlineExceeded, match="sent nothing"):
            await stream.read(0.05)
        await stream.write(b"ping", SOON)
        while (answer := await stream.poll()) is None:
            pass
        assert answer == b"ping"
        await stream.close()

    with serve(under_tls(server_context)) as endpoint:
        colour.run(scenario())


def test_end_with_farewell_reads_as_nothing(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    def leave(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        connection.sendall(b"221 bye\r\n")
        connection.unwrap()

    async def scenario() -> list[bytes | None]:
        stream = await secured(colour, endpoint, trusting)
        seen = [await stream.read(SOON), await stream.read(SOON), await stream.poll()]
        await stream.close()
        return seen

    with serve(under_tls(server_context, leave)) as endpoint:
        assert colour.run(scenario()) == [b"221 bye\r\n", b"", b""]


def test_end_without_farewell_reads_as_nothing(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    async def scenario() -> list[bytes | None]:
        stream = await secured(colour, endpoint, trusting)
        seen = [await stream.read(SOON), await stream.read(SOON), await stream.poll()]
        await stream.close()
        return seen

    with nothing_left_open(), serve(under_tls(server_context, saying(b"221 bye\r\n"))) as endpoint:
        assert colour.run(scenario()) == [b"221 bye\r\n", b"", b""]


def test_forged_records_break_the_connection(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    def play(connection: socket.socket) -> None:
        with server_context.wrap_socket(connection, server_side=True) as secure:
            os.write(secure.fileno(), b"\x17\x03\x03\x00\x20" + b"\0" * 32)
            with suppress(ssl.SSLError, ConnectionError):
                secure.recv(1)

    async def scenario() -> None:
        stream = await secured(colour, endpoint, trusting)
        try:
            await stream.read(SOON)
        finally:
            stream.abort()

    with serve(play) as endpoint, pytest.raises(TLSFailed, match="bad record mac"):
        colour.run(scenario())


def test_what_had_arrived_can_be_read_after_a_failed_write_under_tls(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    async def scenario() -> bytes:
        stream = await secured(colour, endpoint, trusting)
        try:
            with pytest.raises(Disconnected):
                await stream.write(b"y" * 64 * 1024 * 1024, SOON)
            return await stream.read(SOON)
        finally:
            stream.abort()

    def refuse(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"552 too much\r\n")

    with serve(under_tls(server_context, refuse)) as endpoint:
        assert colour.run(scenario()) == b"552 too much\r\n"


# Refusals, each with its reason and remedy.


def test_refuses_an_expired_certificate_for_now(
    colour: Colour, context_with, expired: trustme.LeafCert, trusting: TLSOptions
) -> None:
    error = refusal(colour, refusing_tls(context_with(expired)), trusting)
    assert "its certificate has expired (" in str(error)
    assert error.retry is Retry.LATER


def test_refuses_a_certificate_that_is_not_valid_yet(
    colour: Colour, context_with, not_yet_valid: trustme.LeafCert, trusting: TLSOptions
) -> None:
    error = refusal(colour, refusing_tls(context_with(not_yet_valid)), trusting)
    assert "is not valid yet (" in str(error)
    assert "clock" in error.remedy
    assert error.retry is Retry.LATER


def test_refuses_a_wrong_name_and_lists_the_right_ones(
    colour: Colour, context_with, authority: trustme.CA, trusting: TLSOptions
) -> None:
    server = context_with(authority.issue_cert("mail.example.org", "*.mx.example.org"))
    error = refusal(colour, refusing_tls(server), trusting, "smtp.example.com")
    assert "is not for 'smtp.example.com' but for 'mail.example.org', '*.mx.example.org'" in str(error)
    assert error.retry is Retry.NEVER


def test_refuses_a_name_that_is_only_the_common_name(
    colour: Colour, context_with, authority: trustme.CA, trusting: TLSOptions
) -> None:
    server = context_with(authority.issue_cert("other.example.org", common_name="localhost"))
    assert "is not for 'localhost'" in str(refusal(colour, refusing_tls(server), trusting))


def test_refuses_an_unknown_authority_and_names_it(colour: Colour, server_context: ssl.SSLContext) -> None:
    error = refusal(colour, refusing_tls(server_context), TLSOptions())
    assert "from an unknown authority, 'Test Authority'" in str(error)
    assert "ca_file" in error.remedy
    assert error.retry is Retry.NEVER


def test_refuses_a_self_signed_certificate(
    colour: Colour, self_signed_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    error = refusal(colour, refusing_tls(self_signed_context), trusting)
    assert "self-signed" in str(error)
    assert "fingerprints" in error.remedy
    assert error.retry is Retry.NEVER


def test_refuses_a_server_with_a_version_too_old(
    colour: Colour, authority: trustme.CA, trusting: TLSOptions
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        server.minimum_version, server.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    error = refusal(colour, refusing_tls(server), trusting)
    assert "no TLS version" in str(error)
    assert "TLS 1.2" in error.remedy
    assert error.retry is Retry.NEVER


def test_refuses_a_server_without_a_shared_cipher(
    colour: Colour, authority: trustme.CA, trusting: TLSOptions
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers("AES128-SHA")
    assert "shares no cipher suite with us" in str(refusal(colour, refusing_tls(server), trusting))


def test_understands_a_server_that_speaks_plain_smtp(colour: Colour, trusting: TLSOptions) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        try:
            await stream.start_tls(trusting, "localhost", SOON)
        finally:
            stream.abort()

    def answer(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"500 5.5.1 what\r\n")
        silence(connection)

    with (
        serve(answer) as endpoint,
        pytest.raises(TLSFailed, match=r"in plain text \('500 5") as caught,
    ):
        colour.run(scenario())
    assert "security='starttls'" in caught.value.remedy
    assert caught.value.retry is Retry.NEVER


class Injected:
    """A channel that holds bytes which nobody has read."""

    peer = "192.0.2.1:587"
    local_address = "192.0.2.9"
    early = b"250 injected\r\n" * 10

    async def read(self, timeout: float | None) -> bytes:
        raise AssertionError

    async def poll(self) -> bytes | None:
        raise AssertionError

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        raise AssertionError

    async def close(self) -> None:
        raise AssertionError

    def abort(self) -> None:
        raise AssertionError


def test_refuses_bytes_that_came_in_clear_before_the_handshake(trusting: TLSOptions) -> None:
    with pytest.raises(TLSFailed, match=r"in clear before the handshake \('250 injected'\)") as caught:
        run_sync(NetworkStream(Injected()).start_tls(trusting, "localhost", SOON))
    assert "attack" in caught.value.remedy
    assert caught.value.retry is Retry.NEVER


def test_refuses_a_second_handshake(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    async def scenario() -> None:
        stream = await secured(colour, endpoint, trusting)
        try:
            await stream.start_tls(trusting, "localhost", SOON)
        finally:
            stream.abort()

    with serve(refusing_tls(server_context)) as endpoint, pytest.raises(LocalProtocolError):
        colour.run(scenario())


def swallow(connection: socket.socket) -> None:
    connection.recv(65536)


@pytest.mark.parametrize("player", [swallow, reset], ids=["closed", "reset"])
def test_tells_when_the_server_leaves_during_the_handshake(
    colour: Colour, player: Player, trusting: TLSOptions
) -> None:
    error = refusal(colour, player, trusting)
    assert "closed the connection during the handshake" in str(error)
    assert error.retry is Retry.LATER


def test_a_handshake_without_answer_ends_in_time(colour: Colour, trusting: TLSOptions) -> None:
    with (
        nothing_left_open(),
        serve(silence) as endpoint,
        pytest.raises(DeadlineExceeded, match=r"TLS handshake within 0\.05 s") as caught,
    ):
        colour.run(secured(colour, endpoint, trusting, timeout=0.05))
    assert caught.value.phase is Phase.TLS


def test_presents_a_client_certificate(
    colour: Colour, authority: trustme.CA, trusting: TLSOptions, client_certificate
) -> None:
    server = demanding(authority)
    presenting = TLSOptions(ca_file=trusting.ca_file, client_certificate=client_certificate)

    async def scenario() -> TLSInfo | None:
        stream = await secured(colour, endpoint, presenting)
        await stream.write(b"x", SOON)
        assert await stream.read(SOON) == b"x"
        await stream.close()
        return stream.tls

    with serve(under_tls(server, echo)) as endpoint:
        assert colour.run(scenario()).client_certificate


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tells_when_a_client_certificate_is_missing(
    colour: Colour, authority: trustme.CA, trusting: TLSOptions, version: ssl.TLSVersion
) -> None:
    server = demanding(authority)
    server.maximum_version = version

    async def scenario() -> None:
        stream = await secured(colour, endpoint, trusting)
        try:
            await stream.read(SOON)  # Under TLS 1.3 the server judges after the handshake.
        finally:
            stream.abort()

    with (
        serve(refusing_tls(server)) as endpoint,
        pytest.raises(TLSFailed, match="wants a client certificate"),
    ):
        colour.run(scenario())


def test_tells_when_a_client_certificate_is_refused(
    colour: Colour, authority: trustme.CA, trusting: TLSOptions, tmp_path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().issue_cert("stranger@example.org").private_key_and_cert_chain_pem.write_to_path(stranger)
    options = TLSOptions(ca_file=trusting.ca_file, client_certificate=stranger)

    async def scenario() -> None:
        stream = await secured(colour, endpoint, options)
        try:
            await stream.read(SOON)
        finally:
            stream.abort()

    with (
        serve(refusing_tls(demanding(authority))) as endpoint,
        pytest.raises(TLSFailed, match="client certificate"),
    ):
        colour.run(scenario())


def demanding(authority: trustme.CA) -> ssl.SSLContext:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    return server


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("ending", ["close", "abort"])
def test_a_forked_child_leaves_the_connection_alone(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions, ending: str
) -> None:
    async def scenario() -> bytes:
        stream = await secured(colour, endpoint, trusting)
        child = os.fork()
        if child == 0:
            await stream.close() if ending == "close" else stream.abort()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0  # noqa: ASYNC222
        await stream.write(b"still here", SOON)
        answer = await stream.read(SOON)
        await stream.close()
        return answer

    with serve(under_tls(server_context)) as endpoint:
        assert colour.run(scenario()) == b"still here"
