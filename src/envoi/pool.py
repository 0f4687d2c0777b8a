"""Connections shared by many: `SMTPPool` and `AsyncSMTPPool`, and what goes with them.

The public face; names are fetched when they are first used, from wherever they live. Why it is not at the
root, where there is no room left: docs/decisions/0098. One connection alone is `envoi.SMTPSession`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._face import face

if TYPE_CHECKING:
    from envoi.client.pool import AsyncSMTPPool, SMTPPool
    from envoi.session.pool_servers import PoolServer
    from envoi.session.pool_stats import PoolStats, ServerStats

__all__ = ["AsyncSMTPPool", "PoolServer", "PoolStats", "SMTPPool", "ServerStats"]

_ROOMS = {
    "PoolServer": "session.pool_servers",
    "PoolStats": "session.pool_stats",
    "ServerStats": "session.pool_stats",
}

__getattr__, __dir__ = face(__name__, __all__, _ROOMS, "client.pool")
