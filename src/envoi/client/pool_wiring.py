"""What both colours of pool are put together from: servers, limits, and a session for each connection.

A pool uses its sessions' conversations and not their locks: a connection is lent to one user at a time.
The classes are in `pool`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.client.session import conversation_of
from envoi.errors import ConfigError
from envoi.session.lending import Lending
from envoi.session.pool import Desk
from envoi.session.pool_places import PoolLimits
from envoi.session.pool_servers import PoolServer, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.client.session import SMTPSession
    from envoi.client.session_aio import AsyncSMTPSession
    from envoi.ports import Clock
    from envoi.session.conversation import Conversation
    from envoi.session.lending import Turns
    from envoi.session.settings import SessionOptions

__all__ = ["PoolWiring", "workers"]


class PoolWiring:
    """The arguments of a pool, checked.

    Raises:
        ConfigError: one of them is wrong, or two contradict each other.
    """

    __slots__ = ("_kind", "_limits", "_options", "_servers", "_unused", "_wait_timeout")

    def __init__(
        self,
        kind: type[SMTPSession | AsyncSMTPSession],
        servers: Sequence[str | PoolServer],
        options: SessionOptions,
        *,
        connections: int,
        idle_seconds: float | None,
        age_seconds: float | None,
        messages: int | None,
        wait_timeout: float | None,
    ) -> None:
        if not servers:
            raise ConfigError("a pool needs a server: an URL, or a PoolServer")
        if wait_timeout is not None and wait_timeout < 0:
            raise ConfigError("wait_timeout is a number of seconds from 0, or None for no limit")
        self._kind = kind
        self._options = options
        self._servers = [PoolServer(url=server) if isinstance(server, str) else server for server in servers]
        self._wait_timeout = wait_timeout
        self._limits = PoolLimits(
            connections=connections, idle_seconds=idle_seconds, age_seconds=age_seconds, messages=messages
        )
        # Made now, so that wrong options are refused now.
        self._unused = {number: self._converse(number) for number in range(len(servers))}

    def __str__(self) -> str:
        servers = ", ".join(map(str, self._servers))
        return f"{servers}; at most {self.connections} connections"

    @property
    def connections(self) -> int:
        """How many there are at most."""
        return self._limits.connections

    def lending(self, turns: Turns, clock: Clock) -> Lending:
        """Return the flow, with nothing connected."""
        standings = [
            Standing(str(server), number, priority=server.priority, weight=server.weight)
            for number, server in enumerate(self._servers)
        ]
        return Lending(
            Desk(self._limits, standings),
            turns=turns,
            clock=clock,
            converse=self._conversation,
            wait_timeout=self._wait_timeout,
        )

    def _conversation(self, number: int) -> Conversation:
        return self._unused.pop(number, None) or self._converse(number)

    def _converse(self, number: int) -> Conversation:
        server = self._servers[number]
        options: SessionOptions = {**self._options, **server.options}
        if server.url is not None:
            return conversation_of(self._kind.from_url(server.url, **options))
        return conversation_of(self._kind.from_account(str(server.account), **options))


def workers(concurrency: int, connections: int) -> int:
    """How many mails are sent at once: no more than there are connections for.

    Raises:
        ConfigError: it is less than 1.
    """
    if type(concurrency) is not int or concurrency < 1:
        raise ConfigError(f"concurrency={concurrency!r} is not a whole number from 1")
    return min(concurrency, connections)
