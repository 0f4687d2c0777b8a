"""Logging in: one mechanism, one attempt (RFC 4954).

`log_in` chooses the strongest mechanism that both sides have and carries its exchange over the link.
There is no cascade from one mechanism to the next, which locks accounts; the one second try is for a
refused OAuth 2.0 token, after it was renewed. The mechanisms themselves are in `envoi.smtp.sasl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import AuthenticationFailed, Disconnected, Phase, RemoteProtocolError, TokenUnavailable
from envoi.smtp import commands
from envoi.smtp.explain import explain
from envoi.smtp.sasl import Channel, Credentials, choose, decode_challenge

if TYPE_CHECKING:
    from envoi.ports import Runtime, TokenSource
    from envoi.session.link import Link
    from envoi.session.settings import Settings
    from envoi.smtp.replies import Reply
    from envoi.smtp.sasl import Exchange, Mechanism

__all__ = ["log_in"]


async def log_in(link: Link, runtime: Runtime, settings: Settings) -> None:
    """Authenticate the session.

    Raises:
        AuthenticationFailed: the server refused, or there is no safe mechanism that both sides have.
        TokenUnavailable: there is no token.
    """
    source = settings.token_source
    if source is None:
        await _attempt(link, runtime, settings, token=None)
        return
    token = await _token(link, source, renew=False)
    try:
        await _attempt(link, runtime, settings, token=token)
    except AuthenticationFailed as error:
        # No reply: the server was not asked. A temporary refusal says nothing about the token.
        if error.reply is None or not error.reply.permanent or not link.alive:
            raise
        renewed = await _renewed(link, source)
        if renewed is None or renewed == token:
            raise
        await _attempt(link, runtime, settings, token=renewed)


async def _renewed(link: Link, source: TokenSource) -> str | None:
    link.note("the token was refused; renewing it once")
    try:
        return await _token(link, source, renew=True)
    except TokenUnavailable:
        # What the server said about the old token tells more than that there is no other.
        return None


async def _token(link: Link, source: TokenSource, *, renew: bool) -> str:
    token = await source.token(renew=renew)
    link.machine.redactor.hide(token)
    return token


async def _attempt(link: Link, runtime: Runtime, settings: Settings, *, token: str | None) -> None:
    link.begin(Phase.AUTH)
    link.machine.redactor.hide(settings.password)
    credentials = Credentials(
        username=settings.username, password=settings.password, token=token, external=settings.external
    )
    channel = Channel(
        secure=link.tls is not None,
        host=settings.endpoint.host,
        port=settings.endpoint.port,
        nonce=runtime.nonce,
        server_end_point=None if link.tls is None else link.tls.server_end_point,
    )
    mechanism = choose(
        link.machine.capabilities.mechanisms,
        credentials,
        channel,
        allow_plaintext=settings.allow_plaintext_auth,
        only=settings.mechanisms,
    )
    exchange = mechanism.start(credentials, channel)
    try:
        reply = await _converse(link, mechanism, exchange)
    except RemoteProtocolError:
        # The server broke the mechanism's rules: what it knows of us by now is unclear, so we leave.
        link.abort()
        raise
    if reply.code != 235:
        raise _refused(link, mechanism, exchange, reply)
    try:
        exchange.finish()
    except BaseException:
        # "235" from a server that has not proved itself is worth nothing (RFC 5802 §9).
        link.abort()
        raise


async def _converse(link: Link, mechanism: Mechanism, exchange: Exchange) -> Reply:
    held = exchange.begin()
    if held is not None:
        link.machine.redactor.hide(held)
    command = commands.auth(mechanism.name, held)
    if command.shown.endswith(commands.REDACTED) or held is None:
        held = None
    reply = await link.exchange(command)
    while reply.code == 334:
        challenge = decode_challenge(reply.text)
        # A response too long for the AUTH line goes after the first, empty challenge (RFC 4954 §4).
        response, held = (exchange.respond(challenge), None) if held is None else (held, None)
        link.machine.redactor.hide(response)
        reply = await link.exchange(commands.auth_response(response))
    return reply


def _refused(link: Link, mechanism: Mechanism, exchange: Exchange, reply: Reply) -> Exception:
    remedy = explain(
        reply.code, reply.enhanced, reply.text, failure=exchange.failure, mechanism=mechanism.name
    )
    if reply.code == 421:
        return Disconnected(
            f"{link.server} ended the session while we logged in: {reply}",
            phase=Phase.AUTH,
            reply=reply,
            remedy=remedy,
        )
    if reply.positive or reply.intermediate:
        link.abort()
        return RemoteProtocolError(f"{reply.code} is no answer to AUTH", phase=Phase.AUTH, reply=reply)
    return AuthenticationFailed(
        f"{link.server} refused the login with {mechanism.name}: {reply}",
        phase=Phase.AUTH,
        reply=reply,
        remedy=remedy,
    )
