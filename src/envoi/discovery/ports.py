"""What a search asks of the world: documents over HTTPS, and records of the DNS.

Protocols beside those of `envoi.ports`; the drivers are `envoi.drivers.https` and `envoi.drivers.dns`. A
driver whose library is not installed says so when it is first asked, because most searches never come so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DNS", "HTTPS", "Document", "Service"]


class Document(Protocol):
    """What a web server answered."""

    @property
    def status(self) -> int:
        """The three digits."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in small letters."""
        ...

    @property
    def body(self) -> bytes:
        """At most a mebibyte of it."""
        ...


class HTTPS(Protocol):
    """A client that verifies certificates, follows no redirects and keeps no cookies."""

    async def get(self, url: str) -> Document:
        """Fetch a document.

        Raises:
            DeliveryError: nobody answered, not in time, or without a good certificate.
            ConfigError: the library for it is not installed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An SRV record (RFC 2782).

    Attributes:
        priority: the smallest is to be tried first.
        weight: among equals, the largest is to be tried most.
        port: where the service is.
        target: the host without its final dot; empty when the service is not offered.
    """

    priority: int
    weight: int
    port: int
    target: str


class DNS(Protocol):
    """A resolver. A name that is not there has no records; that is no error.

    Each method raises `DeliveryError` when no name server answered, and `ConfigError` when the library for it
    is not installed.
    """

    async def mail_exchangers(self, domain: str) -> tuple[str, ...]:
        """Return the hosts that receive mail for a domain, the preferred one first, without final dots."""
        ...

    async def services(self, name: str) -> tuple[Service, ...]:
        """Return the SRV records of a name."""
        ...

    async def texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name, each in one piece."""
        ...
