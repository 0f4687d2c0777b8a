"""A session over its whole life: opened when needed, reopened when it went stale, closed once.

`Conversation` owns the link. It decides when a connection may still be used, and when a failed
send may be repeated without anybody noticing: only on a connection the server had let go while it
was idle, only once, and never when the message may have been taken. One flow at a time: the
classes in `client` see to that.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, TypeVar

from envoi.errors import Accepted, DeliveryError, Disconnected, NotSupportedByServer, Phase, UsageError
from envoi.session.batch import Batch, each
from envoi.session.connect import open_link
from envoi.session.distrust import broken_promise
from envoi.session.outgoing import outgoing
from envoi.session.probe import probe
from envoi.session.run import NO_LOOP
from envoi.session.settings import Protocol
from envoi.session.submit import submit
from envoi.smtp import commands
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable

    from envoi.message.content import Content
    from envoi.message.envelope import DeliveryOptions, Envelope, Recipient
    from envoi.message.signing import DKIMSigner
    from envoi.ports import Clock, Runtime, TLSInfo
    from envoi.session.content import Progress
    from envoi.session.link import Link
    from envoi.session.outgoing import Mail
    from envoi.session.receipt import Receipt
    from envoi.session.settings import Settings
    from envoi.smtp.capabilities import Capabilities
    from envoi.smtp.replies import Reply

__all__ = ["Conversation", "each"]

T = TypeVar("T")

IDLE_SECONDS = 5.0
"""After so long the server may have hung up unnoticed; the message then waits for the envelope's reply."""


