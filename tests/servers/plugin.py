"""The fixtures `ca`, `dovecot`, `postfix`, `exim` and so on, for every folder of tests.

Each server starts when the first test asks for it, once per session, and ends with the session; all they
write is under one temporary folder that goes with them. Two sessions at once do not meet: ports and
folder are each one's own. How a server is run is in the module of its name.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.servers.certificates import CertificateAuthority, create_authority
from tests.servers.dovecot import Dovecot, running_dovecot
from tests.servers.exim import Exim, running_exim
from tests.servers.listeners import ALICE
from tests.servers.oidc_provider import MODULES, OIDCProvider, running_oidc_provider
from tests.servers.pgbouncer import running_pgbouncer
from tests.servers.ports import PortPool
from tests.servers.postfix import Postfix, running_postfix
from tests.servers.postgresql import PostgreSQL, running_postgresql
from tests.servers.tokens import TokenMint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ca",
    "dovecot",
    "dovecot_submission",
    "exim",
    "introspecting_dovecot",
    "oidc_provider",
    "pgbouncer",
    "postfix",
    "postgresql",
    "postgresql_database",
    "server_folder",
    "server_ports",
]

Server = TypeVar("Server")
_START_SECONDS = pytest.StashKey[dict[str, float]]()


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Give the folder that servers live in: open to their accounts, as pytest's own is not, and short."""
    folder = Path(tempfile.mkdtemp(prefix="envoi-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server_ports() -> Iterator[PortPool]:
    """Give the source of the ports that servers listen on."""
    ports = PortPool()
    yield ports
    ports.close()


@pytest.fixture(scope="session")
def ca(server_folder: Path) -> CertificateAuthority:
    """Give an authority, and certificates of its making that are good or have one fault."""
    return create_authority(_room(server_folder, "ca"), client_name=ALICE.name)


@pytest.fixture(scope="session")
def dovecot(
    server_folder: Path,
    ca: CertificateAuthority,
    token_mint: TokenMint,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    pytestconfig: pytest.Config,
) -> Iterator[Dovecot]:
    """Give a running Dovecot."""
    _require_root(require_program("dovecot"))
    server = running_dovecot(_room(server_folder, "dovecot"), ca, token_mint, server_ports)
    with _timed(pytestconfig, "dovecot", server) as running:
        yield running


@pytest.fixture(scope="session")
def postfix(
    server_folder: Path,
    ca: CertificateAuthority,
    dovecot: Dovecot,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    pytestconfig: pytest.Config,
) -> Iterator[Postfix]:
    """Give a running Postfix with Dovecot behind it."""
    _require_root(require_program("postfix"))
    server = running_postfix(_room(server_folder, "postfix"), ca, dovecot, server_ports)
    with _timed(pytestconfig, "postfix", server) as running:
        yield running


@pytest.fixture(scope="session")
def dovecot_submission(dovecot: Dovecot, postfix: Postfix) -> Dovecot:
    """Give Dovecot with its submission ports in working order: Postfix is there to hand mail over to."""
    assert postfix.mx.port == dovecot.relay_port
    return dovecot


@pytest.fixture(scope="session")
def exim(
    server_folder: Path,
    ca: CertificateAuthority,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    pytestconfig: pytest.Config,
) -> Iterator[Exim]:
    """Give a running Exim."""
    program = require_program("exim4")
    _require_root(program)
    server = running_exim(_room(server_folder, "exim"), program, ca, server_ports)
    with _timed(pytestconfig, "exim", server) as running:
        yield running


@pytest.fixture(scope="session")
def token_mint() -> TokenMint:
    """Give the key that every server believes tokens by."""
    return TokenMint()


@pytest.fixture(scope="session")
def oidc_provider(
    server_folder: Path,
    token_mint: TokenMint,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    pytestconfig: pytest.Config,
) -> Iterator[OIDCProvider]:
    """Give a running OpenID provider, whose tokens open the mailboxes."""
    node = require_program("node")
    if not MODULES.exists():
        _miss("oidc-provider (scripts/node-packages installs it)")
    server = running_oidc_provider(_room(server_folder, "oidc"), node, token_mint, server_ports)
    with _timed(pytestconfig, "oidc-provider", server) as running:
        yield running


@pytest.fixture(scope="session")
def introspecting_dovecot(
    server_folder: Path,
    ca: CertificateAuthority,
    postfix: Postfix,
    oidc_provider: OIDCProvider,
    server_ports: PortPool,
    pytestconfig: pytest.Config,
) -> Iterator[Dovecot]:
    """Give a second Dovecot, which asks the provider about tokens; mail submitted to it reaches the first."""
    server = running_dovecot(
        _room(server_folder, "dovecot-asks"),
        ca,
        postfix.dovecot.tokens,
        server_ports,
        introspection_url=oidc_provider.introspection_url,
        relay_port=postfix.mx.port,
    )
    with _timed(pytestconfig, "introspecting dovecot", server) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql(
    server_folder: Path,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    pytestconfig: pytest.Config,
) -> Iterator[PostgreSQL]:
    """Give a running PostgreSQL."""
    programs = require_program("initdb").resolve().parent
    server = running_postgresql(_room(server_folder, "postgresql"), programs, server_ports)
    with _timed(pytestconfig, "postgresql", server) as running:
        yield running


@pytest.fixture
def postgresql_database(postgresql: PostgreSQL) -> Iterator[str]:
    """Give the address of an empty database."""
    with postgresql.database() as url:
        yield url


@pytest.fixture(scope="session")
def pgbouncer(
    server_folder: Path,
    postgresql: PostgreSQL,
    server_ports: PortPool,
    require_program: Callable[[str], Path],
    pytestconfig: pytest.Config,
) -> Iterator[int]:
    """Give the port of a running PgBouncer in front of PostgreSQL."""
    program = require_program("pgbouncer")
    server = running_pgbouncer(_room(server_folder, "pgbouncer"), program, postgresql, server_ports)
    with _timed(pytestconfig, "pgbouncer", server) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how long each server took to start."""
    seconds = config.stash.get(_START_SECONDS, {})
    if seconds:
        times = ", ".join(f"{name} {duration:.2f} s" for name, duration in seconds.items())
        terminalreporter.line(f"mail servers started: {times}")


@contextmanager
def _timed(config: pytest.Config, name: str, server: AbstractContextManager[Server]) -> Iterator[Server]:
    begun_at = time.monotonic()
    with server as running:
        config.stash.setdefault(_START_SECONDS, {})[name] = time.monotonic() - begun_at
        yield running


def _room(folder: Path, name: str) -> Path:
    room = folder / name
    room.mkdir()
    return room


def _require_root(program: Path) -> None:
    if os.geteuid() == 0:
        return
    _miss(f"{program.name} (is here, but only root can start it: run the tests as root)")


def _miss(what: str) -> None:
    text = f"MISSING PROGRAM: {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
