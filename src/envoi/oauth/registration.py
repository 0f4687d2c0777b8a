"""A program introduces itself to an authorization server and gets a client id: `register_client` (RFC 7591).

For providers that take everybody, as those of organisations often do, or those who bring an initial access
token. Most large providers want a person to register on their pages instead. What is done with the client is
in `parameters`; where the address comes from, in `discovery`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from envoi.errors import ConfigError
from envoi.oauth.endpoint import server_name
from envoi.oauth.parameters import Grant
from envoi.oauth.refusal import json_object, read_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.errors import EnvoiError
    from envoi.oauth.discovery import ServerMetadata
    from envoi.oauth.ports import HTTPAnswer, World

__all__ = ["ClientCredentials", "register_client"]

# RFC 8252 §7.3: the port is left to the moment of signing in.
_LOOPBACK = ["http://127.0.0.1/", "http://[::1]/"]
_PUBLIC = {"application_type": "native", "token_endpoint_auth_method": "none"}
_ABOUT_GRANT: Mapping[Grant, Mapping[str, Any]] = {
    Grant.AUTHORIZATION_CODE: {
        **_PUBLIC,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": _LOOPBACK,
    },
    Grant.DEVICE_CODE: {
        **_PUBLIC,
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        "response_types": [],
        "redirect_uris": [],
    },
    Grant.CLIENT_CREDENTIALS: {
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """A client that was registered; keep it, for nobody can ask for it again.

    Attributes:
        client_id: its name at the server.
        client_secret: its secret; None for a public client.
        secret_expires_at: until when that is good; None for always.
        management_url: where the registration can be read, changed and ended (RFC 7592); may be empty.
        management_token: the bearer token for that.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    secret_expires_at: datetime | None = None
    management_url: str = ""
    management_token: str = field(default="", repr=False)


async def register_client(
    world: World,
    metadata: ServerMetadata,
    *,
    name: str,
    grant: Grant = Grant.AUTHORIZATION_CODE,
    scope: str = "",
    initial_access_token: str | None = None,
) -> ClientCredentials:
    """Register a client of this program.

    Args:
        world: the way there, and the time.
        metadata: what the server says of itself; it has to have a `registration_url`.
        name: what people read on the consent page.
        grant: how it will obtain tokens; one with a person makes it a public client.
        scope: what it will ask for, separated by blanks; empty for whatever the server allows.
        initial_access_token: lets it in where not everybody may register (RFC 7591 §3).

    Raises:
        ConfigError: the server registers nobody, not this client, or not for this grant.
        TokenUnavailable: nobody answered, or it is busy.
    """
    about = _ABOUT_GRANT.get(grant)
    if about is None:
        raise ConfigError(f"no client is registered for the grant {grant.value}: its key says who asks")
    if not metadata.registration_url:
        raise ConfigError(
            f"{metadata.issuer} registers no programs: a person has to, on its pages, to get a client id"
        )
    content = {"client_name": name, **about, **({"scope": scope} if scope else {})}
    headers = {} if initial_access_token is None else {"authorization": f"Bearer {initial_access_token}"}
    answer = await world.http.post_json(metadata.registration_url, content, headers=headers)
    if answer.status not in {200, 201}:
        raise _refused(answer, metadata, initial_access_token, world.clock.now())
    return _credentials(json_object(answer), metadata)


def _refused(answer: HTTPAnswer, metadata: ServerMetadata, token: str | None, now: datetime) -> EnvoiError:
    refusal = read_refusal(answer, secrets=() if token is None else (token,), now=now)
    server = server_name(metadata.registration_url)
    if refusal.busy:
        return refusal.exception(server)
    if answer.status in {401, 403}:
        return ConfigError(
            f"{server} registers no programs without an initial access token of its administrator, or not "
            f"with this one ({refusal.error}). A person can register one on its pages"
        )
    told = f"{refusal.error}: {refusal.description}" if refusal.description else refusal.error
    return ConfigError(f"{server} registered no client: {told}")


def _credentials(content: Mapping[str, Any], metadata: ServerMetadata) -> ClientCredentials:
    def text(key: str) -> str:
        value = content.get(key)
        return value if isinstance(value, str) else ""

    if not text("client_id"):
        raise ConfigError(f"{server_name(metadata.registration_url)} registered a client without a client_id")
    until = content.get("client_secret_expires_at")
    return ClientCredentials(
        client_id=text("client_id"),
        client_secret=text("client_secret") or None,
        # 0 is for ever (RFC 7591 §3.2.1).
        secret_expires_at=datetime.fromtimestamp(until, UTC) if isinstance(until, int) and until else None,
        management_url=text("registration_client_uri"),
        management_token=text("registration_access_token"),
    )
