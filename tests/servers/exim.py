"""Exim: a second family of servers, with CHUNKING, PRDR and authenticators of its own.

Starts by `running_exim` from the folder that `scripts/system-packages` unpacks it into. It needs no
Dovecot: mail goes into Maildirs. Its settings are in `exim.conf`.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.daemon import Daemon
from tests.servers.listeners import DOMAIN, USERS, UTF8_DOMAIN, Listener, Security, User, fill_in
from tests.servers.mailbox import Maildir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import CertificateAuthority
    from tests.servers.ports import PortPool

__all__ = ["Exim", "running_exim"]

_TRACE = ("Return-path", "Envelope-to", "Received")
# Its name is compiled into the program.
_USER = "Debian-exim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exim:
    """A running Exim."""

    ca_file: Path
    submission: Listener
    submissions: Listener
    mx: Listener
    """Takes mail for `DOMAIN` and `UTF8_DOMAIN` from anybody; neither TLS nor AUTH."""
    maildirs: Path

    def mailbox(self, user: User) -> Maildir:
        """Where mail for `user`, at whatever domain, ends up."""
        return Maildir(folder=self.maildirs / user.name)


@contextmanager
def running_exim(folder: Path, program: Path, ca: CertificateAuthority, ports: PortPool) -> Iterator[Exim]:
    """Run Exim with everything it writes under `folder`."""

    def listen(security: Security) -> Listener:
        return Listener(port=ports.take(), security=security, trace=_TRACE)

    exim = Exim(
        ca_file=ca.ca_file,
        submission=listen("starttls"),
        submissions=listen("tls"),
        mx=listen("plaintext"),
        maildirs=folder / "maildirs",
    )
    # Exim starts itself again as its own user, who may not reach the folder it was unpacked into.
    reachable = Path(shutil.copy(program, folder / "exim4"))
    configuration = _write_configuration(folder, reachable, ca, exim)
    daemon = Daemon([str(reachable), "-bdf", "-q1h", "-C", str(configuration)], log=folder / "output")
    try:
        daemon.start(port=exim.mx.port, greeting=b"220 ")
        yield exim
    finally:
        daemon.stop()


def _write_configuration(folder: Path, program: Path, ca: CertificateAuthority, exim: Exim) -> Path:
    for name in ("spool", "log", exim.maildirs.name):
        (folder / name).mkdir()
        shutil.chown(folder / name, _USER)
    passwords = folder / "passwords"
    passwords.write_text("".join(f"{user.name}: {user.password}\n" for user in USERS), encoding="utf-8")
    configuration = folder / "exim.conf"
    text = fill_in(
        "exim.conf",
        folder=folder,
        program=program,
        user=_USER,
        domain=DOMAIN,
        utf8_domain=UTF8_DOMAIN,
        certificate=ca.good.certificate,
        key=ca.good.key,
        ca_file=ca.ca_file,
        passwords=passwords,
        maildirs=exim.maildirs,
        submission=exim.submission.port,
        submissions=exim.submissions.port,
        mx=exim.mx.port,
    )
    configuration.write_text(text, encoding="utf-8")
    return configuration