class Conversation:
    """What `SMTPSession` and `AsyncSMTPSession` do, whatever their colour.

    Attributes:
        signer: what signs every mail of this session.
    """

    __slots__ = ("_batch", "_closed", "_distrusted", "_link", "_runtime", "_settings", "_waits", "signer")

    def __init__(self, settings: Settings, runtime: Runtime, *, waits: bool = True) -> None:
        # Whether the flows run in an event loop, which asynchronous sources need.
        self._waits = waits
        self._settings = settings
        self.signer: DKIMSigner | None = settings.signer
        self._runtime = runtime
        self._link: Link | None = None
        self._closed = False
        self._batch: Batch | None = None
        self._distrusted: frozenset[str] = frozenset()

    def __str__(self) -> str:
        endpoint = self._settings.endpoint
        state = "open" if self.is_open else "not open"
        return f"{endpoint.host}:{endpoint.port} {self._settings.security.value}, {state}"

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as we know."""
        link = self._link
        return link is not None and link.machine.state is not State.CLOSED

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server offers; None without a connection."""
        return self._link.machine.capabilities if self._link is not None and self._link.alive else None

    @property
    def tls(self) -> TLSInfo | None:
        """What TLS agreed on; None in clear, or without a connection."""
        return None if self._link is None else self._link.tls

    async def open(self) -> None:
        """Connect and log in.

        Raises:
            UsageError: it is open already.
        """
        if self.is_open:
            raise UsageError("the session is open already")
        self._closed = False
        await self._fresh()

    def outgoing(
        self,
        mail: Mail,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
    ) -> tuple[Content, Envelope]:
        """Return what this session sends for a mail, signed where it signs; see `envoi.session.outgoing`."""
        return outgoing(mail, sender, recipients, options, self.signer)

    async def send(
        self,
        content: Content,
        envelope: Envelope,
        *,
        progress: Progress | None = None,
        before_final: Callable[[], Awaitable[None]] | None = None,
    ) -> Receipt:
        """Hand one message over, on a connection that works; see `envoi.session.submit`."""
        if content.is_async and not self._waits:
            raise UsageError(NO_LOOP)
        link = await self._kept()
        kept = link is not None
        while True:
            if link is None:
                link = await self._fresh()
            try:
                cautious = link.messages > 0 and link.idle_seconds > IDLE_SECONDS
                lmtp = self._settings.protocol is Protocol.LMTP
                return await submit(link, envelope, content, lmtp, cautious, progress, before_final)
            except DeliveryError as error:
                if kept and _is_stale(link, error):
                    link.note("the connection was no longer good; opening another")
                elif not self.learn(link, error) or not _may_go_again(error):
                    raise
            link.abort()
            link, kept = None, False

    def learn(self, link: Link, error: DeliveryError) -> bool:
        """Remember an extension that the server broke on; whether there is something new to remember."""
        keyword = broken_promise(link, error)
        if keyword is None:
            return False
        link.note(f"{link.server} offers {keyword} and breaks on it; doing without from now on")
        self._distrusted |= {keyword}
        return True

    def batch(
        self, mails: Iterable[Mail] | AsyncIterable[Mail], *, options: DeliveryOptions | None, window: int
    ) -> Batch:
        """Return the sending of several mails; see `envoi.session.batch`.

        Raises:
            UsageError: the window is less than one.
        """
        return Batch(self, mails, options=options, size=window)

    @property
    def clock(self) -> Clock:
        """The time."""
        return self._runtime.clock

    def flies(self, window: int) -> bool:
        """Whether mails of a batch may fly, as far as we know before the connection is made.

        With BDAT one at a time is as fast alone; on a connection that was idle one mail is risked, no more.
        """
        link = self._link
        if self._settings.protocol is Protocol.LMTP:
            return False
        if link is None or not link.alive:
            return True
        terms = link.terms
        if not terms.chunking:
            return terms.pipelining
        return terms.pipelining and window > 1 and not (link.messages and link.idle_seconds > IDLE_SECONDS)

    def hold(self, batch: Batch) -> None:
        """Have a batch settle what it has under way before anybody else speaks."""
        self._batch = batch

    async def noop(self) -> Reply:
        """NOOP."""
        link = await self.ready()
        return await link.exchange(commands.noop())

    async def verify(self, address: str) -> Reply:
        """VRFY.

        Raises:
            NotSupportedByServer: the address needs SMTPUTF8 (RFC 6531 §3.7.4.2).
        """
        link = await self.ready()
        utf8 = not address.isascii()
        if utf8 and "SMTPUTF8" not in link.machine.capabilities:
            raise NotSupportedByServer(f"{link.server} does not offer SMTPUTF8, which {address!r} needs")
        return await link.exchange(commands.vrfy(address, smtputf8=utf8))

    async def probe(self, recipient: str, sender: str) -> Reply:
        """See `envoi.session.probe`."""
        link = await self.ready()
        return await probe(link, recipient, sender)

    async def close(self) -> None:
        """Say QUIT and close; whatever happens then changes nothing."""
        if self._batch is not None:
            await self._batch.settle()
        self._closed = True
        link, self._link = self._link, None
        if link is not None:
            await link.quit()

    def abort(self) -> None:
        """Close at once, without a word."""
        self._closed = True
        link, self._link = self._link, None
        if link is not None:
            link.abort()

    async def ready(self) -> Link:
        """Return a link whose turn it is."""
        link = await self._kept()
        if link is not None:
            try:
                link.begin(Phase.MAIL)
                await link.check_turn()
            except DeliveryError:
                link.note("the connection was no longer good; opening another")
            else:
                return link
        return await self._fresh()

    async def _kept(self) -> Link | None:
        """Return the link there is, as long as nothing speaks against it."""
        if self._closed:
            raise UsageError("the session is closed; open() it again, or use it inside its with block")
        if self._batch is not None:
            await self._batch.settle()
        link = self._link
        if link is None or link.machine.state is State.CLOSED:
            return None
        link.deadline_at = None if self._settings.deadline is None else self.deadline_at()
        # RFC 9422 §3.1: how many messages the server takes per connection.
        most = link.terms.most_messages
        if most is None or link.messages < most:
            return link
        await link.quit()
        return None

    async def _fresh(self) -> Link:
        self._link = await open_link(self._runtime, self._settings, deadline_at=self.deadline_at())
        self._link.distrusted = self._distrusted
        return self._link

    def deadline_at(self) -> float | None:
        """When a call that begins now must be over, by the clock's `monotonic`."""
        seconds = self._settings.deadline
        return None if seconds is None else self._runtime.clock.monotonic() + seconds


def _is_stale(link: Link, error: DeliveryError) -> bool:
    """Whether the connection broke before the server had heard of the message's recipients."""
    early = error.phase in (Phase.RESET, Phase.MAIL) and error.accepted is Accepted.NO
    return early and (link.stale or isinstance(error, Disconnected))


def _may_go_again(error: DeliveryError) -> bool:
    """Whether the server has shown how not to send it; a connection that was dropped shows too little."""
    return error.accepted is Accepted.NO and not isinstance(error, Disconnected)
