"""The shipped table of providers: read once, strictly, and looked up by domain or by mail exchanger.

`providers.toml` beside this file holds the facts, `provider` says what they mean. A mistake in the file is a
defect of envoi and raises `ValueError`; a test reads all of it.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from envoi.discovery.provider import AuthorizationServer, PasswordReality, Provider, UsernameForm

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["by_domain", "by_mail_exchanger", "providers", "read_providers"]

_PORTS = {"tls": 465, "starttls": 587}
_HINTS = {
    PasswordReality.ACCOUNT: "the account's password",
    PasswordReality.APP: "an app password, made on the provider's security pages; not the account's own",
    PasswordReality.NONE: "no password works: OAuth 2.0 is needed",
}


@cache
def providers() -> tuple[Provider, ...]:
    """Return everything that is shipped."""
    return read_providers(files("envoi.discovery").joinpath("providers.toml").read_text("utf-8"))


def by_domain(domain: str) -> Provider | None:
    """Return the provider whose addresses end in this very domain."""
    return _domains().get(domain.lower())


def by_mail_exchanger(host: str) -> Provider | None:
    """Return the provider that a mail exchanger belongs to, by the end of its name."""
    labels = host.lower().rstrip(".").split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((found for suffix in suffixes if (found := _exchangers().get(suffix))), None)


@cache
def _domains() -> Mapping[str, Provider]:
    return {domain: provider for provider in providers() for domain in provider.domains}


@cache
def _exchangers() -> Mapping[str, Provider]:
    return {suffix: provider for provider in providers() for suffix in provider.mx}


def read_providers(text: str) -> tuple[Provider, ...]:
    """Read a table.

    Raises:
        ValueError: a name is not known, a value is wrong, or two rows claim the same domain.
    """
    content = tomllib.loads(text)
    servers = {name: _authorization(name, row) for name, row in content.get("authorization", {}).items()}
    found = tuple(_provider(name, row, servers) for name, row in content["provider"].items())
    for claims in (
        [domain for one in found for domain in one.domains],
        [mx for one in found for mx in one.mx],
    ):
        twice = {claim for claim in claims if claims.count(claim) > 1}
        if twice:
            raise ValueError(f"claimed twice: {', '.join(sorted(twice))}")
    return found


def _authorization(name: str, row: Mapping[str, Any]) -> AuthorizationServer:
    values = _checked(name, row, AuthorizationServer)
    return AuthorizationServer(**values)


def _provider(name: str, row: Mapping[str, Any], servers: Mapping[str, AuthorizationServer]) -> Provider:
    values = _checked(name, {"name": name, **row}, Provider)
    values.setdefault("domains", (name,))
    security = values.setdefault("security", "tls")
    values.setdefault("port", _PORTS[security])
    password = values["password"] = PasswordReality(values.get("password", "account"))
    values.setdefault("password_hint", _HINTS[password])
    values["username"] = UsernameForm(values.get("username", "address"))
    if "authorization" in values:
        values["authorization"] = servers[values["authorization"]]
    return Provider(**values)


def _checked(name: str, row: Mapping[str, Any], kind: type) -> dict[str, Any]:
    unknown = row.keys() - {each.name for each in fields(kind)}
    if unknown:
        raise ValueError(f"{name}: {', '.join(sorted(unknown))} is not known")
    return {key: _frozen(value) for key, value in row.items()}


def _frozen(value: Any) -> Any:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value
