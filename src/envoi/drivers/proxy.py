"""SOCKS5 and HTTP CONNECT proxies, by the library python-socks (extra ``proxy``).

The library speaks the two protocols; the connection to the proxy is ours, like any other, so that
the races, the source address and the time limit apply to it. What the library gets to hold
instead of a socket is in `proxy_wire` (docs/decisions/0024). The proxy's password is in no text and no repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from envoi.drivers.host import a_label, refuse_controls
from envoi.drivers.proxy_wire import AsyncWire, Opened, OpenedAsync, Wire
from envoi.errors import ConfigError, ConnectionFailed, DeadlineExceeded, Phase

if TYPE_CHECKING:
    import asyncio
    import socket

    from python_socks import ProxyType

__all__ = ["Proxy", "go_through", "go_through_async", "parse_proxy"]

_NEVER = 3600.0
"""The library takes None for its own default of a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy's URL, taken apart. As text it is without the password."""

    scheme: str
    host: str
    port: int
    username: str = field(repr=False)
    password: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def parse_proxy(url: str) -> Proxy:
    """Take a proxy's URL apart; a name is always resolved by the proxy.

    Raises:
        ConfigError: it is not one; the text does not repeat the URL, which may hold a password.
    """
    refuse_controls(url, "the proxy's URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("socks5", "socks5h", "http") or not host or not port:
        raise ConfigError("the proxy's URL must be like socks5://host:1080 or http://host:3128, with a port")
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    refuse_controls(username + password, "the proxy's user name or password")
    return Proxy(scheme=parts.scheme, host=a_label(host), port=port, username=username, password=password)


def go_through(proxy: Proxy, connected: socket.socket, host: str, port: int, deadline: float | None) -> None:
    """Have the proxy connect on, blocking.

    Raises:
        ConnectionFailed: the proxy refused, or does not speak its protocol.
        DeadlineExceeded: it did not answer in time.
        ConfigError: the library is not installed.
    """
    try:
        from python_socks.sync import Proxy as Tunnel
    except ImportError as error:
        raise _missing() from error
    wire = Wire(connected, deadline)
    try:
        Tunnel(*_terms(proxy), forward=cast("Tunnel", Opened(wire))).connect(host, port)
    except Exception as error:
        raise _failure(proxy, host, port, error) from error
    connected.setblocking(False)


async def go_through_async(
    proxy: Proxy, connected: socket.socket, host: str, port: int, deadline: float | None
) -> None:
    """Have the proxy connect on, in the running event loop; raises as `go_through`."""
    try:
        from python_socks.async_.asyncio import Proxy as Tunnel
    except ImportError as error:
        raise _missing() from error
    import asyncio

    wire = AsyncWire(connected, asyncio.get_running_loop())
    timeout = _NEVER if deadline is None else max(0.0, deadline - monotonic())
    forward, loop = cast("Tunnel", OpenedAsync(wire)), cast("asyncio.AbstractEventLoop", wire)
    try:
        await Tunnel(*_terms(proxy), forward=forward, loop=loop).connect(host, port, timeout=timeout)
    except Exception as error:
        raise _failure(proxy, host, port, error) from error


def _terms(proxy: Proxy) -> tuple[ProxyType, str, int, str, str, bool]:
    from python_socks import ProxyType

    kind = ProxyType.HTTP if proxy.scheme == "http" else ProxyType.SOCKS5
    resolved_there = True
    return kind, proxy.host, proxy.port, proxy.username, proxy.password, resolved_there


def _missing() -> ConfigError:
    return ConfigError("proxies need the library python-socks: pip install 'envoi[proxy]'")


def _failure(proxy: Proxy, host: str, port: int, error: Exception) -> ConnectionFailed | DeadlineExceeded:
    if isinstance(error, TimeoutError):
        return DeadlineExceeded(
            f"{proxy} did not answer in time", phase=Phase.CONNECT, remedy="Is it a proxy?"
        )
    said = ascii(str(error))[1:-1] or type(error).__name__
    return ConnectionFailed(
        f"{proxy} did not connect to {host}:{port}: {said}",
        phase=Phase.CONNECT,
        remedy="Does the proxy allow this port, and are its user name and password right?",
    )
