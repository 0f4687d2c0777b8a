"""What the flows may await, and the values that cross that line.

A flow in `session/`, `oauth/` or `outbox/` talks to the world through the Protocols below and
through nothing else; that is what lets one flow serve the blocking and the asyncio client. The
implementations are in `drivers/`: under asyncio the methods suspend, in the blocking driver
they block and never suspend.

Errors: a driver maps what the operating system says to the tree in `errors` once, with `from`.
It knows *what* happened; *where* in the dialogue, and to whom, is filled in by the flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from datetime import datetime
    from os import PathLike
    from typing import Any

__all__ = ["Clock", "Connector", "Endpoint", "Runtime", "Stream", "TLSInfo", "TLSOptions", "TokenSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSOptions:
    """How to prove to each other who we are; the defaults verify everything.

    Attributes:
        ca_file: PEM file of the authorities to trust instead of the system's.
        client_certificate: PEM file with our certificate chain, and the key unless `client_key` is given.
        client_key: PEM file with our private key.
        client_key_password: password of that key.
        fingerprints: SHA-256 fingerprints (hex, colons allowed) of the server certificates to
            accept. They decide alone: a pinned certificate needs no authority, no matching name and
            no valid dates, and any other is refused. With `ca_file` or `context` beside them, what those
            verify is required too.
        context: a ready `ssl.SSLContext`, used as it is; excludes the options above, `fingerprints` excepted.
        insecure_skip_verification: accept any certificate. Visible in `TLSInfo.verified`.
    """

    ca_file: str | PathLike[str] | None = None
    client_certificate: str | PathLike[str] | None = None
    client_key: str | PathLike[str] | None = None
    client_key_password: str | None = field(default=None, repr=False)
    fingerprints: tuple[str, ...] = ()
    context: ssl.SSLContext | None = None
    insecure_skip_verification: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSInfo:
    """What a finished handshake agreed on.

    Attributes:
        version: such as ``TLSv1.3``.
        cipher: the suite's name.
        verified: False when the caller switched verification off.
        certificate: the peer's certificate, DER.
        subject: `SSLSocket.getpeercert` as a mapping; empty when not verified.
        server_end_point: hash of the certificate for channel binding (RFC 5929 §4.1); empty when that
            is undefined for the certificate's signature (Ed25519, for one).
        client_certificate: whether we had a certificate of our own to present.
        chain: the certificates the peer sent, its own first, DER; empty for a resumed session.
    """

    version: str
    cipher: str
    verified: bool
    certificate: bytes = field(repr=False)
    subject: Mapping[str, Any] = field(repr=False)
    server_end_point: bytes = field(repr=False)
    client_certificate: bool = False
    chain: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to connect.

    Attributes:
        host: name or IP address, or the path of a Unix socket when it begins with ``/``.
        port: 1 to 65535; ignored for a Unix socket.
        source_address: local IP address to bind, or None.
        proxy: URL of a SOCKS5 or HTTP CONNECT proxy (``socks5://``, ``http://``), or None; may hold a
            password, so it has no repr.
    """

    host: str
    port: int
    source_address: str | None = None
    proxy: str | None = field(default=None, repr=False)


class Stream(Protocol):
    """One connection: bytes in, bytes out. Timeouts are seconds; None waits for ever.

    After any error, or a cancellation, the stream is of no use: the flow calls `abort`.
    """

    @property
    def peer(self) -> str:
        """The other end as text, for messages: ``192.0.2.1:587`` or ``/run/lmtp``."""
        ...

    @property
    def local_address(self) -> str | None:
        """Our own IP address on this connection, for the EHLO literal; None for a Unix socket."""
        ...

    @property
    def tls(self) -> TLSInfo | None:
        """What TLS agreed on; None in clear."""
        ...

    async def read(self, timeout: float | None) -> bytes:
        """Return what has arrived, at least one byte; ``b""`` when the peer has closed.

        Raises:
            DeadlineExceeded: nothing came in time.
            Disconnected: the connection broke.
            TLSFailed: a record was forged, or the server refused our certificate (TLS 1.3 does so late).
        """
        ...

    async def poll(self) -> bytes | None:
        """Return what can be read without waiting: None for nothing, ``b""`` when the peer has closed."""
        ...

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Write all of it.

        Meanwhile what arrives is kept (bounded), so that two ends that both write cannot deadlock.
        The timeout is for progress: it starts again whenever the peer takes some bytes.

        Raises:
            DeadlineExceeded: the peer took nothing in time.
            Disconnected: the connection broke; what had arrived before can still be read.
        """
        ...

    async def start_tls(self, options: TLSOptions, server_hostname: str, timeout: float | None) -> TLSInfo:
        """Do the TLS handshake as the client.

        The caller has made sure that no byte is buffered above; the driver refuses if it holds one itself.

        Raises:
            TLSFailed: with the reason, and what to do about it; also when the peer left meanwhile.
            DeadlineExceeded: the handshake took too long.
            ConfigError: a file or an option cannot be used.
        """
        ...

    async def close(self) -> None:
        """Close in an orderly way, bounded in time; never raises for what the peer does."""
        ...

    def abort(self) -> None:
        """Close at once. Safe at any moment, more than once."""
        ...


class Connector(Protocol):
    """Opens streams: resolves, tries the addresses (RFC 8305), binds, goes through proxies."""

    async def connect(self, endpoint: Endpoint, timeout: float | None) -> Stream:
        """Return a connected stream, in clear.

        Raises:
            ConnectionFailed: no address could be reached; the text names each and why.
            DeadlineExceeded: all of it together took longer than `timeout`.
        """
        ...


class Clock(Protocol):
    """Time as the flows know it."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never backwards."""
        ...

    def now(self) -> datetime:
        """The aware UTC instant."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class TokenSource(Protocol):
    """Where OAuth 2.0 access tokens come from."""

    async def token(self, *, renew: bool) -> str:
        """Return an access token; with `renew`, a new one, because the server refused the last.

        Raises:
            TokenUnavailable: none can be had.
        """
        ...


class Runtime(Protocol):
    """Everything a session needs from the outside, in one bundle per colour."""

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def connector(self) -> Connector:
        """The way to the network."""
        ...

    def nonce(self) -> bytes:
        """Fresh printable random octets (RFC 5802 §5.1), at least 128 bits."""
        ...

    def hostname(self) -> str:
        """This machine's name, as the operating system gives it, without asking the DNS."""
        ...
