"""What both colours ask of the machine itself: the time, chance, and its name.

The runtimes in `blocking` and `aio` hand these on; nothing else in envoi reads the wall clock or
draws random numbers for a session.
"""

from __future__ import annotations

import os
import random
import socket
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

__all__ = ["chance", "hostname", "nonce", "now"]


def now() -> datetime:
    """The aware UTC instant."""
    return datetime.now(UTC)


def nonce() -> bytes:
    """Fresh printable random octets without a comma (RFC 5802 §5.1): 192 bits."""
    return urlsafe_b64encode(os.urandom(24))


def chance() -> float:
    """A random number from 0 to 1, for what nobody gains by foreseeing."""
    return random.random()  # noqa: S311


def hostname() -> str:
    """This machine's name, as the operating system gives it, without asking the DNS."""
    return socket.gethostname()
