"""`discover` and its asyncio twin: the search of `envoi.discovery` over the network.

Composition alone: the drivers for HTTPS and the DNS, and the flow. `find` returns the whole search, for
those who show it; `discover` the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.session.run import run_sync

if TYPE_CHECKING:
    from os import PathLike

    from envoi.discovery.answer import Discovered, Discovery

__all__ = ["discover", "discover_async", "find"]

_TIMEOUT = 5.0


def discover(
    address: str,
    *,
    ispdb: bool = False,
    timeout: float = _TIMEOUT,
    ca_file: str | PathLike[str] | None = None,
) -> Discovered:
    """Find out how to send from an address: the table that envoi ships, then the domain itself.

    Well-known providers need no network. For others, documents are fetched over HTTPS (extra ``oauth``)
    and the DNS is asked (extra ``dns``); no password is needed or sent.

    Args:
        address: whose settings are wanted.
        ispdb: ask Thunderbird's database as well, which so learns the domain.
        timeout: seconds for each question.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Returns:
        The first answer that holds; `Discovered.doubt` says why a person should look at it before use, and
        `Discovered.considered` what else was looked at.

    Raises:
        InvalidAddress: that is no address.
        ConfigError: nobody knows; the text says who was asked.
    """
    return find(address, ispdb=ispdb, timeout=timeout, ca_file=ca_file).answer()


async def discover_async(
    address: str,
    *,
    ispdb: bool = False,
    timeout: float = _TIMEOUT,
    ca_file: str | PathLike[str] | None = None,
) -> Discovered:
    """Do what `discover` does, for asyncio: the same arguments, answer and errors."""
    # Imported here: XML, HTTPS and the DNS are for those who search, asyncio for those who use it.
    from envoi.discovery.discover import search
    from envoi.drivers.dns import NameServers, asyncio_resolver
    from envoi.drivers.https import HTTPOptions
    from envoi.drivers.https_aio import AsyncioHTTP

    https = AsyncioHTTP(HTTPOptions(timeout=timeout, ca_file=ca_file))
    dns = asyncio_resolver(NameServers(timeout=timeout))
    return (await search(address, https, dns, ispdb=ispdb)).answer()


def find(
    address: str,
    *,
    ispdb: bool = False,
    timeout: float = _TIMEOUT,
    ca_file: str | PathLike[str] | None = None,
) -> Discovery:
    """Do what `discover` does, and return the whole search, found or not."""
    from envoi.discovery.discover import search
    from envoi.drivers.dns import NameServers, blocking_resolver
    from envoi.drivers.https import BlockingHTTP, HTTPOptions

    https = BlockingHTTP(HTTPOptions(timeout=timeout, ca_file=ca_file))
    dns = blocking_resolver(NameServers(timeout=timeout))
    return run_sync(search(address, https, dns, ispdb=ispdb))
