"""Who is trusted, and who we are: contexts from `TLSOptions`, and one handshake's terms.

A context takes 19 ms to build, nearly all of it for loading the authorities, so contexts are
kept and shared; a file that was renewed since makes a new one. Sessions are kept beside their
context, to be resumed. The bytes are the business of `tls_engine`, the words for what goes wrong
of `tls_failures`. Decisions on pinning, resumption and own contexts: docs/decisions/0021.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import ssl
import threading
from collections import OrderedDict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from envoi.drivers.certificate import server_end_point
from envoi.drivers.host import a_label
from envoi.drivers.tls_engine import TLSEngine
from envoi.drivers.tls_failures import wrong_pin
from envoi.errors import ConfigError
from envoi.ports import TLSInfo, TLSOptions

if TYPE_CHECKING:
    from collections.abc import Hashable
    from os import PathLike

__all__ = ["Handshake", "context_for"]

_CONTEXTS_KEPT = 32
_SESSIONS_KEPT = 64
_SESSION_SECONDS = 600.0
"""A resumed session is not verified again, so it must not live long past a certificate's end."""

_lock = threading.Lock()
_contexts: OrderedDict[Hashable, ssl.SSLContext] = OrderedDict()
_sessions: OrderedDict[tuple[ssl.SSLContext, str], tuple[float, ssl.SSLSession]] = OrderedDict()


class Handshake:
    """One handshake: the engine that does it, and what must be true at its end."""

    __slots__ = ("_context", "_pins", "_presents_certificate", "engine", "server_hostname")

    def __init__(self, options: TLSOptions, server_hostname: str) -> None:
        self._pins = tuple(_parse_fingerprint(text) for text in options.fingerprints)
        self._context = context_for(options)
        self._presents_certificate = options.client_certificate is not None
        self.server_hostname = a_label(server_hostname).rstrip(".")
        session = _recall(self._context, self.server_hostname)
        self.engine = TLSEngine(self._context, self.server_hostname, session)

    def finish(self, peer: str) -> TLSInfo:
        """Compare the pins and describe what was agreed on.

        Raises:
            TLSFailed: the certificate is none of those pinned.
        """
        engine = self.engine
        certificate = engine.certificate
        if self._pins:
            digest = hashlib.sha256(certificate).digest()
            if not any(hmac.compare_digest(digest, pin) for pin in self._pins):
                raise wrong_pin(peer, digest)
        verifies = self._context.verify_mode is ssl.CERT_REQUIRED and self._context.check_hostname
        return TLSInfo(
            version=engine.version,
            cipher=engine.cipher,
            verified=bool(self._pins) or verifies,
            certificate=certificate,
            subject=engine.subject,
            server_end_point=server_end_point(certificate),
            client_certificate=self._presents_certificate,
        )

    def remember(self) -> None:
        """Keep the session for the next connection to the same server with the same context."""
        if session := self.engine.session:
            with _lock:
                key = (self._context, self.server_hostname)
                _sessions[key] = (monotonic(), session)
                _sessions.move_to_end(key)
                if len(_sessions) > _SESSIONS_KEPT:
                    _sessions.popitem(last=False)


def _recall(context: ssl.SSLContext, server_hostname: str) -> ssl.SSLSession | None:
    with _lock:
        made_at, session = _sessions.get((context, server_hostname), (0.0, None))
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


def context_for(options: TLSOptions) -> ssl.SSLContext:
    """Return the context for these options: the caller's own as it is, or a shared one.

    Raises:
        ConfigError: a file cannot be read or used, or the options contradict each other.
    """
    if options.context is not None:
        _refuse_beside_context(options)
        return options.context
    key = _key(options)
    with _lock:
        context = _contexts.get(key)
        if context is not None:
            _contexts.move_to_end(key)
            return context
    context = _build(options)
    with _lock:
        context = _contexts.setdefault(key, context)
        if len(_contexts) > _CONTEXTS_KEPT:
            _contexts.popitem(last=False)
    return context


def _refuse_beside_context(options: TLSOptions) -> None:
    alone = TLSOptions(context=options.context, fingerprints=options.fingerprints)
    if options != alone:
        raise ConfigError(
            "an SSLContext of your own is used as it is: set the authorities, the client certificate "
            "and the verification on it, not beside it"
        )


def _key(options: TLSOptions) -> Hashable:
    paths = ssl.get_default_verify_paths()
    files = (options.ca_file, options.client_certificate, options.client_key, paths.cafile, paths.capath)
    # `capath` is None for a folder that is missing; the variables tell such cases apart.
    environment = (os.environ.get(paths.openssl_cafile_env), os.environ.get(paths.openssl_capath_env))
    return (
        tuple((path and os.fspath(path), _state_of(path)) for path in files),
        environment,
        options.client_key_password,
        options.insecure_skip_verification,
        bool(options.fingerprints),
    )


def _state_of(path: str | PathLike[str] | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _build(options: TLSOptions) -> ssl.SSLContext:
    pinned = bool(options.fingerprints)
    if pinned or options.insecure_skip_verification:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = _verifying(options.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # TLS 1.2 only: nothing in SMTP needs it, and it would want to write while we read.
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load_client_certificate(context, options)
    return context


def _verifying(ca_file: str | PathLike[str] | None) -> ssl.SSLContext:
    # The system's authorities come from where OpenSSL looks, SSL_CERT_FILE and SSL_CERT_DIR included.
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"no certificate authorities could be loaded from {ca_file}: {error}") from error
    # RFC 9525 §2: a common name identifies nobody.
    context.hostname_checks_common_name = False
    return context


def _load_client_certificate(context: ssl.SSLContext, options: TLSOptions) -> None:
    if options.client_certificate is None:
        if options.client_key is not None:
            raise ConfigError("client_key needs client_certificate beside it")
        return
    try:
        # Without a password OpenSSL would ask on the terminal for one; an empty one just fails.
        context.load_cert_chain(
            options.client_certificate, options.client_key, options.client_key_password or ""
        )
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the client certificate {os.fspath(options.client_certificate)} cannot be used: {error}. "
            "It takes a PEM file with the chain, the private key that belongs to it, there or in client_key, "
            "and client_key_password when that is encrypted"
        ) from error
