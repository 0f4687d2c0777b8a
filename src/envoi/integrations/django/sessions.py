"""From Django's settings to an `SMTPSession`.

Where mail goes is said by the options of a mailer, by the setting ``ENVOI``, or by Django's own ``EMAIL_*``,
in this order. What an option means is `SMTPSession`'s affair, but for the names that Django gave to some of
them; docs/decisions/0103 has the reasons where the two differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from envoi.client.session import SMTPSession
from envoi.errors import ConfigError
from envoi.ports import TLSOptions
from envoi.session.settings import SessionArguments

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "PLACES", "make_session", "project", "project_session"]

PLACES = ("url", "account", "host")
_DJANGO = ("use_tls", "use_ssl", "ssl_certfile", "ssl_keyfile")
OPTIONS = frozenset({*SessionArguments.__annotations__, *PLACES, *_DJANGO})
"""What `make_session` takes; anything else is no option of a session."""

_SETTINGS = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
    "use_tls": "EMAIL_USE_TLS",
    "use_ssl": "EMAIL_USE_SSL",
    "timeout": "EMAIL_TIMEOUT",
    "ssl_certfile": "EMAIL_SSL_CERTFILE",
    "ssl_keyfile": "EMAIL_SSL_KEYFILE",
}
_BACKEND = "envoi.integrations.django.EmailBackend"


def project() -> Mapping[str, Any]:
    """Return the setting ``ENVOI``; empty when there is none."""
    return getattr(settings, "ENVOI", {})


def project_session(account: str = "") -> SMTPSession:
    """Return a session as the settings have it: what a worker of the project's outbox sends with.

    Args:
        account: the alias of a mailer in ``MAILERS`` whose backend is `EmailBackend`; ``""`` and
            ``"default"``, unless it is such an alias, for what the settings say of mail in general; any other
            name is an account of envoi's configuration file.

    Raises:
        ConfigError: the settings do not say where to, or contradict themselves.
    """
    mailer = getattr(settings, "MAILERS", {}).get(account, {})
    if mailer.get("BACKEND") == _BACKEND:
        known = {name: value for name, value in mailer.get("OPTIONS", {}).items() if name in OPTIONS}
        return make_session(known)
    if account in ("", "default"):
        return make_session({})
    return SMTPSession.from_account(account)


def make_session(options: Mapping[str, Any]) -> SMTPSession:
    """Return a session with these options, and what the settings say where they say nothing.

    Raises:
        ConfigError: nobody says where to, or two options contradict each other.
    """
    given = {name: value for name, value in options.items() if value is not None}
    named = [place for place in PLACES if place in given]
    if not named:
        given = {**_by_settings(), **given}
        named = [place for place in PLACES if place in given]
    if len(named) != 1:
        raise ConfigError(
            f"{' and '.join(named)} say where mail goes, all at once: leave one of them"
            if named
            else "nothing says where mail goes: give url, account or host, in OPTIONS or in the setting ENVOI"
        )
    place = given.pop(named[0])
    arguments: Any = _translated(given, has_host=named[0] == "host")
    if named[0] == "url":
        return SMTPSession.from_url(place, **arguments)
    if named[0] == "account":
        return SMTPSession.from_account(place, **arguments)
    return SMTPSession(place, **arguments)


def _by_settings() -> dict[str, Any]:
    found = {place: project()[place.upper()] for place in PLACES if place.upper() in project()}
    if found or hasattr(settings, "MAILERS"):
        return {**project().get("OPTIONS", {}), **found}
    known = {name: getattr(settings, setting) for name, setting in _SETTINGS.items()}
    # Django's own session is one without TLS unless a setting asks for it; so is the one it describes.
    return {name: value for name, value in known.items() if value is not None}


def _translated(given: dict[str, Any], *, has_host: bool) -> dict[str, Any]:
    """Django's names as those of `SMTPSession`."""
    django = {name: given.pop(name) for name in _DJANGO if name in given}
    if has_host and {"use_tls", "use_ssl"} & django.keys() and "security" not in given:
        given["security"] = _security(django)
    if certificate := django.get("ssl_certfile"):
        given.setdefault(
            "tls", TLSOptions(client_certificate=certificate, client_key=django.get("ssl_keyfile"))
        )
    for name in ("username", "password"):  # empty in Django is what None is here
        if given.get(name) == "":
            del given[name]
    return given


def _security(django: Mapping[str, Any]) -> str:
    if django.get("use_tls") and django.get("use_ssl"):
        raise ConfigError("use_tls (STARTTLS) and use_ssl (TLS from the first octet) exclude each other")
    if django.get("use_ssl"):
        return "tls"
    return "starttls" if django.get("use_tls") else "plaintext"
