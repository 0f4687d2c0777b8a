"""Which file system a path is on: SQLite's locks and shared memory do not work over a network.

Linux says so in /proc/self/mountinfo, Windows by the form of the path. Elsewhere nothing is known, and
nothing is refused.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["network_file_system"]

_MOUNTS = Path("/proc/self/mountinfo")
_OVER_A_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|beegfs|ncpfs|coda|davfs|ocfs2|gfs2"
    r"|fuse\.(sshfs|ceph|glusterfs|s3fs|rclone|davfs|smbnetfs|.*nfs.*)"
)


def network_file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of the network file system that the path is on, or None."""
    if os.name == "nt":
        return "a network share" if str(path).startswith("\\\\") else None
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    kind = _kind(path.resolve(), lines)
    return kind if _OVER_A_NETWORK.fullmatch(kind) else None


def _kind(path: Path, lines: list[str]) -> str:
    """The kind of the innermost mount, the last one of those on the same place (proc(5))."""
    best, found = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        place = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), before.split()[4]))
        if path.is_relative_to(place) and len(place.parts) >= best:
            best, found = len(place.parts), after.split()[0]
    return found
