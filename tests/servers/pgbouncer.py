"""PgBouncer: connections of many clients over few of PostgreSQL's, changed after each transaction.

Starts by `running_pgbouncer`; its settings are here, for they are few.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers.daemon import Daemon
from tests.servers.ports import LOOPBACK
from tests.servers.postgresql import OWNER, as_owner, startup_packet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.ports import PortPool
    from tests.servers.postgresql import PostgreSQL

__all__ = ["running_pgbouncer"]

_CONFIGURATION = """
[databases]
* = user={owner} host={host} port={server}

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 4
server_reset_query_always = 0
"""


@contextmanager
def running_pgbouncer(folder: Path, program: Path, server: PostgreSQL, ports: PortPool) -> Iterator[int]:
    """Run PgBouncer in front of a cluster, and give its port."""
    port = ports.take()
    (folder / "users").write_text(f'"{OWNER}" ""\n', encoding="utf-8")
    configuration = folder / "pgbouncer.ini"
    text = _CONFIGURATION.format(host=LOOPBACK, server=server.port, port=port, folder=folder, owner=OWNER)
    configuration.write_text(text, encoding="utf-8")
    daemon = Daemon(as_owner([str(program), "-q", str(configuration)], folder), log=folder / "log")
    try:
        daemon.start(port=port, greeting=b"R", hello=startup_packet(OWNER, "postgres"))
        yield port
    finally:
        daemon.stop()
