"""From an address to its settings: one source after the other, until one of them answers.

First those that nobody hears of, then the domain itself, at last and only when asked for somebody else
(docs/decisions/0071). What an answer looks like is in the modules of its source; here is the order, and the
book about what was looked at. No password is ever part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from envoi.discovery.answer import Considered, Discovered, Discovery, Source, from_provider
from envoi.discovery.autoconfig import read_autoconfig
from envoi.discovery.documents import fetch
from envoi.discovery.pacc import check_digest, read_pacc
from envoi.discovery.services import read_exchangers, read_services
from envoi.discovery.table import by_domain
from envoi.errors import ConfigError, DeliveryError, UsageError
from envoi.message.address import Address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from envoi.discovery.ports import DNS, HTTPS

__all__ = ["search"]

_ISPDB = "https://autoconfig.thunderbird.net/v1.1/"
_HEARSAY = "Thunderbird's database says so; the domain itself does not"


_Ask: TypeAlias = "Callable[[str], Awaitable[Iterable[Discovered | Considered]]]"
_Question: TypeAlias = "tuple[Source, str, _Ask]"


async def search(address: str, https: HTTPS, dns: DNS, *, ispdb: bool = False) -> Discovery:
    """Look for the settings of an address.

    Args:
        address: a bare address, or one with a name.
        https: the way to documents.
        dns: the way to records.
        ispdb: ask Thunderbird's database too, which so learns the domain.

    Raises:
        InvalidAddress: that is no address.
        UsageError: its domain is an IP address.
    """
    who = Address.parse(address)
    if who.domain.startswith("["):
        raise UsageError(f"{who.domain} is no domain that could be asked: give the server by hand")
    return await _Search(address=who, https=https, dns=dns).run(ispdb=ispdb)


@dataclass(slots=True, kw_only=True)
class _Search:
    """One search, and the book about it."""

    address: Address
    https: HTTPS
    dns: DNS
    considered: list[Considered] = field(default_factory=list[Considered])

    async def run(self, *, ispdb: bool) -> Discovery:
        for source, place, ask in self._questions(ispdb=ispdb):
            found = await self._asked(source, place, ask)
            if found is not None:
                return self._finished(found)
        return self._finished(None)

    def _questions(self, *, ispdb: bool) -> Iterator[_Question]:
        domain = self.address.domain.lower()
        yield Source.TABLE, "envoi's own table", self._table
        # Some providers make the document for each user; one that does not ignores the address.
        address = quote(self.address.spec, safe="@")
        for url in (
            f"https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}",
            f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
        ):
            yield Source.AUTOCONFIG, url, partial(self._autoconfig, Source.AUTOCONFIG)
        yield Source.MX, f"MX of {domain}", self._mx
        yield Source.SRV, f"_submissions._tcp.{domain}", partial(self._srv, "tls")
        yield Source.SRV, f"_submission._tcp.{domain}", partial(self._srv, "starttls")
        yield (
            Source.PACC,
            f"https://ua-auto-config.{domain}/.well-known/user-agent-configuration.json",
            self._pacc,
        )
        if ispdb:
            yield Source.ISPDB, f"{_ISPDB}{domain}", partial(self._autoconfig, Source.ISPDB)

    async def _asked(self, source: Source, place: str, ask: _Ask) -> Discovered | None:
        try:
            for answer in await ask(place):
                if isinstance(answer, Discovered):
                    return answer
                self.considered.append(answer)
        except (ConfigError, DeliveryError) as error:
            self.considered.append(Considered(source=source, place=place, outcome=str(error.args[0])))
        return None

    def _finished(self, found: Discovered | None) -> Discovery:
        if found is not None:
            outcome = f"{found.server}, port {found.port}"
            taken = Considered(source=found.source, place=found.place, outcome=outcome, taken=True)
            self.considered.append(taken)
            found = replace(found, considered=tuple(self.considered))
        return Discovery(address=self.address.spec, found=found, considered=tuple(self.considered))

    async def _table(self, place: str) -> Iterable[Discovered]:
        provider = by_domain(self.address.domain)
        if provider is None:
            raise ConfigError(f"{self.address.domain} is not in it")
        return [from_provider(provider, self.address, Source.TABLE, place, "")]

    async def _autoconfig(self, source: Source, place: str) -> Iterable[Discovered | Considered]:
        document = await fetch(self.https, place)
        answers = list(read_autoconfig(document, self.address, source, place))
        if not answers:
            raise ConfigError("it names no submission server")
        if source is Source.ISPDB:
            return [
                replace(each, doubt=_HEARSAY) if isinstance(each, Discovered) else each for each in answers
            ]
        return answers

    async def _mx(self, place: str) -> Iterable[Discovered]:
        hosts = await self.dns.mail_exchangers(self.address.domain)
        return [read_exchangers(hosts, self.address, place)]

    async def _srv(self, security: str, place: str) -> Iterable[Discovered | Considered]:
        records = await self.dns.services(place)
        if not records:
            raise ConfigError("the DNS has nothing there")
        return read_services(records, self.address, place, security)

    async def _pacc(self, place: str) -> Iterable[Discovered]:
        # The digest first: without one the document would not count.
        records = await self.dns.texts(f"_ua-auto-config.{self.address.domain}")
        if not records:
            raise ConfigError("the DNS has no digest of it")
        document = await fetch(self.https, place)
        check_digest(document, records)
        return [read_pacc(document, self.address, place)]
