"""The command line as a test uses it: run in this process, with streams of its own.

`envoi(*arguments)` runs `main` and returns code and output. A stream is a file or pipe, unless the test says
that somebody looks. `server` is a real one on loopback; `options_for` says how to reach it.
"""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from envoi.cli import main
from envoi.testing import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PASSWORD = "open-sesame-1001"


class Stream(io.TextIOWrapper):
    """A stream in memory that may look like a terminal."""

    def __init__(self, data: bytes = b"", *, terminal: bool = False, encoding: str = "utf-8") -> None:
        self.octets = io.BytesIO(data)
        super().__init__(self.octets, encoding=encoding, newline="")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def written(self) -> str:
        self.flush()
        return self.octets.getvalue().decode(self.encoding)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str
    octets: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as one JSON object."""
        read: dict[str, Any] = json.loads(self.out)
        return read


@pytest.fixture
def envoi(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the command line."""
    for name in [*os.environ]:
        if name.startswith(("ENVOI_", "SSL_CERT_")) or name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")

    def run(
        *arguments: str,
        stdin: bytes | None = None,
        environ: Mapping[str, str] | None = None,
        terminal: bool = False,
        encoding: str = "utf-8",
    ) -> Outcome:
        out, err = (Stream(terminal=terminal, encoding=encoding) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", Stream(stdin or b"", terminal=stdin is None))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            for name, value in (environ or {}).items():
                patch.setenv(name, value)
            code = main(arguments)
        text = out.written() if encoding == "utf-8" else out.octets.getvalue().decode("latin-1")
        return Outcome(code, text, err.written(), out.octets.getvalue())

    return run


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    """A server with STARTTLS and one account."""
    with SMTPServer(accounts={"me": PASSWORD}) as running:
        yield running


def options_for(server: SMTPServer, *, user: str = "me") -> list[str]:
    """The options that reach a server."""
    scheme, _, rest = server.url.partition("://")
    trust = [] if server.ca_file is None else ["--ca-file", str(server.ca_file)]
    return ["--server", f"{scheme}://{user}@{rest}" if user else server.url, *trust]


LOGIN = {"ENVOI_PASSWORD": PASSWORD}
ADDRESSED = ("--from", "Zoë <zoe@example.com>", "--to", "ann@example.org", "--subject", "Été")
