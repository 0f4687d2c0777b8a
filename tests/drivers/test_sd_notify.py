"""Telling systemd how a service is."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sd_notify import notify

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there is no systemd here")


@pytest.mark.parametrize(
    "abstract",
    [
        False,
        pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has these")),
    ],
)
def test_a_state_arrives(tmp_path: Path, *, abstract: bool) -> None:
    name = f"@envoi-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name[1:]}" if abstract else name)
        notify("READY=1", {"NOTIFY_SOCKET": name})
        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("name", ["", "vsock:2:1", "/nowhere/at/all"])
def test_nobody_to_tell_is_no_trouble(name: str) -> None:
    notify("READY=1", {"NOTIFY_SOCKET": name})
    notify("READY=1", {})
