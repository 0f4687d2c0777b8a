"""From a host name to addresses, with a limit in time.

`getaddrinfo` cannot be interrupted and may take half a minute when no name server answers. It
runs in a daemon thread of its own, which is left behind when the time is over: nothing waits for
it, not even the end of the program. Both colours use the same thread; docs/decisions/0023 says
why not the executor of the event loop. What is an address already is not looked up.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, TypeAlias

from envoi.drivers.failures import reason, seconds
from envoi.drivers.happy_eyeballs import Address
from envoi.drivers.host import ip_address
from envoi.errors import ConnectionFailed, DeadlineExceeded, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "in_thread", "literal", "look_up", "too_slow", "unknown", "unpack"]

Answer: TypeAlias = "list[Address] | OSError"
"""What a lookup ended in, to be carried from one thread to another."""


def look_up(host: str, port: int) -> list[Address]:
    """Ask the system for the addresses of a name, in its order (RFC 6724).

    Raises:
        OSError: the name could not be resolved.
    """
    return _addresses(host, port, 0)


def literal(host: str, port: int) -> list[Address]:
    """Return the one address that `host` is, or nothing when it is a name."""
    return _addresses(host, port, socket.AI_NUMERICHOST) if ip_address(host) else []


def _addresses(host: str, port: int, flags: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [Address(family=family, location=location) for family, _, _, _, location in found]


def in_thread(ask: Callable[[], list[Address]], deliver: Callable[[Answer], None]) -> None:
    """Ask in a daemon thread, and deliver the answer from there."""

    def run() -> None:
        try:
            answer: Answer = ask()
        except OSError as error:
            answer = error
        deliver(answer)

    threading.Thread(target=run, name="envoi-lookup", daemon=True).start()


def unpack(answer: Answer) -> list[Address]:
    """Return the addresses, or raise the error that came instead."""
    if isinstance(answer, OSError):
        raise answer
    return answer


def unknown(host: str, error: OSError) -> ConnectionFailed:
    """The name has no address, or nobody could say."""
    return ConnectionFailed(
        f"could not find the address of {host!r}: {reason(error)}",
        phase=Phase.CONNECT,
        remedy="Is the name spelt right, and does this machine reach a name server?",
    )


def too_slow(host: str, timeout: float | None) -> DeadlineExceeded:
    """No name server answered in time."""
    return DeadlineExceeded(
        f"the address of {host!r} was not found within {seconds(timeout)}",
        phase=Phase.CONNECT,
        remedy="Does this machine reach its name servers?",
    )
