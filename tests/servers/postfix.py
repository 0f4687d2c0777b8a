"""Postfix: one instance, one port for every way of talking, good and bad.

Starts by `running_postfix`, in front of Dovecot, which checks the passwords and keeps the mail. The
listeners are in `Postfix`; their settings in `postfix-master.cf`, the shared ones in `postfix-main.cf`.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from tests.servers import fates
from tests.servers.daemon import Daemon
from tests.servers.listeners import DOMAIN, UTF8_DOMAIN, Listener, Security, User, fill_in
from tests.servers.mailbox import ImapMailbox, Maildir
from tests.servers.ports import LOOPBACK, PortPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.certificates import CertificateAuthority
    from tests.servers.dovecot import Dovecot

__all__ = ["LONE_MAIN", "MASTER", "Postfix", "make_folders", "running_postfix", "write_aged"]


_TRACE = ("Return-Path", "Delivered-To", "Received", "Received")
_UTF8_TRACE = ("Return-Path", "X-Original-To", "Delivered-To", "Received")
MASTER = "/usr/lib/postfix/sbin/master"
LONE_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
mydestination =
alias_maps =
"""
"""What the `main.cf` of a Postfix begins with that has a folder of its own and no other server beside it."""
_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "saved", "trace")
# What `postfix check` would make: name, mode, owner. Only `pid` stays root's own.
_FOLDERS = (
    ("data", 0o700, "postfix"),
    ("maildirs", 0o755, "mail"),
    ("spool", 0o755, "root"),
    ("spool/pid", 0o755, "root"),
    ("spool/maildrop", 0o730, "postfix"),
    ("spool/private", 0o700, "postfix"),
    ("spool/public", 0o710, "postfix"),
    *((f"spool/{name}", 0o700, "postfix") for name in _QUEUES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running Postfix. The twins of `submission` and `submissions` (`…_tls`) have one fault each."""

    ca_file: Path
    submission: Listener
    submissions: Listener
    expired: Listener
    expired_tls: Listener
    wrong_host: Listener
    wrong_host_tls: Listener
    self_signed: Listener
    self_signed_tls: Listener
    outdated: Listener
    """Speaks no TLS newer than 1.1."""
    outdated_tls: Listener
    cleartext_auth: Listener
    """Has no TLS and offers AUTH all the same."""
    no_extensions: Listener
    no_chunking: Listener
    mx: Listener
    """Takes mail for `DOMAIN` from anybody; TLS if the client likes, no AUTH."""
    to_utf8_domain: Listener
    """`submission` again, for mail to `UTF8_DOMAIN`, which gets other fields on top."""
    utf8_mailbox: Maildir
    """Where mail for anybody at `UTF8_DOMAIN` ends up."""
    dovecot: Dovecot

    def mailbox(self, user: User) -> ImapMailbox:
        """Where mail for `user` ends up."""
        return self.dovecot.mailbox(user)


@contextmanager
def running_postfix(
    folder: Path, ca: CertificateAuthority, dovecot: Dovecot, ports: PortPool
) -> Iterator[Postfix]:
    """Run Postfix with everything it writes under `folder`."""
    postfix = _laid_out(folder, ca, dovecot, ports)
    make_folders(folder)
    _write_configuration(folder, ca, postfix)
    # `postfix start` would leave a daemon behind, and repair the permissions of the system's files first.
    daemon = Daemon(
        [MASTER, "-d", "-c", str(folder)], log=folder / "log", environment={"MAIL_CONFIG": str(folder)}
    )
    try:
        daemon.start(port=postfix.mx.port, greeting=b"220 ")
        yield postfix
    finally:
        daemon.stop()


def _laid_out(folder: Path, ca: CertificateAuthority, dovecot: Dovecot, ports: PortPool) -> Postfix:
    def listen(security: Security, *, port: int | None = None) -> Listener:
        return Listener(port=port or ports.take(), security=security, trace=_TRACE)

    submission = listen("starttls")
    return Postfix(
        ca_file=ca.ca_file,
        submission=submission,
        submissions=listen("tls"),
        expired=listen("starttls"),
        expired_tls=listen("tls"),
        wrong_host=listen("starttls"),
        wrong_host_tls=listen("tls"),
        self_signed=listen("starttls"),
        self_signed_tls=listen("tls"),
        outdated=listen("starttls"),
        outdated_tls=listen("tls"),
        cleartext_auth=listen("plaintext"),
        no_extensions=listen("plaintext"),
        no_chunking=listen("plaintext"),
        mx=listen("starttls", port=dovecot.relay_port),
        to_utf8_domain=replace(submission, trace=_UTF8_TRACE),
        utf8_mailbox=Maildir(folder=folder / "maildirs" / "everybody"),
        dovecot=dovecot,
    )


def make_folders(folder: Path) -> None:
    """Make what an instance under `folder` writes to, for its own users."""
    for name, mode, owner in _FOLDERS:
        path = folder / name
        path.mkdir()
        path.chmod(mode)
        shutil.chown(path, owner)


def _write_configuration(folder: Path, ca: CertificateAuthority, postfix: Postfix) -> None:
    write_aged(folder / "header_checks", fates.header_checks())
    main = fill_in(
        "postfix-main.cf",
        folder=folder,
        domain=DOMAIN,
        utf8_domain=UTF8_DOMAIN,
        utf8_domain_a_label=UTF8_DOMAIN.encode("idna").decode("ascii"),
        maildirs=postfix.utf8_mailbox.folder.parent,
        lmtp_socket=postfix.dovecot.lmtp_socket,
        auth_socket=postfix.dovecot.auth_socket,
        good_chain=ca.good.chain,
        ca_file=ca.ca_file,
        recipient_fates=fates.access_map(),
        aliases=fates.alias_map(),
        header_checks=folder / "header_checks",
    )
    write_aged(folder / "main.cf", main)
    listeners = ((field.name, getattr(postfix, field.name)) for field in fields(postfix))
    master = fill_in(
        "postfix-master.cf",
        expired_chain=ca.expired.chain,
        wrong_host_chain=ca.wrong_host.chain,
        self_signed_chain=ca.self_signed.chain,
        **{name: f"{LOOPBACK}:{value.port}" for name, value in listeners if isinstance(value, Listener)},
    )
    write_aged(folder / "master.cf", master)


def write_aged(path: Path, text: str) -> None:
    """Write a file that looks a minute old: Postfix waits for a newer one to settle, more than a second."""
    path.write_text(text, encoding="utf-8")
    a_minute_ago = time.time() - 60
    os.utime(path, (a_minute_ago, a_minute_ago))
