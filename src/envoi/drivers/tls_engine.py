"""TLS as bytes in, bytes out: no socket, no waiting, no colour.

One engine serves both colours (docs/decisions/0020), so that both give the same answers: what
the peer sent is fed in, what is to be sent is taken out, by `stream`. It also gives what the
library's own sockets and transports keep for themselves: the certificate of a handshake that
failed, and resumption under asyncio. Contexts are made in `tls`; errors are told in
`tls_failures`.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TLSEngine"]

_DER = 2  # `_ssl.ENCODING_DER`
_RECORD = 16 * 1024  # RFC 8446 §5.1: the most that one record holds


class TLSEngine:
    """The client's side of one TLS connection.

    Attributes:
        failure: what its methods raise, for callers that must not load `ssl` themselves.
        closed: whether the peer has taken leave.
    """

    __slots__ = ("_incoming", "_outgoing", "_tls", "closed")

    failure: ClassVar[type[ssl.SSLError]] = ssl.SSLError

    def __init__(self, context: ssl.SSLContext, server_hostname: str, session: ssl.SSLSession | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname, session=session
        )
        self.closed = False

    def handshake(self, data: bytes = b"") -> bool:
        """Go on with the handshake with what the peer sent; True when it is finished.

        Raises:
            ssl.SSLError: it failed. What `take` then returns tells the peer.
        """
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def take(self) -> bytes:
        """Return what is to be sent to the peer, perhaps nothing."""
        return self._outgoing.read()

    def encrypt(self, data: bytes | bytearray | memoryview) -> bytes:
        """Return the records to send for `data`."""
        sent = self._tls.write(data)
        if sent < len(data):
            with memoryview(data) as view:
                while sent < len(view):
                    sent += self._tls.write(view[sent:])
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """Return the plain bytes that `data` completes, perhaps none; sets `closed` at the peer's farewell.

        Raises:
            ssl.SSLError: a record was forged or damaged, or the peer sent an alert.
        """
        self._incoming.write(data)
        plain: list[bytes] = []
        while not self.closed:
            try:
                part = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            self.closed = not part
            plain.append(part)
            # Asking in vain would raise, which costs more than asking whether to ask.
            if not self._incoming.pending and not self._tls.pending():
                break
        return plain[0] if len(plain) == 1 else b"".join(plain)

    def farewell(self) -> bytes:
        """Return the ``close_notify`` to send (RFC 8446 §6.1)."""
        with suppress(ssl.SSLError):  # The peer's own is not waited for.
            self._tls.unwrap()
        return self._outgoing.read()

    @property
    def version(self) -> str:
        """The version agreed on, such as ``TLSv1.3``."""
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        """The name of the cipher suite agreed on."""
        cipher = self._tls.cipher()
        return cipher[0] if cipher else ""

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection can resume; under TLS 1.3 only after the first read."""
        return self._tls.session

    @property
    def resumed(self) -> bool:
        """Whether an earlier session was resumed."""
        return bool(self._tls.session_reused)

    @property
    def certificate(self) -> bytes:
        """The peer's certificate, DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    @property
    def subject(self) -> Mapping[str, Any]:
        """The peer's certificate in words; empty when it was not verified."""
        return self._tls.getpeercert() or {}

    @property
    def chain(self) -> tuple[bytes, ...]:
        """All certificates that the peer sent, its own first, DER; empty when it sent none this time."""
        # Public, and simpler, since Python 3.13: `SSLObject.get_unverified_chain`.
        inner: Any = self._tls
        try:
            sent = inner._sslobj.get_unverified_chain() or ()  # noqa: SLF001
            return tuple(certificate.public_bytes(_DER) for certificate in sent)
        except (AttributeError, ssl.SSLError):
            return ()

    def presented(self) -> Mapping[str, Any]:
        """What is known of the certificate of a handshake that failed, for messages; perhaps nothing."""
        # `SSLObject.getpeercert` refuses before the end of the handshake, and the public way
        # round it (Python 3.13) has no words, only DER. A message is all that depends on this.
        inner: Any = self._tls
        try:
            chain = inner._sslobj.get_unverified_chain()  # noqa: SLF001
            return dict(chain[0].get_info()) if chain else {}
        except (AttributeError, ValueError, ssl.SSLError):
            return {}
