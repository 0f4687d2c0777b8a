"""Looking at a server without sending anything: what `envoi check` reports.

`inspect` goes the way of `connect` step by step, notes what it sees, and stops where a session would stop.
Where the certificate was refused it looks at it all the same, on a connection of its own that says EHLO and
QUIT and nothing else. What is good or bad about what was seen is in `findings`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envoi.errors import DeliveryError, Phase, TLSFailed
from envoi.ports import TLSOptions
from envoi.session.authenticate import log_in
from envoi.session.connect import be_greeted, reach, say_hello, upgrade
from envoi.session.settings import Security
from envoi.smtp import commands

if TYPE_CHECKING:
    from envoi.ports import Endpoint, Runtime, TLSInfo
    from envoi.session.link import Link
    from envoi.session.settings import Settings
    from envoi.smtp.capabilities import Capabilities
    from envoi.smtp.replies import Reply

__all__ = ["Inspection", "inspect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was seen of a server; what was not reached is None or empty.

    Attributes:
        endpoint: where it was looked for.
        security: how the connection was to be secured.
        peer: the address that answered.
        greeting: the first reply.
        in_clear: what is offered before TLS; None with TLS from the first octet.
        tls: what TLS agreed on. Not verified when the certificate was refused and looked at nevertheless.
        offered: what is offered in the end.
        logged_in: whether a login was tried and succeeded.
        round_trips: seconds between a NOOP and its reply, one by one.
        failure: what a session would have failed with.
    """

    endpoint: Endpoint
    security: Security
    peer: str | None = None
    greeting: Reply | None = None
    in_clear: Capabilities | None = None
    tls: TLSInfo | None = None
    offered: Capabilities | None = None
    logged_in: bool = False
    round_trips: tuple[float, ...] = ()
    failure: DeliveryError | None = None


async def inspect(runtime: Runtime, settings: Settings, *, rounds: int = 5) -> Inspection:
    """Look at a server; log in when the settings say so. `rounds` is the number of NOOPs to time.

    Raises:
        UsageError, ConfigError: the settings cannot work with any server.
    """
    visit = _Visit(runtime, settings)
    try:
        await visit.go(rounds)
    except DeliveryError as failure:
        if visit.certificate_refused(failure):
            await visit.look_again()
        return visit.seen(failure)
    return visit.seen()


class _Visit:
    """One connection, and what was noted on it."""

    __slots__ = (
        "_runtime",
        "_settings",
        "greeting",
        "in_clear",
        "logged_in",
        "offered",
        "peer",
        "times",
        "tls",
    )

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime = runtime
        self._settings = settings
        self.peer: str | None = None
        self.greeting: Reply | None = None
        self.in_clear: Capabilities | None = None
        self.tls: TLSInfo | None = None
        self.offered: Capabilities | None = None
        self.logged_in = False
        self.times: list[float] = []

    async def go(self, rounds: int) -> None:
        """Connect, look, and take leave."""
        runtime, settings = self._runtime, self._settings
        until = None if settings.deadline is None else runtime.clock.monotonic() + settings.deadline
        link = await reach(runtime, settings, deadline_at=until)
        try:
            # Worth knowing also when TLS fails.
            self.peer = link.peer
            await self._secure(link)
            if settings.wants_login:
                await log_in(link, runtime, settings)
                self.logged_in = True
            for _ in range(rounds):
                await self._time(link)
        except BaseException:
            link.abort()
            raise
        await link.quit()

    async def _secure(self, link: Link) -> None:
        settings = self._settings
        if settings.security is Security.TLS:
            self.tls = await link.start_tls(settings.tls, settings.endpoint.host)
        try:
            self.greeting = await be_greeted(link)
        except DeliveryError as error:
            self.greeting = error.reply
            raise
        await say_hello(link, self._runtime, settings)
        if settings.security is not Security.TLS:
            self.in_clear = link.machine.capabilities
        if settings.security is Security.STARTTLS:
            await upgrade(link, settings)
            self.tls = link.tls
            await say_hello(link, self._runtime, settings)
        self.offered = link.machine.capabilities

    async def _time(self, link: Link) -> None:
        clock = self._runtime.clock
        began = clock.monotonic()
        await link.exchange(commands.noop())
        self.times.append(clock.monotonic() - began)

    def certificate_refused(self, failure: DeliveryError) -> bool:
        """Whether the handshake was begun and failed, so that another look may show why."""
        begun = self.in_clear is None or "STARTTLS" in self.in_clear
        return (
            isinstance(failure, TLSFailed) and failure.phase is Phase.TLS and failure.reply is None and begun
        )

    async def look_again(self) -> None:
        """Accept any certificate and say nothing but EHLO and QUIT."""
        given = self._settings.tls
        careless = TLSOptions(
            client_certificate=given.client_certificate,
            client_key=given.client_key,
            client_key_password=given.client_key_password,
            insecure_skip_verification=True,
        )
        nobody = replace(
            self._settings, tls=careless, username=None, password=None, token_source=None, mechanisms=None
        )
        again = _Visit(self._runtime, nobody)
        # Why the first look failed is what is told; this one only adds to it.
        with suppress(DeliveryError):
            await again.go(0)
        self.greeting = self.greeting or again.greeting
        self.tls, self.offered = again.tls, again.offered

    def seen(self, failure: DeliveryError | None = None) -> Inspection:
        """What was noted, as a value."""
        return Inspection(
            endpoint=self._settings.endpoint,
            security=self._settings.security,
            peer=self.peer,
            greeting=self.greeting,
            in_clear=self.in_clear,
            tls=self.tls,
            offered=self.offered,
            logged_in=self.logged_in,
            round_trips=tuple(self.times),
            failure=failure,
        )
