"""Telling systemd how a service is (sd_notify(3)): a datagram to the socket that ``NOTIFY_SOCKET`` names.

Elsewhere, and outside of systemd, nothing happens. What systemd does not hear changes nothing about mail.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["notify"]


def notify(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Say ``READY=1``, ``STOPPING=1`` or ``STATUS=…``."""
    name = environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    # "@" is the abstract namespace.
    address = f"\0{name[1:]}" if name.startswith("@") else name
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(state.encode(), address)
