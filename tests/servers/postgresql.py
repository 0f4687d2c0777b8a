"""PostgreSQL: a private cluster, with every commit on disk before it is acknowledged.

Starts by `running_postgresql`; what it offers is in `PostgreSQL`. It refuses to be run by root, and so is
made and run as Debian's `postgres` then, or as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import struct
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.servers.daemon import Daemon
from tests.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.ports import PortPool

__all__ = ["OWNER", "PostgreSQL", "as_owner", "running_postgresql", "startup_packet"]

#: The superuser of every cluster here; let in without a password.
OWNER = "envoi"
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_messages": "fatal",
    # The clusters of several test sessions share two cores: nothing that can wait starts a worker of its own.
    "max_parallel_workers_per_gather": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQL:
    """A running cluster."""

    port: int
    folder: Path
    daemon: Daemon

    def url(self, database: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://{OWNER}@{LOOPBACK}:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, give its address, and drop it whoever is still connected."""
        name = f"t{uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(name)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str, url: str = "") -> None:
        """Run one statement on a connection of its own."""
        import psycopg

        with psycopg.connect(url or self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start, and return once it lets people in."""
        self.daemon.start(port=self.port, greeting=b"R", hello=startup_packet(OWNER, "postgres"))

    def crash(self) -> None:
        """End it as a power cut would: nothing is written any more. `start` recovers."""
        self.daemon.stop(signal.SIGQUIT)


def startup_packet(user: str, database: str) -> bytes:
    """The first octets of a client, protocol 3.0; the answer begins with ``R`` when it is let in."""
    words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database)) + b"\0"
    return struct.pack("!II", len(words) + 8, 3 << 16) + words


def as_owner(command: list[str], folder: Path) -> list[str]:
    """Make a command one of an account that servers may run as, and give that account the folder."""
    if os.geteuid() != 0:
        return command
    known = {entry.pw_name for entry in pwd.getpwall()}
    account = "postgres" if "postgres" in known else "nobody"
    shutil.chown(folder, account)
    return [shutil.which("setpriv") or "setpriv", f"--reuid={account}", "--clear-groups", *command]


@contextmanager
def running_postgresql(
    folder: Path, programs: Path, ports: PortPool, settings: Mapping[str, str] | None = None
) -> Iterator[PostgreSQL]:
    """Run a cluster of its own.

    Args:
        folder: everything it writes is under it.
        programs: where `initdb` and `postgres` are.
        ports: where its own comes from.
        settings: what to set otherwise than here.
    """
    data, port = folder / "data", ports.take()
    initdb = [
        str(programs / "initdb"),
        "--no-sync",
        "-A",
        "trust",
        "-U",
        OWNER,
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    made = subprocess.run(
        as_owner([*initdb, "-D", str(data)], folder), capture_output=True, text=True, check=False, cwd=folder
    )
    assert made.returncode == 0, made.stderr
    options = [f"-c{name}={value}" for name, value in {**_SETTINGS, **(settings or {})}.items()]
    command = as_owner([str(programs / "postgres"), "-D", str(data), "-p", str(port), *options], folder)
    # SIGTERM would wait for the clients to leave.
    daemon = Daemon(command, log=folder / "log", stop_signal=signal.SIGINT)
    server = PostgreSQL(port=port, folder=folder, daemon=daemon)
    try:
        server.start()
        yield server
    finally:
        daemon.stop()
