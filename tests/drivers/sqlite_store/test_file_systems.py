"""Which file systems are ones over a network, by the kernel's own table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sqlite_store.file_systems import network_file_system

if TYPE_CHECKING:
    from pathlib import Path

LINES = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / {home} rw,relatime shared:20 master:3 - nfs4 server:/export rw,vers=4.2
41 40 0:36 / {home}/with\\040space rw - tmpfs tmpfs rw
42 40 0:37 / {home}/drive rw - fuse.sshfs user@host: rw
43 40 0:38 / {home}/twice rw - cifs //server/share rw
44 43 0:39 / {home}/twice rw - ext4 /dev/vdb rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("", "nfs4"),
        ("deep/down", "nfs4"),
        ("with space", None),
        ("with space/below", None),
        ("with spaces", "nfs4"),
        ("drive", "fuse.sshfs"),
        ("twice", None),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, place: str, kind: str | None) -> None:
    home = tmp_path / "home"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(LINES.format(home=home))
    assert network_file_system(home / place, mounts) == kind
    assert network_file_system(tmp_path, mounts) is None


def test_nothing_is_known_without_the_table(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "missing") is None
