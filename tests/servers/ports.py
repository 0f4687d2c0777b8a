"""Ports for the servers: free ones, and ours alone until this process ends.

Asking the kernel for port 0 and letting it go again is a race: between that moment and the server's
own bind, an outgoing connection or another test session may be given the same number. So ports come
from below the range the kernel hands out by itself, and each is reserved, across processes, by holding
an abstract unix socket of the same number: no file to clean up, and gone with the process.
"""

from __future__ import annotations

import random
import socket

__all__ = ["LOOPBACK", "PortPool"]

LOOPBACK = "127.0.0.1"

# Linux gives outgoing connections 32768 and above (net.ipv4.ip_local_port_range).
_RANGE = range(20_000, 32_000)
_ATTEMPTS = 500


class PortPool:
    """Hands out ports on 127.0.0.1 that no other process of ours will use."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []
        # Not the module's generator: pytest-randomly seeds that one alike in every session.
        self._choice = random.SystemRandom()

    def take(self) -> int:
        """Return a free port, reserved until `close`.

        Raises:
            OSError: no free port was found.
        """
        for _ in range(_ATTEMPTS):
            port = self._choice.choice(_RANGE)
            if self._reserve(port):
                return port
        raise OSError(f"no free port on {LOOPBACK} between {_RANGE.start} and {_RANGE.stop}")

    def close(self) -> None:
        """Give every port back."""
        while self._held:
            self._held.pop().close()

    def _reserve(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0envoi-tests-port-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((LOOPBACK, port))
        except OSError:
            claim.close()
            return False
        self._held.append(claim)
        return True
