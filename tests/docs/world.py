"""Everything that the pages mention, on loopback: servers, a provider, files, variables.

The names are those of the pages, the certificates are good for them, and the passwords are in the variables
from which the pages take them.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import zlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from envoi.testing import Certificate, SMTPServer
from tests.docs.here import VARIABLE
from tests.docs.pages import ROOT
from tests.docs.provider import GOOGLE_TOKEN, MICROSOFT_TOKEN, PROGRAM_TOKEN, running_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["World", "running_world"]

PASSWORD, APP_PASSWORD = "correct horse battery staple", "abcd efgh ijkl mnop"
_INSIDE = Path(__file__).parent / "inside"
_PROVIDERS = ("accounts.google.com", "oauth2.googleapis.com", "login.microsoftonline.com")
_NAMES = (
    *(
        "smtp.example.com",
        "relay.example.com",
        "smtp.gmail.com",
        "smtp.office365.com",
        "localhost",
        "127.0.0.1",
    ),
    *_PROVIDERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What there is.

    Attributes:
        names: ``host:port`` of a page → the port here.
        ca_file: the authority that vouches for all of them.
        environ: what a reader's programs find in their environment.
        example: the server that most pages use.
    """

    names: dict[str, int]
    ca_file: Path
    environ: dict[str, str]
    example: SMTPServer

    def furnish(self, folder: Path) -> dict[str, str]:
        """Put the reader's own files into a folder; return the environment of somebody who works there."""
        (folder / "report.pdf").write_bytes(b"%PDF-1.7\n" + b"of octets\n" * 100)
        (folder / "logo.png").write_bytes(_PNG)
        shutil.copy(self.ca_file, folder / "company-ca.pem")
        homes = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
        return {
            **self.environ,
            **dict.fromkeys(homes, str(folder)),
            "ENVOI_CONFIG": str(folder / "envoi.toml"),
        }


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Run everything; files that it needs are in `folder`."""
    authority = trustme.CA()
    certificate = Certificate(chain=folder / "chain.pem", ca_file=folder / "ca.pem")
    authority.cert_pem.write_to_path(str(certificate.ca_file))
    authority.issue_cert(*_NAMES).private_key_and_cert_chain_pem.write_to_path(str(certificate.chain))
    people = dict.fromkeys(("accounts", "you@example.com", "accounts@example.com"), PASSWORD)
    with ExitStack() as running:

        def server(**options: object) -> SMTPServer:
            return running.enter_context(SMTPServer(certificate=certificate, **options))  # type: ignore[arg-type]

        example, secured = server(accounts=people), server(accounts=people, security="tls")
        relay = running.enter_context(SMTPServer(security="plaintext"))
        gmail = server(accounts={"you@gmail.com": APP_PASSWORD}, tokens={GOOGLE_TOKEN: "you@gmail.com"})
        gmail_secured = server(accounts={"you@gmail.com": APP_PASSWORD}, security="tls")
        office = server(
            tokens={MICROSOFT_TOKEN: "you@example.com", PROGRAM_TOKEN: "reports@example.com"},
            mechanisms=["XOAUTH2"],
        )
        provider = running.enter_context(running_provider(certificate.chain))
        names = {
            "smtp.example.com:587": example.port,
            "smtp.example.com:465": secured.port,
            "relay.example.com:587": example.port,
            "relay.example.com:25": relay.port,
            "localhost:25": relay.port,
            "smtp.gmail.com:587": gmail.port,
            "smtp.gmail.com:465": gmail_secured.port,
            "smtp.office365.com:587": office.port,
            **{f"{name}:443": provider for name in _PROVIDERS},
        }
        yield World(
            names=names, ca_file=certificate.ca_file, environ=_environ(names, certificate), example=example
        )


def _environ(names: dict[str, int], certificate: Certificate) -> dict[str, str]:
    path = [str(Path(sys.executable).parent), *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    return {
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), str(_INSIDE)]),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "SSL_CERT_FILE": str(certificate.ca_file),
        VARIABLE: json.dumps(names),
        "SMTP_PASSWORD": PASSWORD,
        "ENVOI_PASSWORD": PASSWORD,
        "GMAIL_APP_PASSWORD": APP_PASSWORD,
        "GOOGLE_CLIENT_SECRET": "of-the-client",
        "MICROSOFT_CLIENT_SECRET": "of-the-client",
    }


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


_PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]))
    + _chunk(b"IDAT", zlib.compress(b"\0\x2a\x7a\xe2"))
    + _chunk(b"IEND", b"")
)
