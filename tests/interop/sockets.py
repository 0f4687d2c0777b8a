"""Which process holds the other end of a connection, as Linux tells it in /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["owner_of", "sockets_to"]

_ESTABLISHED = "01"


def sockets_to(port: int) -> dict[int, int]:
    """The connections accepted on a port of ours: the client's port → the inode of the server's socket."""
    found = {}
    for line in Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        local, remote, state, inode = fields[1], fields[2], fields[3], fields[9]
        if state == _ESTABLISHED and int(local.partition(":")[2], 16) == port:
            found[int(remote.partition(":")[2], 16)] = int(inode)
    return found


def owner_of(inode: int) -> int:
    """The process that holds a socket.

    Raises:
        LookupError: none does.
    """
    wanted = Path(f"socket:[{inode}]")
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):  # It ended meanwhile.
            if any(descriptor.readlink() == wanted for descriptor in folder.iterdir()):
                return int(folder.parent.name)
    raise LookupError(f"no process holds {wanted}")
