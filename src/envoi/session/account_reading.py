"""The configuration file, read strictly: what is not known is an error that says where, and what was meant.

A misspelt key that is passed over would send without what it was to switch on. What comes of it are the
values of `account`; changing the text is `account_writing`'s.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, cast

from envoi.errors import ConfigError, InvalidAddress
from envoi.session.account import Account, DKIMPlace, OAuthClient, PasswordPlace, QueueWishes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["read_accounts"]

T = TypeVar("T")

_LIMITS = (
    "messages_per_second",
    "messages_per_minute",
    "messages_per_hour",
    "messages_per_day",
    "recipients_per_day",
    "recipients_per_message",
    "connections",
)


def read_accounts(text: str, place: str) -> dict[str, Account]:
    """Read a configuration file.

    Args:
        text: what is in it.
        place: its name, for messages.

    Raises:
        ConfigError: it is no TOML, or something in it is wrong; the text says in which line.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place} is not TOML: {error}") from None
    root = _Table(values=content, name="", text=text, place=place)
    root.allow("accounts")
    accounts = root.table("accounts")
    if accounts is None:
        return {}
    return {name: _account(name, accounts.needed_table(name)) for name in accounts.values}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table of the file, and where it stands."""

    values: Mapping[str, Any]
    name: str
    text: str
    place: str

    def error(self, what: str, key: str = "") -> ConfigError:
        """Return an error that says where."""
        line = _line_of(self.text, self.name, key)
        where = f"{self.place}, line {line}" if line else self.place
        return ConfigError(f"{where}: [{self.name}] {what}" if self.name else f"{where}: {what}")

    def allow(self, *known: str) -> None:
        """Refuse every other key."""
        for key in self.values:
            if key not in known:
                meant = get_close_matches(key, known, 1)
                hint = f"{meant[0]} perhaps?" if meant else f"known are {', '.join(known)}"
                raise self.error(f"{key} is not known; {hint}", key)

    def word(self, key: str, default: str = "") -> str:
        """Return text."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.error(f"{key} is text", key)
        return value

    def needed(self, key: str) -> str:
        """Return text that may not be missing."""
        found = self.word(key)
        if not found:
            raise self.error(f"{key} is missing")
        return found

    def number(self, key: str) -> int | None:
        """Return a number, 1 or more."""
        value = self.values.get(key)
        if value is not None and (type(value) is not int or value < 1):
            raise self.error(f"{key} is a number, 1 or more", key)
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.values.get(key, [])
        listed = cast("list[object]", values) if isinstance(values, list) else [None]
        found = tuple(each for each in listed if isinstance(each, str))
        if len(found) != len(listed):
            raise self.error(f'{key} is a list, such as ["pass", "show", "mail"]', key)
        return found

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.error(f"{key} is true or false", key)
        return value

    def table(self, key: str) -> _Table | None:
        """Return a table in this one."""
        return self.needed_table(key) if key in self.values else None

    def needed_table(self, key: str) -> _Table:
        """Return a table that is there."""
        values = self.values[key]
        if not isinstance(values, dict):
            raise self.error(f"{key} is a table", key)
        name = f"{self.name}.{key}" if self.name else key
        return _Table(values=cast("dict[str, Any]", values), name=name, text=self.text, place=self.place)

    def made(self, make: Callable[[], T]) -> T:
        """Make a value of what is here, and say where when that fails."""
        try:
            return make()
        except (ConfigError, InvalidAddress) as error:
            raise self.error(str(error)) from None


def _account(name: str, row: _Table) -> Account:
    row.allow(
        "server",
        "port",
        "security",
        "username",
        "from",
        "password",
        "oauth",
        "ca_file",
        "dkim",
        "limits",
        "outbox",
    )
    if isinstance(row.values.get("password"), str):
        raise row.error(
            "a password does not belong into this file: put it into the keyring, and write "
            "password = { keyring = true }",
            "password",
        )
    server, port, security = row.needed("server"), row.number("port"), row.word("security", "starttls")
    username, sender, ca_file = row.word("username"), row.word("from"), row.word("ca_file")
    password, oauth, dkim = (
        _password(row.table("password")),
        _oauth(row.table("oauth")),
        _dkim(row.table("dkim")),
    )
    limits, outbox = _limits(row.table("limits")), _outbox(row.table("outbox"))
    return row.made(
        lambda: Account(
            name=name,
            server=server,
            port=port,
            security=security,
            username=username,
            sender=sender,
            password=password,
            oauth=oauth,
            ca_file=ca_file,
            dkim=dkim,
            limits=limits,
            outbox=outbox,
        )
    )


def _password(row: _Table | None) -> PasswordPlace | None:
    if row is None:
        return None
    row.allow("keyring", "env", "file", "command")
    keyring, env, file, command = row.flag("keyring"), row.word("env"), row.word("file"), row.words("command")
    return row.made(lambda: PasswordPlace(keyring=keyring, env=env, file=file, command=command))


def _oauth(row: _Table | None) -> OAuthClient | None:
    if row is None:
        return None
    row.allow("provider", "issuer", "client_id", "client_secret", "scope", "keyring")
    provider, issuer, client_id = row.word("provider"), row.word("issuer"), row.needed("client_id")
    secret, scope, keyring = row.word("client_secret"), row.word("scope"), row.flag("keyring")
    return row.made(
        lambda: OAuthClient(
            provider=provider,
            issuer=issuer,
            client_id=client_id,
            client_secret=secret,
            scope=scope,
            keyring=keyring,
        )
    )


def _dkim(row: _Table | None) -> DKIMPlace | None:
    if row is None:
        return None
    row.allow("key", "domain", "selector")
    return DKIMPlace(key=row.needed("key"), domain=row.needed("domain"), selector=row.needed("selector"))


def _limits(row: _Table | None) -> dict[str, int]:
    if row is None:
        return {}
    row.allow(*_LIMITS)
    return {key: number for key in _LIMITS if (number := row.number(key)) is not None}


def _outbox(row: _Table | None) -> QueueWishes:
    if row is None:
        return QueueWishes()
    row.allow("on_unknown", "failover", "dsn")
    on_unknown, failover, dsn = row.word("on_unknown", "resend"), row.word("failover"), row.flag("dsn")
    return row.made(lambda: QueueWishes(on_unknown=on_unknown, failover=failover, dsn=dsn))


def _line_of(text: str, table: str, key: str) -> int:
    """Return the line of a key, else of its table's head; 0 when it is written in another way."""
    current, head = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip().replace('"', "")
        if bare.startswith("["):
            current = bare.strip("[] ")
            head = number if current == table else head
        elif key and current == table and bare.startswith((f"{key} ", f"{key}=")):
            return number
    if head or not table:
        return head
    # An inline table: its line is that of its key.
    parent, _, last = table.rpartition(".")
    return _line_of(text, parent, last)
