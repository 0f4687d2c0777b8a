"""The DNS by dnspython (extra ``dns``): the port `envoi.discovery.ports.DNS` in both colours.

`getaddrinfo` knows addresses alone; MX, SRV and TXT records need a resolver. A name that is not there has no
records; that no name server answered is an error. What the records mean is decided in `envoi.discovery`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envoi.discovery.ports import Service
from envoi.errors import ConfigError, ConnectionFailed, DeadlineExceeded, Phase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["NameServers", "Resolver", "asyncio_resolver", "blocking_resolver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServers:
    """Whom to ask.

    Attributes:
        addresses: IP addresses; by default those of the system.
        port: where they listen.
        timeout: seconds for a question, all attempts together.
    """

    addresses: tuple[str, ...] = ()
    port: int = 53
    timeout: float = 5.0


def blocking_resolver(servers: NameServers | None = None) -> Resolver:
    """Return a resolver whose methods block."""
    whom = servers or NameServers()

    async def ask(name: str, kind: str) -> Any:
        from dns import resolver

        return _prepared(resolver.Resolver, whom).resolve(name, kind, search=False)

    return Resolver(ask)


def asyncio_resolver(servers: NameServers | None = None) -> Resolver:
    """Return a resolver for asyncio."""
    whom = servers or NameServers()

    async def ask(name: str, kind: str) -> Any:
        from dns import asyncresolver

        return await _prepared(asyncresolver.Resolver, whom).resolve(name, kind, search=False)

    return Resolver(ask)


def _prepared(kind: Callable[..., Any], whom: NameServers) -> Any:
    resolver = kind(configure=not whom.addresses)
    if whom.addresses:
        resolver.nameservers = list(whom.addresses)
    resolver.port = whom.port
    resolver.lifetime = whom.timeout
    return resolver


class Resolver:
    """Asks for records; see `envoi.discovery.ports.DNS`."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[str, str], Awaitable[Any]]) -> None:
        self._ask = ask

    async def mail_exchangers(self, domain: str) -> tuple[str, ...]:
        """Return the hosts that receive mail for a domain, the preferred one first, without final dots."""
        records = await self._records(domain, "MX")
        return tuple(_host(each.exchange) for each in sorted(records, key=lambda each: each.preference))

    async def services(self, name: str) -> tuple[Service, ...]:
        """Return the SRV records of a name."""
        return tuple(
            Service(priority=each.priority, weight=each.weight, port=each.port, target=_host(each.target))
            for each in await self._records(name, "SRV")
        )

    async def texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name, each in one piece."""
        return tuple(
            b"".join(each.strings).decode("utf-8", "replace") for each in await self._records(name, "TXT")
        )

    async def _records(self, name: str, kind: str) -> list[Any]:
        try:
            from dns import exception, resolver
        except ImportError:
            raise ConfigError("the DNS is asked by the library dnspython: pip install 'envoi[dns]'") from None
        try:
            return list(await self._ask(f"{name}.", kind))
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            return []
        except exception.Timeout as error:
            raise DeadlineExceeded("no name server answered in time", phase=Phase.CONNECT) from error
        except (exception.DNSException, OSError) as error:
            raise ConnectionFailed(
                f"the name servers gave no answer: {type(error).__name__}", phase=Phase.CONNECT
            ) from error


def _host(name: Any) -> str:
    return str(name).rstrip(".").lower()
