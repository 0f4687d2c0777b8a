"""From an endpoint to a stream: the one procedure by which both colours connect.

Checks the endpoint, finds the addresses, lets them race, goes through the proxy if there is one,
all within one time limit. It awaits only a `Network`, which each colour brings (`blocking`,
`aio`), so it has no colour itself. The order of attempts is in `happy_eyeballs`.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from envoi.drivers import lookup
from envoi.drivers.happy_eyeballs import Race
from envoi.drivers.host import a_label, ip_address, refuse_controls
from envoi.drivers.proxy import parse_proxy
from envoi.drivers.sockets import connect_unix, local_address, matching
from envoi.drivers.stream import NetworkStream
from envoi.errors import ConfigError

if TYPE_CHECKING:
    import socket

    from envoi.drivers.channel import Channel
    from envoi.drivers.happy_eyeballs import Address
    from envoi.drivers.proxy import Proxy
    from envoi.ports import Endpoint

__all__ = ["Network", "dial"]


class Network(Protocol):
    """What connecting needs of a colour. Deadlines are instants of `time.monotonic`."""

    async def look_up(self, host: str, port: int, deadline: float | None) -> list[Address] | None:
        """Return the addresses of a name, or None when the time is over; raises OSError."""
        ...

    async def connect_first(
        self, race: Race, source_address: str | None, deadline: float | None
    ) -> socket.socket | None:
        """Return the first socket to connect; None when the time is over or all failed."""
        ...

    async def go_through(
        self, by: Proxy, connected: socket.socket, host: str, port: int, deadline: float | None
    ) -> None:
        """Have the proxy at the other end connect on; raises as `envoi.drivers.proxy` says."""
        ...

    async def open_channel(self, connected: socket.socket, peer: str, local_address: str | None) -> Channel:
        """Wrap a connected socket; owns it from then on, also when it fails."""
        ...


async def dial(network: Network, endpoint: Endpoint, timeout: float | None) -> NetworkStream:
    """Connect, as `envoi.ports.Connector.connect` promises."""
    deadline = None if timeout is None else monotonic() + timeout
    refuse_controls(endpoint.host, "the host name")
    if endpoint.host.startswith("/"):
        connected, peer = connect_unix(endpoint.host), endpoint.host
    elif endpoint.proxy is None:
        host = a_label(endpoint.host)
        connected = await _reach(
            network, host, _port(endpoint.port), endpoint.source_address, timeout, deadline
        )
        peer = _peer(connected, host, endpoint.port)
    else:
        proxy = parse_proxy(endpoint.proxy)
        host, port = a_label(endpoint.host), _port(endpoint.port)
        connected = await _reach(network, proxy.host, proxy.port, endpoint.source_address, timeout, deadline)
        await _tunnel(network, proxy, connected, host, port, deadline)
        peer = f"{_text(host, port)} (through {proxy})"
    return NetworkStream(await network.open_channel(connected, peer, local_address(connected)))


def _port(port: int) -> int:
    if not 0 < port < 65536:
        raise ConfigError(f"{port} is not a port: 1 to 65535 are")
    return port


def _peer(connected: socket.socket, host: str, port: int) -> str:
    try:
        return _text(*connected.getpeername()[:2])
    except OSError:  # It went away again already; the first read tells.
        return _text(host, port)


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _reach(
    network: Network, host: str, port: int, source: str | None, timeout: float | None, deadline: float | None
) -> socket.socket:
    target = _text(host, port)
    try:
        found = (
            lookup.literal(host, port) if ip_address(host) else await network.look_up(host, port, deadline)
        )
    except OSError as error:
        raise lookup.unknown(host, error) from error
    if found is None:
        raise lookup.too_slow(host, timeout)
    race = Race(target, matching(found, source, target))
    connected = await network.connect_first(race, source, deadline)
    if connected is None:
        raise race.failure() if race.lost else race.overdue(timeout)
    return connected


async def _tunnel(
    network: Network, proxy: Proxy, connected: socket.socket, host: str, port: int, deadline: float | None
) -> None:
    try:
        await network.go_through(proxy, connected, host, port, deadline)
    except BaseException:
        connected.close()
        raise
