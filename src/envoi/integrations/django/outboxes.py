"""The outboxes of a Django project, one for each URL and process.

An outbox has a place of its own, or lives in a database of the project; then what is submitted within
`transaction.atomic` commits and rolls back with everything else. Which one, the settings say (see
`OutboxEmailBackend`).
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connections

from envoi.client.outbox import Outbox
from envoi.errors import ConfigError
from envoi.integrations.django.sessions import project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["close_outboxes", "outbox_at", "place_of_project", "project_outbox", "transaction_of"]

_lock = threading.Lock()
_outboxes: dict[tuple[int, str], Outbox] = {}
_BACKEND = "envoi.integrations.django.OutboxEmailBackend"
# The rest of OPTIONS is for Django itself.
_LIBPQ = ("sslmode", "sslrootcert", "sslcert", "sslkey", "service", "passfile", "options", "connect_timeout")


def project_outbox() -> Outbox:
    """Return the outbox of the project: the one that its settings name.

    Raises:
        ConfigError: they name none.
    """
    return outbox_at(**place_of_project())


def place_of_project() -> dict[str, Any]:
    """Return where the settings have the outbox: ``outbox``, an URL, or ``database``, an alias.

    Raises:
        ConfigError: they do not say.
    """
    mailers: Mapping[str, Any] = getattr(settings, "MAILERS", {})
    options = [mailer.get("OPTIONS", {}) for mailer in mailers.values() if mailer.get("BACKEND") == _BACKEND]
    for place in [{name.lower(): value for name, value in project().items()}, *options]:
        found = {name: place[name] for name in ("outbox", "database") if place.get(name)}
        if found:
            return found
    raise ConfigError(
        'the settings name no outbox: ENVOI = {"DATABASE": "default"} has it in a database of the project, '
        '{"OUTBOX": "sqlite:////var/lib/app/outbox.db"} elsewhere'
    )


def outbox_at(outbox: str | Path | None = None, database: str | None = None) -> Outbox:
    """Return the outbox at an URL, or in a database of the project; always the same one.

    Raises:
        ConfigError: both are given, or there can be none in that database.
    """
    if (outbox is None) == (database is None):
        raise ConfigError("an outbox has an URL (outbox) or lives in a database of the project (database)")
    url = outbox if database is None else _url(connections[database])
    # Forked processes open their own: connections cannot be shared.
    identity = (os.getpid(), str(url))
    with _lock:
        if identity not in _outboxes:
            _outboxes[identity] = Outbox(url or "", accounts=project().get("ACCOUNTS", ()))
        return _outboxes[identity]


def close_outboxes() -> None:
    """Close the outboxes of this process; the next use opens them again."""
    with _lock:
        mine = [identity for identity in _outboxes if identity[0] == os.getpid()]
        for identity in mine:
            _outboxes.pop(identity).close()


def transaction_of(database: str | None) -> BaseDatabaseWrapper | None:
    """Return the connection of a database if a transaction is open on it."""
    if database is None:
        return None
    connection = connections[database]
    return connection if connection.in_atomic_block or not connection.get_autocommit() else None


def _url(connection: BaseDatabaseWrapper) -> str | Path:
    known = connection.settings_dict
    name = str(known["NAME"])
    if connection.vendor == "sqlite":
        if ":memory:" in name or "mode=memory" in name:
            raise ConfigError(
                f"the database {connection.alias!r} is in memory, where an outbox would lose everything: in "
                'tests, give it a file with DATABASES[…]["TEST"]["NAME"]'
            )
        return Path(name)
    if connection.vendor != "postgresql":
        raise ConfigError(
            f"the database {connection.alias!r} is {connection.display_name}, and an outbox lives in "
            'PostgreSQL or SQLite: give it a place of its own with ENVOI = {"OUTBOX": …}'
        )
    named = {"dbname": name, **{key: known[key.upper()] for key in ("user", "password", "host", "port")}}
    options = {key: known["OPTIONS"][key] for key in _LIBPQ if key in known["OPTIONS"]}
    given = {key: str(value) for key, value in {**named, **options}.items() if value}
    return f"postgresql:///?{urlencode(given, quote_via=quote)}"
