"""Dovecot: the mailboxes (IMAP), their door (LMTP), the SASL service for Postfix, and a submission server.

Starts by `running_dovecot`; what it offers is in `Dovecot`. Its settings are in `dovecot.conf`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.daemon import Daemon
from tests.servers.listeners import USERS, Listener, User, fill_in
from tests.servers.mailbox import ImapMailbox
from tests.servers.tokens import ISSUER, SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.certificates import CertificateAuthority
    from tests.servers.ports import PortPool
    from tests.servers.tokens import TokenMint

__all__ = ["Dovecot", "running_dovecot"]

# sockaddr_un.sun_path holds 108 bytes, the last of them NUL.
_SOCKET_PATH_LIMIT = 107
_LMTP_TRACE = ("Return-Path", "Delivered-To", "Received")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dovecot:
    """A running Dovecot."""

    ca_file: Path
    imap: Listener
    imaps: Listener
    lmtp: Listener
    """LMTP over TCP, without TLS and AUTH."""
    lmtp_socket: Path
    auth_socket: Path
    tokens: TokenMint
    submission: Listener
    """Needs Postfix behind it, as `submissions` does: use the fixture `dovecot_submission`."""
    submissions: Listener
    relay_port: int
    """Where the submission service expects the MX that it hands over to."""

    def mailbox(self, user: User) -> ImapMailbox:
        """The INBOX of `user`."""
        return ImapMailbox(port=self.imaps.port, ca_file=self.ca_file, user=user)


@contextmanager
def running_dovecot(
    folder: Path,
    ca: CertificateAuthority,
    tokens: TokenMint,
    ports: PortPool,
    *,
    introspection_url: str = "",
    relay_port: int | None = None,
) -> Iterator[Dovecot]:
    """Run Dovecot.

    Args:
        folder: everything it writes is under it.
        ca: who signed its certificate.
        tokens: the key that it believes tokens by.
        ports: where its own come from.
        introspection_url: where it asks about tokens instead, with its name and secret there.
        relay_port: where there is an MX already that its submission service hands over to.
    """
    dovecot = _laid_out(folder, ca, tokens, ports, relay_port)
    configuration = _write_configuration(folder, ca, dovecot, introspection_url)
    daemon = Daemon(["dovecot", "-F", "-c", str(configuration)], log=folder / "log")
    try:
        daemon.start(port=dovecot.imap.port, greeting=b"* OK")
        yield dovecot
    finally:
        daemon.stop()


def _laid_out(
    folder: Path, ca: CertificateAuthority, tokens: TokenMint, ports: PortPool, relay_port: int | None
) -> Dovecot:
    relayed = (*_LMTP_TRACE, "Received", "Received")
    return Dovecot(
        ca_file=ca.ca_file,
        imap=Listener(port=ports.take(), security="starttls"),
        imaps=Listener(port=ports.take(), security="tls"),
        lmtp=Listener(port=ports.take(), security="plaintext", trace=_LMTP_TRACE),
        lmtp_socket=_socket_path(folder / "run" / "lmtp"),
        auth_socket=_socket_path(folder / "run" / "auth-smtp"),
        tokens=tokens,
        submission=Listener(port=ports.take(), security="starttls", trace=relayed),
        submissions=Listener(port=ports.take(), security="tls", trace=relayed),
        relay_port=relay_port or ports.take(),
    )


def _write_configuration(
    folder: Path, ca: CertificateAuthority, dovecot: Dovecot, introspection_url: str
) -> Path:
    mail = folder / "mail"
    mail.mkdir()
    mail.chmod(0o777)
    users = "".join(f"{user.name}:{{PLAIN}}{user.password}::::::\n" for user in USERS)
    (folder / "passwd").write_text(users, encoding="utf-8")
    dovecot.tokens.write_key(folder / "keys")
    if introspection_url:
        oauth2 = fill_in("dovecot-introspection.conf", url=introspection_url, scope=SCOPE)
    else:
        oauth2 = fill_in("dovecot-oauth2.conf", key_folder=folder / "keys", issuer=ISSUER, scope=SCOPE)
    (folder / "oauth2.conf").write_text(oauth2, encoding="utf-8")
    configuration = folder / "dovecot.conf"
    text = fill_in(
        "dovecot.conf",
        folder=folder,
        certificate=ca.good.certificate,
        key=ca.good.key,
        ca_file=ca.ca_file,
        imap_port=dovecot.imap.port,
        imaps_port=dovecot.imaps.port,
        lmtp_port=dovecot.lmtp.port,
        submission_port=dovecot.submission.port,
        submissions_port=dovecot.submissions.port,
        relay_port=dovecot.relay_port,
    )
    configuration.write_text(text, encoding="utf-8")
    return configuration


def _socket_path(path: Path) -> Path:
    if len(bytes(path)) > _SOCKET_PATH_LIMIT:
        raise ValueError(
            f"a unix socket's path has at most {_SOCKET_PATH_LIMIT} bytes, this has more: {path}"
        )
    return path
