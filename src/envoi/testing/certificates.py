"""Certificates that are good for one run: a private authority, a server's certificate, a client's.

Made by trustme (extra ``testing``), written to a temporary folder that goes when the program ends, and
shared by all servers of a process, because making them is what takes time. A server's own files are
taken just as well.
"""

from __future__ import annotations

import atexit
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from envoi.drivers.certificate import server_end_point
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from trustme import CA

__all__ = [
    "Certificate",
    "client_certificate",
    "common_name",
    "default_certificate",
    "end_point",
    "server_context",
]

NAMES = ("localhost", "127.0.0.1", "::1", "mail.example.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a server shows, and by what clients recognise it.

    Attributes:
        chain: PEM file: the server's certificate, the chain and, unless `key` is given, the private key.
        ca_file: PEM file of the authority that clients should trust; it also vouches for theirs.
        key: PEM file of the private key.
    """

    chain: Path
    ca_file: Path
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    folder: Path
    ca: CA


@cache
def _authority() -> _Authority:
    try:
        import trustme
    except ImportError as error:
        raise ConfigError(
            "a server with TLS needs a certificate: install envoi[testing], which makes one, "
            "or give files of your own (certificate=), or use security='plaintext'"
        ) from error
    folder = TemporaryDirectory(prefix="envoi-testing-")
    atexit.register(folder.cleanup)
    return _Authority(folder=Path(folder.name), ca=trustme.CA())


@cache
def default_certificate() -> Certificate:
    """Return the certificate for loopback, made when it is first wanted.

    Raises:
        ConfigError: the extra ``testing`` is not installed.
    """
    authority = _authority()
    made = Certificate(chain=authority.folder / "server.pem", ca_file=authority.folder / "ca.pem")
    authority.ca.cert_pem.write_to_path(str(made.ca_file))
    authority.ca.issue_cert(*NAMES).private_key_and_cert_chain_pem.write_to_path(str(made.chain))
    return made


@cache
def client_certificate(username: str) -> Path:
    """Return a PEM file that proves to a server of this process, by EXTERNAL, that one is `username`."""
    authority = _authority()
    file = authority.folder / f"client-{len(list(authority.folder.iterdir()))}.pem"
    issued = authority.ca.issue_cert("client.example.org", common_name=username)
    issued.private_key_and_cert_chain_pem.write_to_path(str(file))
    return file


def server_context(certificate: Certificate, *, asks_client: bool) -> ssl.SSLContext:
    """Return the TLS context of a server; with `asks_client` a certificate of the client's is welcome."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate.chain, certificate.key)
    if asks_client:
        context.load_verify_locations(certificate.ca_file)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def common_name(certificate: Mapping[str, Any] | None) -> str | None:
    """Return whom a peer's certificate names, as `ssl.SSLObject.getpeercert` tells it."""
    names = dict(pair for part in (certificate or {}).get("subject", ()) for pair in part)
    return names.get("commonName")


def end_point(certificate: Certificate) -> bytes:
    """Return the channel binding of a server with this certificate (RFC 5929 §4.1)."""
    text = certificate.chain.read_text("ascii")
    start = text.index(ssl.PEM_HEADER)
    first = text[start : text.index(ssl.PEM_FOOTER, start) + len(ssl.PEM_FOOTER)]
    return server_end_point(ssl.PEM_cert_to_DER_cert(first))
