"""Thunderbird's autoconfig documents (draft-ietf-mailmaint-autoconfig-06): XML, read with suspicion.

No document type, so no entities; what would send a password in clear is rejected, with the reason. Where the
documents are is in `sources`, fetching them in `documents`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from envoi.discovery.answer import OAUTH_ONLY, UNSAID, Considered, Discovered, Source, check_server
from envoi.discovery.provider import AuthorizationServer
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from envoi.message.address import Address

__all__ = ["read_autoconfig"]

_SECURITY = {"SSL": "tls", "STARTTLS": "starttls"}
_PASSWORDS = frozenset({"password-cleartext", "password-encrypted", "plain", "secure"})
_NO_LOGIN = frozenset({"none", "client-IP-address"})
_OAUTH = "OAuth2"
_TOKENS = ("OAUTHBEARER", "XOAUTH2")
_URLS = ("authURL", "tokenURL")


def read_autoconfig(
    document: bytes, address: Address, source: Source, place: str
) -> Iterator[Discovered | Considered]:
    """Yield the submission servers of a document in its order of preference, or why one was rejected.

    Raises:
        ConfigError: it is no such document.
    """
    root = _parse(document)
    if root.tag != "clientConfig":
        raise ConfigError("it is no autoconfig document")
    authorization = _authorization(root)
    for server in root.iterfind("emailProvider/outgoingServer"):
        if server.get("type") not in (None, "smtp"):
            continue
        try:
            yield _discovered(server, authorization, address, source, place)
        except ConfigError as error:
            yield Considered(source=source, place=place, outcome=f"{_text(server, 'hostname')}: {error}")


def _parse(document: bytes) -> Element:
    builder, parser = TreeBuilder(), expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise ConfigError("it is no well-formed XML") from None
    return builder.close()


def _refuse(*_: object) -> None:
    # Entities can only be declared there: without it nothing grows, and nothing is read from files.
    raise ConfigError("it has a document type declaration, which is refused")


def _discovered(
    server: Element, authorization: AuthorizationServer | None, address: Address, source: Source, place: str
) -> Discovered:
    kind = _text(server, "socketType")
    if kind not in _SECURITY:
        raise ConfigError(f"socketType {kind!r} would send the password in clear")
    host, port = _filled(_text(server, "hostname"), address).lower(), _number(_text(server, "port"))
    check_server(host, port, _SECURITY[kind])
    methods = {(each.text or "").strip() for each in server.iterfind("authentication")} or _PASSWORDS
    tokens, passwords = _OAUTH in methods, bool(methods & _PASSWORDS)
    if not (tokens or passwords or methods & _NO_LOGIN):
        raise ConfigError(f"it wants {', '.join(sorted(methods))}, which envoi does not speak")
    login = tokens or passwords
    return Discovered(
        address=address.spec,
        server=host,
        port=port,
        security=_SECURITY[kind],
        username=_filled(_text(server, "username") or "%EMAILADDRESS%", address) if login else "",
        mechanisms=_TOKENS if tokens else (),
        source=source,
        place=place,
        takes_password=passwords,
        password_hint=_hint(tokens=tokens, passwords=passwords),
        authorization=authorization if tokens else None,
    )


def _hint(*, tokens: bool, passwords: bool) -> str:
    if passwords:
        return UNSAID
    return OAUTH_ONLY if tokens else "no login is wanted"


def _authorization(root: Element) -> AuthorizationServer | None:
    place = root.find("oAuth2")
    place = root.find("emailProvider/oAuth2") if place is None else place
    if place is None or not all(_text(place, name).startswith("https://") for name in _URLS):
        return None
    issuer = _text(place, "issuer")
    return AuthorizationServer(
        issuer=issuer if issuer.startswith("https://") or not issuer else f"https://{issuer}",
        authorization_url=_text(place, "authURL"),
        token_url=_text(place, "tokenURL"),
        scope=_text(place, "scope"),
    )


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0


def _filled(text: str, address: Address) -> str:
    values = {"ADDRESS": address.spec, "LOCALPART": address.local, "DOMAIN": address.domain}
    for name, value in values.items():
        text = text.replace(f"%EMAIL{name}%", value)
    return text
