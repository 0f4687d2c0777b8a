"""An outbox in a file, accounts on a server, and the command line over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.drivers.account_file import AccountFile
from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.testing import SMTPServer
    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]

MAIL = ("--to", "zoe@example.org", "--subject", "Été", "--text", "Hello")


@pytest.fixture
def environ(tmp_path: Path, server: SMTPServer) -> dict[str, str]:
    file = AccountFile(tmp_path / "config.toml")
    file.replace(
        f'[accounts.work]\nserver = "127.0.0.1"\nport = {server.port}\nca_file = "{server.ca_file}"\n'
        'from = "Me <me@example.org>"\nusername = "me"\npassword = { env = "SMTP_PASSWORD" }\n'
        'limits = { messages_per_minute = 6000, connections = 2 }\noutbox = { on_unknown = "hold" }\n'
    )
    return {
        "ENVOI_CONFIG": str(file.path),
        "ENVOI_OUTBOX": f"sqlite:///{tmp_path}/outbox.db",
        "SMTP_PASSWORD": PASSWORD,
    }


@pytest.fixture
def outbox(envoi: Run, environ: dict[str, str]) -> Run:
    def run(*arguments: str, **options: object) -> Outcome:
        return envoi("outbox", *arguments, environ=environ, **options)

    return run
