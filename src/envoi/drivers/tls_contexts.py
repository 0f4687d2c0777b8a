"""Who is trusted, and who we are: SSL contexts from `TLSOptions`.

A context takes 19 ms to build, nearly all of it for loading the authorities, so contexts are
kept and shared; a file that was renewed since makes a new one. What is verified with them, and
when, is `tls`'s business. Files and options that cannot be used end in a `ConfigError` here.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.ports import TLSOptions

if TYPE_CHECKING:
    from collections.abc import Hashable
    from os import PathLike

__all__ = ["context_for"]

_CONTEXTS_KEPT = 32

_lock = threading.Lock()
_contexts: OrderedDict[Hashable, ssl.SSLContext] = OrderedDict()


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
    pinned = bool(options.fingerprints) and options.ca_file is None
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
