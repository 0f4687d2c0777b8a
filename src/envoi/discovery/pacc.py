"""PACC (draft-ietf-mailmaint-pacc-04): a JSON document of the domain, and its digest in the DNS.

Two places must agree, so that whoever took over one of them alone gets nothing: without a digest there is
no answer. Servers speak TLS from the first byte, on the port that belongs to it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, cast

from envoi.discovery.answer import OAUTH_ONLY, UNSAID, Discovered, Source, check_server
from envoi.discovery.provider import AuthorizationServer
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi.message.address import Address

__all__ = ["check_digest", "read_pacc"]

_PORT = 465


def check_digest(document: bytes, records: Iterable[str]) -> None:
    """Compare a document with the TXT records of ``_ua-auto-config``; several may be in force at once.

    Raises:
        ConfigError: none of them has its digest.
    """
    digest = hashlib.sha256(document).digest()
    if not any(hmac.compare_digest(digest, _digest(record)) for record in records):
        raise ConfigError("its digest is not the one in the DNS")


def _digest(record: str) -> bytes:
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, _, value = part.strip().partition("=")
        tags[name] = value
    if tags.get("v") != "UAAC1" or tags.get("a") != "sha256":
        return b""
    try:
        return b64decode(tags.get("d", ""), validate=True)
    except ValueError:
        return b""


def read_pacc(document: bytes, address: Address, place: str) -> Discovered:
    """Return the submission server of a document.

    Raises:
        ConfigError: it names none, or is no such document.
    """
    try:
        content: Any = json.loads(document)
    except (ValueError, RecursionError):
        raise ConfigError("it is no JSON") from None
    host = _at(content, "protocols", "smtp", "host")
    if not isinstance(host, str):
        raise ConfigError("it names no submission server")
    check_server(host.lower(), _PORT, "tls")
    issuer = _issuer(_at(content, "authentication", "oauth-public", "issuer"))
    passwords = bool(_at(content, "authentication", "password")) or not issuer
    return Discovered(
        address=address.spec,
        server=host.lower(),
        port=_PORT,
        security="tls",
        username=address.spec,
        mechanisms=("OAUTHBEARER",) if issuer else (),
        source=Source.PACC,
        place=place,
        takes_password=passwords,
        password_hint=UNSAID if passwords else OAUTH_ONLY,
        authorization=AuthorizationServer(issuer=issuer) if issuer else None,
    )


def _at(content: Any, *names: str) -> Any:
    for name in names:
        content = cast("dict[str, Any]", content).get(name) if isinstance(content, dict) else None
    return content


def _issuer(value: Any) -> str:
    if not isinstance(value, str) or not value:
        return ""
    issuer = value if "://" in value else f"https://{value}"
    return issuer if issuer.startswith("https://") else ""
