"""Making and naming sockets: what both colours do alike, without waiting.

Every socket made here is non-blocking and sends at once (TCP_NODELAY): a command is a whole, and
holding it back for more would cost a round trip. Waiting for it to connect is the connectors'.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.drivers.failures import reason, remedy
from envoi.drivers.host import ip_address
from envoi.errors import ConfigError, ConnectionFailed, Phase, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envoi.drivers.happy_eyeballs import Address

__all__ = ["IP_FAMILIES", "acknowledging", "connect_unix", "local_address", "matching", "open_socket"]

IP_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def open_socket(address: Address, source_address: str | None) -> socket.socket:
    """Return a socket ready to connect to the address, bound to the source address if there is one.

    Raises:
        OSError: there is no socket to be had, or the source address is not ours.
    """
    opened = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source_address is not None:
            opened.bind((source_address, 0))
    except BaseException:
        opened.close()
        raise
    return opened


def acknowledging(connected: socket.socket) -> Callable[[], None]:
    """Return what makes the system acknowledge at once what has arrived; call it before another wait.

    A server that answers a flight in two pieces holds the second back until the first is acknowledged
    (Nagle's algorithm), and Linux would take 40 ms for that when we have nothing to say meanwhile. Elsewhere,
    and for Unix sockets, it does nothing.
    """
    option: int | None = getattr(socket, "TCP_QUICKACK", None)
    if option is None or connected.family not in IP_FAMILIES:
        return _nothing
    wished = option

    def acknowledge() -> None:
        with suppress(OSError):  # the connection is gone: reading will say so
            connected.setsockopt(socket.IPPROTO_TCP, wished, 1)

    return acknowledge


def _nothing() -> None:
    """There is nothing to be done."""


def matching(addresses: Iterable[Address], source_address: str | None, target: str) -> list[Address]:
    """Keep the addresses that the source address can reach: those of its own family.

    Raises:
        ConfigError: the source address is not an IP address.
        ConnectionFailed: no address is left.
    """
    found = list(addresses)
    if source_address is None:
        return found
    source = ip_address(source_address)
    if source is None:
        raise ConfigError(f"the source address {source_address!r} is not an IP address")
    family, name = (socket.AF_INET6, "IPv6") if ":" in source else (socket.AF_INET, "IPv4")
    kept = [address for address in found if address.family == family]
    if not kept:
        raise ConnectionFailed(
            f"could not connect to {target}: it has no {name} address to go with the source address {source}",
            phase=Phase.CONNECT,
            retry=Retry.NEVER,
            remedy="Choose a source address of the other family, or none.",
        )
    return kept


def connect_unix(path: str) -> socket.socket:
    """Connect to a Unix socket, which takes no time.

    Raises:
        ConnectionFailed: nobody listens there, or this machine has no Unix sockets.
    """
    opened: socket.socket | None = None
    try:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.setblocking(False)
        opened.connect(path)
    except (OSError, AttributeError) as error:
        if opened is not None:
            opened.close()
        what = reason(error) if isinstance(error, OSError) else "this system has no Unix sockets"
        advice = remedy(error) if isinstance(error, OSError) else "Use a host and a port."
        message = f"could not connect to {path}: {what}"
        raise ConnectionFailed(message, phase=Phase.CONNECT, remedy=advice) from error
    return opened


def local_address(connected: socket.socket) -> str | None:
    """Our own IP address on a connection, without scope; None for a Unix socket."""
    if connected.family not in IP_FAMILIES:
        return None
    return str(connected.getsockname()[0]).split("%")[0]
