"""`AsyncSMTPSession`: a session on an SMTP server, for asyncio.

The twin of `SMTPSession` in `session`, over the same flows.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, TypeVar

from envoi.client.session import NOT_ASYNCHRONOUS
from envoi.drivers.aio import AsyncioRuntime
from envoi.errors import UsageError
from envoi.session.conversation import Conversation
from envoi.session.server_url import ServerURL
from envoi.session.settings import Settings
from envoi.session.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self, Unpack

    from envoi.client.joint_aio import AsyncJoint
    from envoi.client.spooler import AsyncSpooler
    from envoi.errors import EnvoiError
    from envoi.message.envelope import DeliveryOptions, Recipient
    from envoi.message.signing import DKIMSigner
    from envoi.outbox.model import MessageStatus
    from envoi.outbox.office import TicketOrId
    from envoi.ports import TLSInfo, TLSOptions
    from envoi.session.content import Progress
    from envoi.session.outgoing import Mail
    from envoi.session.receipt import Receipt
    from envoi.session.settings import SessionOptions
    from envoi.session.tokens import Auth
    from envoi.session.transcript import TranscriptLine
    from envoi.smtp.capabilities import Capabilities
    from envoi.smtp.replies import Reply

__all__ = ["AsyncSMTPSession"]

T = TypeVar("T")

_DEFAULT_TIMEOUTS = Timeouts()


class AsyncSMTPSession:
    """A session on an SMTP server for asyncio.

    Opened by the first message, by `open`, or by async `with`; reopened when the server has closed it while
    it was idle. Safe to share between tasks of one event loop: calls wait for each other.

    Args:
        host: name or IP address of the server; a path beginning with ``/`` is a Unix socket.
        port: by default the one that goes with `security`: 587, 465 or 25.
        security: ``"starttls"`` (required, never optional), ``"tls"`` from the first byte, ``"plaintext"``.
        username: the user to log in as; with `auth`, the mailbox.
        password: the password that goes with it.
        auth: a pair ``(user, password)``, an OAuth 2.0 access token, a callable that returns one, an
            `envoi.oauth.AsyncTokenKeeper`, or an object of google-auth, msal, azure-identity or Authlib.
        tls: authorities, client certificate, pinned fingerprints.
        timeout: seconds for every phase, None for no limit, or a `Timeouts`.
        deadline: seconds for a whole call, all phases together.
        local_hostname: the name to introduce ourselves with; by default this machine's, or its address.
        source_address: the local IP address to connect from.
        proxy: ``socks5://user:password@host:port`` or ``http://…`` (extra ``proxy``).
        allow_plaintext_auth: send credentials in clear. Off; loopback is no exception.
        protocol: ``"smtp"`` or ``"lmtp"``.
        mechanisms: the SASL mechanisms that may be used, instead of the strongest that both sides have.
        transcript: called with each line of the dialogue; secrets are redacted.
        signer: signs every mail with DKIM that does not bear a signature of its keys already.
        window: how many mails that are sent at the same time may be unanswered on the connection; a lost
            connection may leave so many in doubt (`accepted` is `MAYBE`). With 1 each `send` waits for the
            one before.
        asynchronous: `send` puts mails into an outbox on disk and returns at once, and they leave in the
            background, also in a later run: True for the outbox of this user (``outbox.db`` in the data
            folder, such as ``~/.local/share/envoi``), or the URL or path of one.

    Raises:
        ConfigError: arguments that are wrong, or contradict each other.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        security: str = "starttls",
        username: str | None = None,
        password: str | None = None,
        auth: Auth | None = None,
        tls: TLSOptions | None = None,
        timeout: Timeouts | float | None = _DEFAULT_TIMEOUTS,
        deadline: float | None = None,
        local_hostname: str | None = None,
        source_address: str | None = None,
        proxy: str | None = None,
        allow_plaintext_auth: bool = False,
        protocol: str = "smtp",
        mechanisms: Iterable[str] | None = None,
        transcript: Callable[[TranscriptLine], None] | None = None,
        signer: DKIMSigner | None = None,
        window: int = 1,
        asynchronous: bool | str | Path = False,
    ) -> None:
        settings = Settings.of(
            host,
            port,
            security=security,
            username=username,
            password=password,
            auth=auth,
            tls=tls,
            timeout=timeout,
            deadline=deadline,
            local_hostname=local_hostname,
            source_address=source_address,
            proxy=proxy,
            allow_plaintext_auth=allow_plaintext_auth,
            protocol=protocol,
            mechanisms=mechanisms,
            transcript=transcript,
            signer=signer,
        )
        self._conversation = Conversation(settings, AsyncioRuntime())
        self._lock = asyncio.Lock()
        self._joint: AsyncJoint | None = None
        if window != 1:
            from envoi.client.joint_aio import AsyncJoint

            self._joint = AsyncJoint(self._conversation, self._lock, window)
        self._spooler: AsyncSpooler | None = None
        if asynchronous:
            # Imported here, as it is the outbox altogether.
            from envoi.client.spooler import AsyncSpooler

            self._spooler = AsyncSpooler(settings, asynchronous)

    @classmethod
    def from_url(cls, url: str, **options: Unpack[SessionOptions]) -> Self:
        """Make a session from an URL: ``smtps://user@mail.example.com``; `options` are those of the class.

        The scheme is ``smtp`` (STARTTLS), ``smtps`` (TLS), ``smtp+plaintext``, or the same with ``lmtp``.

        Raises:
            ConfigError: it is not such an URL, or an option contradicts it.
        """
        return cls(**ServerURL.parse(url).arguments(options))

    @classmethod
    def from_account(cls, name: str, **options: Unpack[SessionOptions]) -> Self:
        """Make a session from an account of the configuration file; `options` go before what it says.

        Accounts are made by ``envoi account add``, or written by hand: docs/decisions/0072 says where. With
        a DKIM key in it the session signs; ``signer=None`` leaves mails as they are.

        Raises:
            ConfigError: there is none of that name, or its file, password or DKIM key cannot be had.
        """
        # Imported here: most programs have settings of their own.
        from envoi.client.account import account_arguments
        from envoi.drivers.account_file import AccountFile

        return cls(**account_arguments(AccountFile().account(name), options, asynchronous=True))

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as we know; for an asynchronous session, whether it works."""
        return self._conversation.is_open if self._spooler is None else self._spooler.is_open

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server offers; None while there is no connection."""
        return self._conversation.capabilities

    @property
    def tls(self) -> TLSInfo | None:
        """What TLS agreed on; None in clear, or while there is no connection."""
        return self._conversation.tls

    async def open(self) -> Self:
        """Connect, secure and log in; return the session.

        Raises:
            UsageError: it is open already.
            DeliveryError: the connection could not be made; see `envoi.errors`.
        """
        if self._spooler is not None:
            await self._spooler.start()
            return self
        await self._run(self._conversation.open())
        return self

    async def send(
        self,
        mail: Mail,
        *,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        progress: Progress | None = None,
    ) -> Receipt:
        """Send one mail and return what the server said of it.

        Args:
            mail: an `Email`, a `RawEmail`, an ``email.message.EmailMessage``, bytes, or the path of a file.
            sender: the envelope sender, where the mail does not name one or another is wanted.
            recipients: the envelope recipients, likewise.
            options: delivery status notifications, priority and the like.
            progress: called with the octets sent and the total, or None when that is unknown.

        Raises:
            UsageError: nothing was sent; the mail or the call must change.
            Rejected: the server refused the sender, every recipient, or the message.
            DeliveryError: the connection failed; `accepted` tells whether the message may have been taken.
        """
        content, envelope = self._conversation.outgoing(
            mail, sender=sender, recipients=recipients, options=options
        )
        if self._spooler is not None:
            return await self._spooler.send(content, envelope)
        if self._joint is not None and progress is None:
            return await self._joint.send(content, envelope)
        return await self._run(self._conversation.send(content, envelope, progress=progress))

    async def status(self, ticket: TicketOrId) -> MessageStatus:
        """Return what became of a mail of an asynchronous session: by its receipt's ticket, or by Message-ID.

        Raises:
            UsageError: the session is not asynchronous.
            OutboxError: there is no such mail.
        """
        if self._spooler is None:
            raise UsageError(NOT_ASYNCHRONOUS)
        return await self._spooler.status(ticket)

    async def send_all(
        self,
        mails: Iterable[Mail] | AsyncIterable[Mail],
        *,
        options: DeliveryOptions | None = None,
        window: int = 1,
    ) -> AsyncIterator[Receipt | EnvoiError]:
        """Send several mails over one connection; yield a `Receipt` or the error for each, in order.

        Mails are taken a little ahead of the results. A lost connection is followed by another.

        Args:
            mails: what `send` takes, each with an envelope of its own.
            options: as for `send`.
            window: how many may be unanswered, where the server has CHUNKING; a lost connection may leave
                so many in doubt (`accepted` is `MAYBE`).

        Raises:
            Exception: what `mails` raises, behind the results of the mails before.
        """
        batch = self._conversation.batch(mails, options=options, window=window)
        try:
            while results := await self._run(batch.more()):
                for result in results:
                    yield result
        finally:
            batch.abandon()

    async def noop(self) -> Reply:
        """Say NOOP, which keeps the connection alive, and return the reply."""
        return await self._run(self._conversation.noop())

    async def verify(self, address: str) -> Reply:
        """Ask whether the server knows an address (VRFY); most answer 252, which says nothing."""
        return await self._run(self._conversation.verify(address))

    async def probe(self, recipient: str, *, sender: str = "") -> Reply:
        """Ask what the server says of a recipient, without sending (MAIL, RCPT, RSET), and return its reply.

        A refusal is meant; an acceptance proves little, for many servers take everybody and complain later.

        Raises:
            InvalidAddress: one of the addresses is none.
        """
        return await self._run(self._conversation.probe(recipient, sender))

    async def close(self) -> None:
        """Take leave and close. What happens meanwhile changes nothing about mails already sent."""
        if self._spooler is not None:
            await self._spooler.close()
        if self._joint is not None:
            await self._joint.answered()
        await self._run(self._conversation.close())

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._conversation}>"

    def __del__(self) -> None:
        conversation = getattr(self, "_conversation", None)
        if conversation is not None and conversation.is_open:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
            conversation.abort()

    async def _run(self, flow: Coroutine[Any, Any, T]) -> T:
        async with self._lock:
            return await flow
