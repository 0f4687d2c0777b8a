"""The terms of one TLS handshake: what must be true at its end, and what is kept for the next.

A `Handshake` brings together the context (`tls_contexts`), a session to resume if there is one,
the engine that does it (`tls_engine`), the pins and the description of the result. The words for
what goes wrong are `tls_failures`'. Decisions on pinning and resumption: docs/decisions/0021.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
import threading
from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING

from envoi.drivers.certificate import server_end_point
from envoi.drivers.host import a_label
from envoi.drivers.tls_contexts import context_for
from envoi.drivers.tls_engine import TLSEngine
from envoi.drivers.tls_failures import wrong_pin
from envoi.errors import ConfigError
from envoi.ports import TLSInfo

if TYPE_CHECKING:
    from envoi.ports import TLSOptions

__all__ = ["Handshake"]

_SESSIONS_KEPT = 64
_SESSION_SECONDS = 600.0
"""A resumed session is not verified again, so it must not live long past a certificate's end."""

_lock = threading.Lock()
_Server = tuple[ssl.SSLContext, str, str]
_sessions: OrderedDict[_Server, tuple[float, ssl.SSLSession]] = OrderedDict()


class Handshake:
    """One handshake: the engine that does it, and what must be true at its end."""

    __slots__ = ("_context", "_peer", "_pins", "_presents_certificate", "engine", "server_hostname")

    def __init__(self, options: TLSOptions, server_hostname: str, peer: str) -> None:
        self._pins = tuple(_parse_fingerprint(text) for text in options.fingerprints)
        self._context = context_for(options)
        self._presents_certificate = options.client_certificate is not None
        self._peer = peer
        self.server_hostname = a_label(server_hostname).rstrip(".")
        self.engine = TLSEngine(self._context, self.server_hostname, _recall(self._server))

    @property
    def _server(self) -> _Server:
        # Address and port as well: ports of one host may share their ticket keys, and a session taken from
        # one to the other would spare the other's certificate its verification.
        return self._context, self.server_hostname, self._peer

    def finish(self) -> TLSInfo:
        """Compare the pins and describe what was agreed on.

        Raises:
            TLSFailed: the certificate is none of those pinned.
        """
        engine = self.engine
        certificate = engine.certificate
        if self._pins:
            digest = hashlib.sha256(certificate).digest()
            if not any(hmac.compare_digest(digest, pin) for pin in self._pins):
                raise wrong_pin(self._peer, digest)
        verifies = self._context.verify_mode is ssl.CERT_REQUIRED and self._context.check_hostname
        return TLSInfo(
            version=engine.version,
            cipher=engine.cipher,
            verified=bool(self._pins) or verifies,
            certificate=certificate,
            subject=engine.subject,
            server_end_point=server_end_point(certificate),
            client_certificate=self._presents_certificate,
            chain=engine.chain,
        )

    def remember(self) -> None:
        """Keep the session for the next connection to the same server with the same context."""
        if session := self.engine.session:
            with _lock:
                _sessions[self._server] = (monotonic(), session)
                _sessions.move_to_end(self._server)
                if len(_sessions) > _SESSIONS_KEPT:
                    _sessions.popitem(last=False)


def _recall(server: _Server) -> ssl.SSLSession | None:
    with _lock:
        made_at, session = _sessions.get(server, (0.0, None))
    return session if monotonic() - made_at < _SESSION_SECONDS else None


def _parse_fingerprint(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text.replace(":", "").strip())
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise ConfigError(
            f"{text!r} is not a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed, are one"
        )
    return digest
