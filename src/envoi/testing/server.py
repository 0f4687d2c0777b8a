"""`SMTPServer` and `AsyncSMTPServer`: a real server on loopback, in two colours.

Both are faces of one `listener`; the blocking one keeps its event loop in a thread. The two are kept
alike by a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.session.settings import Security
from envoi.testing.listener import HOST, Listener
from envoi.testing.loop_thread import LoopThread
from envoi.testing.settings import ServerSettings

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self, Unpack

    from envoi.testing.faults import Fault
    from envoi.testing.received import ReceivedMessage
    from envoi.testing.settings import Access, ServerOptions

__all__ = ["AsyncSMTPServer", "SMTPServer"]


class SMTPServer:
    """An SMTP or LMTP server on 127.0.0.1 and a free port, for tests.

    Runs inside `with`, or between `start` and `close`.

    Args:
        security: ``"starttls"``, ``"tls"`` from the first byte, or ``"plaintext"``.
        protocol: ``"smtp"`` or ``"lmtp"``.
        accounts: user names and their passwords.
        tokens: OAuth 2.0 access tokens and the user each belongs to.
        mechanisms: the SASL mechanisms; by default all that go with the accounts and tokens.
        require_auth: refuse MAIL before a login; by default when there is anybody to log in.
        allow_plaintext_auth: take logins without TLS.
        extensions: what EHLO offers, each a keyword with its parameters: ``{"SIZE 1000", "DSN"}``. By default
            everything that envoi knows. STARTTLS, AUTH and REQUIRETLS are left out where they make no sense.
        max_size: octets of the largest message.
        certificate: the server's own `Certificate`; by default one made by trustme (extra ``testing``).
        faults: what goes wrong; see `envoi.testing.faults`.
        allow_bare_line_ends: take messages with a CR or LF that stands alone.
        idle_timeout: seconds after which a silent client is shown the door (421).
        max_commands: how many commands a connection may have.

    Raises:
        ConfigError: arguments that make no sense.
    """

    def __init__(self, **options: Unpack[ServerOptions]) -> None:
        self._listener = Listener(ServerSettings.of(**options))
        self._thread: LoopThread | None = None

    @property
    def host(self) -> str:
        """The address it listens on."""
        return HOST

    @property
    def port(self) -> int:
        """The port it listens on; 0 before it is started."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The same as an URL for `SMTPSession.from_url`, without a user."""
        return _url(self._listener)

    @property
    def ca_file(self) -> Path | None:
        """The authority to trust; None without TLS."""
        return _ca_file(self._listener)

    @property
    def messages(self) -> list[ReceivedMessage]:
        """What it has received so far."""
        return self._listener.messages

    @property
    def dialogues(self) -> list[list[str]]:
        """What was said, passwords included: a list of lines (``C: …``, ``S: …``) per connection."""
        return self._listener.dialogues

    @property
    def faults(self) -> list[Fault]:
        """What goes wrong; may be added to and cleared at any time."""
        return self._listener.faults

    def start(self) -> Self:
        """Begin to listen; return the server."""
        if self._thread is not None:
            raise UsageError("the server is running already")
        self._thread = LoopThread()
        self._thread.run(self._listener.start())
        return self

    def close(self) -> None:
        """Stop, and end every connection."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            thread.run(self._listener.close())
        finally:
            thread.stop()

    def wait_for(self, count: int = 1, timeout: float = 5.0) -> list[ReceivedMessage]:
        """Return the messages received as soon as there are `count` of them.

        Raises:
            TimeoutError: there were fewer after `timeout` seconds.
            UsageError: the server is not running.
        """
        if self._thread is None:
            raise UsageError("the server is not running")
        return self._thread.run(self._listener.wait_for(count, timeout))

    def session_options(self) -> Access:
        """Return arguments for ``SMTPSession(**…)``: where, how secured, and as whom."""
        return self._listener.settings.access(HOST, self.port)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncSMTPServer:
    """An SMTP or LMTP server on 127.0.0.1 and a free port, for tests.

    Runs inside `async with`, or between `start` and `close`.

    Args:
        security: ``"starttls"``, ``"tls"`` from the first byte, or ``"plaintext"``.
        protocol: ``"smtp"`` or ``"lmtp"``.
        accounts: user names and their passwords.
        tokens: OAuth 2.0 access tokens and the user each belongs to.
        mechanisms: the SASL mechanisms; by default all that go with the accounts and tokens.
        require_auth: refuse MAIL before a login; by default when there is anybody to log in.
        allow_plaintext_auth: take logins without TLS.
        extensions: what EHLO offers, each a keyword with its parameters: ``{"SIZE 1000", "DSN"}``. By default
            everything that envoi knows. STARTTLS, AUTH and REQUIRETLS are left out where they make no sense.
        max_size: octets of the largest message.
        certificate: the server's own `Certificate`; by default one made by trustme (extra ``testing``).
        faults: what goes wrong; see `envoi.testing.faults`.
        allow_bare_line_ends: take messages with a CR or LF that stands alone.
        idle_timeout: seconds after which a silent client is shown the door (421).
        max_commands: how many commands a connection may have.

    Raises:
        ConfigError: arguments that make no sense.
    """

    def __init__(self, **options: Unpack[ServerOptions]) -> None:
        self._listener = Listener(ServerSettings.of(**options))
        self._running = False

    @property
    def host(self) -> str:
        """The address it listens on."""
        return HOST

    @property
    def port(self) -> int:
        """The port it listens on; 0 before it is started."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The same as an URL for `AsyncSMTPSession.from_url`, without a user."""
        return _url(self._listener)

    @property
    def ca_file(self) -> Path | None:
        """The authority to trust; None without TLS."""
        return _ca_file(self._listener)

    @property
    def messages(self) -> list[ReceivedMessage]:
        """What it has received so far."""
        return self._listener.messages

    @property
    def dialogues(self) -> list[list[str]]:
        """What was said, passwords included: a list of lines (``C: …``, ``S: …``) per connection."""
        return self._listener.dialogues

    @property
    def faults(self) -> list[Fault]:
        """What goes wrong; may be added to and cleared at any time."""
        return self._listener.faults

    async def start(self) -> Self:
        """Begin to listen; return the server."""
        if self._running:
            raise UsageError("the server is running already")
        self._running = True
        await self._listener.start()
        return self

    async def close(self) -> None:
        """Stop, and end every connection."""
        running, self._running = self._running, False
        if running:
            await self._listener.close()

    async def wait_for(self, count: int = 1, timeout: float = 5.0) -> list[ReceivedMessage]:
        """Return the messages received as soon as there are `count` of them.

        Raises:
            TimeoutError: there were fewer after `timeout` seconds.
            UsageError: the server is not running.
        """
        if not self._running:
            raise UsageError("the server is not running")
        return await self._listener.wait_for(count, timeout)

    def session_options(self) -> Access:
        """Return arguments for ``AsyncSMTPSession(**…)``: where, how secured, and as whom."""
        return self._listener.settings.access(HOST, self.port)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


_SCHEMES = {Security.STARTTLS: "", Security.TLS: "s", Security.PLAINTEXT: "+plaintext"}


def _url(listener: Listener) -> str:
    settings = listener.settings
    return f"{settings.protocol.value}{_SCHEMES[settings.security]}://{HOST}:{listener.port}"


def _ca_file(listener: Listener) -> Path | None:
    settings = listener.settings
    return None if settings.certificate is None else settings.certificate.ca_file
