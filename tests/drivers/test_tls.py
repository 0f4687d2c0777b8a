"""Pins, the caller's own contexts, and what is kept for the next handshake."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from typing import TYPE_CHECKING

import pytest

from envoi.drivers import tls
from envoi.errors import ConfigError, Retry, TLSFailed
from envoi.ports import TLSInfo, TLSOptions
from tests.drivers.colours import SOON, Colour, nothing_left_open
from tests.drivers.peers import refusing_tls, serve, under_tls

if TYPE_CHECKING:
    from collections.abc import Callable

    import trustme

    from envoi.ports import Endpoint

WRONG = "00" * 32


def pin(context: ssl.SSLContext, colon: str = ":") -> str:
    """The fingerprint of the certificate that a server with this context shows."""
    incoming, outgoing, client_in, client_out = (ssl.MemoryBIO() for _ in range(4))
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    client = asking.wrap_bio(client_in, client_out)
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    for _ in range(2):
        for side, output, target in ((client, client_out, incoming), (server, outgoing, client_in)):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            target.write(output.read())
    der = client.getpeercert(binary_form=True)
    assert der is not None
    digest = hashlib.sha256(der).digest()
    return digest.hex(colon).upper() if colon else digest.hex()


async def handshake(
    colour: Colour, endpoint: Endpoint, options: TLSOptions, name: str = "localhost"
) -> TLSInfo:
    stream = await colour.connect(endpoint)
    try:
        return await stream.start_tls(options, name, SOON)
    finally:
        stream.abort()


@pytest.mark.parametrize("colon", [":", ""])
def test_a_pin_needs_no_authority_and_no_name(
    colour: Colour, self_signed_context: ssl.SSLContext, colon: str
) -> None:
    options = TLSOptions(fingerprints=(WRONG, pin(self_signed_context, colon)))
    with nothing_left_open(), serve(refusing_tls(self_signed_context)) as endpoint:
        info = colour.run(handshake(colour, endpoint, options, "smtp.example.com"))
    assert info.verified
    assert info.subject == {}


def test_a_wrong_pin_is_refused_though_the_authority_is_known(
    colour: Colour, server_context: ssl.SSLContext
) -> None:
    with (
        nothing_left_open(),
        serve(refusing_tls(server_context)) as endpoint,
        pytest.raises(TLSFailed, match="none of those pinned") as caught,
    ):
        colour.run(handshake(colour, endpoint, TLSOptions(fingerprints=(WRONG,))))
    assert pin(server_context) in str(caught.value)
    assert caught.value.retry is Retry.NEVER


def test_a_pin_beside_an_authority_needs_both(
    colour: Colour, server_context: ssl.SSLContext, self_signed_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    both = TLSOptions(ca_file=trusting.ca_file, fingerprints=(pin(server_context), pin(self_signed_context)))
    with serve(refusing_tls(server_context), refusing_tls(self_signed_context)) as endpoint:
        assert colour.run(handshake(colour, endpoint, both)).subject
        with pytest.raises(TLSFailed, match="self-signed"):
            colour.run(handshake(colour, endpoint, both))


def test_a_context_of_ones_own_verifies_beside_the_pin(
    colour: Colour, server_context: ssl.SSLContext, authority: trustme.CA
) -> None:
    own = ssl.create_default_context()
    authority.configure_trust(own)
    with serve(refusing_tls(server_context), refusing_tls(server_context)) as endpoint:
        right = TLSOptions(context=own, fingerprints=(pin(server_context),))
        assert colour.run(handshake(colour, endpoint, right)).verified
        with pytest.raises(TLSFailed, match="none of those pinned"):
            colour.run(handshake(colour, endpoint, TLSOptions(context=own, fingerprints=(WRONG,))))


def test_switched_off_verification_shows(colour: Colour, self_signed_context: ssl.SSLContext) -> None:
    with serve(refusing_tls(self_signed_context)) as endpoint:
        info = colour.run(handshake(colour, endpoint, TLSOptions(insecure_skip_verification=True)))
    assert not info.verified
    assert info.certificate


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 20, "é" * 64])
def test_refuses_what_is_no_fingerprint(text: str) -> None:
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        tls.Handshake(TLSOptions(fingerprints=(text,)), "localhost", "127.0.0.1:465")


def test_sends_the_a_label_as_server_name(
    colour: Colour, authority: trustme.CA, context_with: Callable[..., ssl.SSLContext], trusting: TLSOptions
) -> None:
    asked: list[str | None] = []
    context = context_with(authority.issue_cert("xn--bcher-kva.example"))
    context.sni_callback = lambda _, name, __: asked.append(name)
    with serve(refusing_tls(context)) as endpoint:
        assert colour.run(handshake(colour, endpoint, trusting, "bücher.example.")).verified
    assert asked == ["xn--bcher-kva.example"]


@pytest.mark.parametrize("name", ["127.0.0.1", "[::1]"])
def test_verifies_ip_addresses(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions, name: str
) -> None:
    with serve(refusing_tls(server_context)) as endpoint:
        assert colour.run(handshake(colour, endpoint, trusting, name)).verified


def test_refuses_a_wrong_ip_address(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    with (
        serve(refusing_tls(server_context)) as endpoint,
        pytest.raises(TLSFailed, match=r"is not for '192\.0\.2\.1' but"),
    ):
        colour.run(handshake(colour, endpoint, trusting, "192.0.2.1"))


async def resumed(colour: Colour, options: TLSOptions, *endpoints: Endpoint) -> list[bool]:
    """Converse with one endpoint after the other; tell which resumed an earlier one's session."""
    found: list[bool] = []
    for endpoint in endpoints:
        stream = await colour.connect(endpoint)
        await stream.start_tls(options, "localhost", SOON)
        assert stream.tls is not None
        assert stream.tls.verified
        assert stream.tls.server_end_point
        await stream.write(b"x", SOON)
        await stream.read(SOON)
        await stream.close()
        assert stream._engine is not None
        found.append(stream._engine.resumed)
    return found


def test_resumes_the_session_of_a_closed_connection(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    with serve(under_tls(server_context), under_tls(server_context)) as endpoint:
        assert colour.run(resumed(colour, trusting, endpoint, endpoint)) == [False, True]


def test_does_not_resume_a_session_with_another_port(
    colour: Colour, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    with serve(under_tls(server_context)) as one, serve(under_tls(server_context)) as other:
        assert colour.run(resumed(colour, trusting, one, other)) == [False, False]


@pytest.mark.parametrize(("limit", "value"), [("_SESSIONS_KEPT", 0), ("_SESSION_SECONDS", 0.0)])
def test_keeps_only_so_many_sessions_and_only_for_a_while(
    colour: Colour,
    server_context: ssl.SSLContext,
    trusting: TLSOptions,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: float,
) -> None:
    monkeypatch.setattr(tls, "_sessions", type(tls._sessions)())
    monkeypatch.setattr(tls, limit, value)
    with serve(under_tls(server_context), under_tls(server_context)) as endpoint:
        assert colour.run(resumed(colour, trusting, endpoint, endpoint)) == [False, False]
