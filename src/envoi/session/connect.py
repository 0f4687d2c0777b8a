"""From nothing to a session: connect → greeting → EHLO → STARTTLS → EHLO → AUTH.

`open_link` is that procedure, in this order and no other; a link that does not come out of it whole
is closed. Logging in is in `authenticate`, sending in `submit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import ConnectionFailed, Disconnected, Phase, RemoteProtocolError, Retry, TLSFailed
from envoi.session.authenticate import log_in
from envoi.session.hello import introduction
from envoi.session.link import Link
from envoi.session.settings import Protocol, Security
from envoi.session.transcript import Transcript
from envoi.smtp import commands
from envoi.smtp.commands import Verb
from envoi.smtp.explain import explain

if TYPE_CHECKING:
    from envoi.ports import Runtime
    from envoi.session.settings import Settings
    from envoi.smtp.replies import Reply

__all__ = ["be_greeted", "dial", "open_link", "reach", "say_hello", "secure", "upgrade"]

_NO_STARTTLS_REMEDY = (
    "Somebody on the path may have removed it, so nothing was sent. Try port 465 with security='tls'; "
    "security='plaintext' is for servers you reach without a network"
)


async def open_link(runtime: Runtime, settings: Settings, *, deadline_at: float | None = None) -> Link:
    """Return a link that is ready for a message.

    Raises:
        ConnectionFailed, Disconnected, DeadlineExceeded, TLSFailed, ProtocolError, AuthenticationFailed
    """
    link = await dial(runtime, settings, deadline_at=deadline_at)
    try:
        await secure(link, runtime, settings)
        if settings.wants_login:
            await log_in(link, runtime, settings)
    except BaseException:
        link.abort()
        raise
    link.note(f"session open with {link.server}")
    return link


async def dial(runtime: Runtime, settings: Settings, *, deadline_at: float | None = None) -> Link:
    """Connect; with security ``tls`` also do the handshake. The greeting is still unread."""
    link = await reach(runtime, settings, deadline_at=deadline_at)
    if settings.security is Security.TLS:
        await link.start_tls(settings.tls, settings.endpoint.host)
    return link


async def reach(runtime: Runtime, settings: Settings, *, deadline_at: float | None = None) -> Link:
    """Connect and do nothing else."""
    clock, endpoint = runtime.clock, settings.endpoint
    timeout = settings.timeouts.connect
    if deadline_at is not None:
        left = max(deadline_at - clock.monotonic(), 0.001)
        timeout = left if timeout is None else min(timeout, left)
    stream = await runtime.connector.connect(endpoint, timeout)
    transcript = None if settings.transcript is None else Transcript(settings.transcript)
    link = Link(stream, server=endpoint.host, clock=clock, timeouts=settings.timeouts, transcript=transcript)
    link.deadline_at = deadline_at
    link.note(f"connected to {stream.peer}")
    return link


async def secure(link: Link, runtime: Runtime, settings: Settings) -> None:
    """Read the greeting, say EHLO, and do STARTTLS where it is wanted; then EHLO again."""
    await be_greeted(link)
    await say_hello(link, runtime, settings)
    if settings.security is Security.STARTTLS:
        await upgrade(link, settings)
        await say_hello(link, runtime, settings)


async def be_greeted(link: Link) -> Reply:
    """Wait for the greeting and return it; one that is no welcome ends the link (RFC 5321 §3.1)."""
    _, reply = await link.hear()
    if reply.code == 220:
        return reply
    link.abort()
    if reply.positive or reply.intermediate:
        raise RemoteProtocolError(
            f"{link.server} greets with {reply}, not with 220",
            phase=Phase.GREETING,
            reply=reply,
            remedy="Is there an SMTP server on this port?",
        )
    raise ConnectionFailed(
        f"{link.server} takes no mail from here: {reply}",
        phase=Phase.GREETING,
        reply=reply,
        remedy=_remedy(reply),
    )


async def say_hello(link: Link, runtime: Runtime, settings: Settings) -> None:
    """Say EHLO (LHLO for LMTP), and HELO to a server that does not know it (RFC 5321 §3.2)."""
    name = introduction(settings.local_hostname, runtime.hostname(), link.local_address)
    lmtp = settings.protocol is Protocol.LMTP
    reply = await link.exchange(commands.ehlo(name, Verb.LHLO if lmtp else Verb.EHLO))
    if reply.permanent and not lmtp:
        reply = await link.exchange(commands.ehlo(name, Verb.HELO))
    if not reply.positive:
        link.abort()
        failure = Disconnected if reply.code == 421 else ConnectionFailed
        raise failure(
            f"{link.server} refused our introduction as {name}: {reply}",
            phase=Phase.HELLO,
            reply=reply,
            remedy=_remedy(reply),
        )


async def upgrade(link: Link, settings: Settings) -> None:
    """Do STARTTLS (RFC 3207); EHLO is due again. A server without it ends the link."""
    if "STARTTLS" not in link.machine.capabilities:
        link.abort()
        raise TLSFailed(
            f"{link.server} does not offer STARTTLS on port {settings.endpoint.port}",
            phase=Phase.TLS,
            retry=Retry.NEVER,
            remedy=_NO_STARTTLS_REMEDY,
        )
    reply = await link.exchange(commands.starttls())
    if reply.code != 220:
        link.abort()
        raise TLSFailed(
            f"{link.server} offers STARTTLS and refuses it: {reply}",
            phase=Phase.TLS,
            reply=reply,
            remedy=_remedy(reply),
        )
    await link.start_tls(settings.tls, settings.endpoint.host)


def _remedy(reply: Reply) -> str:
    return explain(reply.code, reply.enhanced, reply.text)
