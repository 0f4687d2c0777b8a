"""Connections shared by many: `SMTPPool` and `AsyncSMTPPool`, and what goes with them.

The public face; names are fetched when they are first used, from wherever they live. Why it is not at the
root, where there is no room left: docs/decisions/0098. One connection alone is `envoi.SMTPSession`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'envoi.pool' has no attribute {name!r}")
    value: object = getattr(import_module(f"envoi.{_ROOMS.get(name, 'client.pool')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
