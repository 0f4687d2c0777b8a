"""What the DNS says by itself: SRV records (RFC 6186, RFC 8314 §5.1), and the mail exchanger.

Answers of the DNS can be forged. A server inside the domain proves itself by its certificate; one outside of
it proves only that it is somebody's, so that answer is in doubt until a person has agreed (RFC 6186 §6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.discovery.answer import UNSAID, Considered, Discovered, Source, check_server, from_provider
from envoi.discovery.table import by_mail_exchanger
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envoi.discovery.ports import Service
    from envoi.message.address import Address

__all__ = ["read_exchangers", "read_services"]


def read_services(
    records: Iterable[Service], address: Address, name: str, security: str
) -> Iterator[Discovered | Considered]:
    """Yield what SRV records offer, the preferred one first, or why one was rejected."""
    for record in sorted(records, key=lambda each: (each.priority, -each.weight)):
        try:
            yield _discovered(record, address, name, security)
        except ConfigError as error:
            yield Considered(source=Source.SRV, place=name, outcome=str(error))


def _discovered(record: Service, address: Address, name: str, security: str) -> Discovered:
    host = record.target.lower()
    if not host:
        raise ConfigError("the domain says that it does not offer this")
    check_server(host, record.port, security)
    inside = host == address.domain.lower() or host.endswith(f".{address.domain.lower()}")
    return Discovered(
        address=address.spec,
        server=host,
        port=record.port,
        security=security,
        username=address.spec,
        source=Source.SRV,
        place=name,
        doubt="" if inside else f"the server is outside of {address.domain}, and the DNS can be forged",
        password_hint=UNSAID,
    )


def read_exchangers(hosts: Iterable[str], address: Address, place: str) -> Discovered:
    """Return the way to send of the provider that receives a domain's mail.

    Raises:
        ConfigError: it is none of the table.
    """
    known = [host for host in hosts if host]
    if not known:
        raise ConfigError("the domain names nobody who receives its mail")
    for host in known:
        provider = by_mail_exchanger(host)
        if provider is not None:
            doubt = f"{host} receives its mail, so it probably sends it, too; the domain does not say so"
            return from_provider(provider, address, Source.MX, place, doubt)
    raise ConfigError(f"{known[0]} belongs to no provider in the table")
