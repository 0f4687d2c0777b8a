"""What an authorization server says of itself: `discover`, `completed` (RFC 8414, OpenID Connect Discovery).

From the name of an issuer to addresses. The document must bear the same name, or somebody else could have
put it there; every address in it is checked again when `OAuth2Parameters` is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from envoi.errors import ConfigError
from envoi.oauth.parameters import OAuth2Parameters
from envoi.oauth.refusal import json_object, read_refusal

if TYPE_CHECKING:
    from envoi.oauth.ports import World

__all__ = ["ServerMetadata", "completed", "discover"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetadata:
    """Where an authorization server does what; empty where it does not.

    Attributes:
        issuer: its name.
        issuer_is_sent: it puts its name into every answer to a sign-in (RFC 9207).
        registration_url: where programs introduce themselves (RFC 7591).
    """

    issuer: str
    token_url: str
    authorization_url: str = ""
    device_authorization_url: str = ""
    revocation_url: str = ""
    registration_url: str = ""
    issuer_is_sent: bool = False

    def parameters(self, client_id: str, **rest: Any) -> OAuth2Parameters:
        """Return the parameters of a client of this server; `rest` is the rest of `OAuth2Parameters`.

        Raises:
            ConfigError: a value is missing or unsafe.
        """
        return self.added_to(OAuth2Parameters(client_id=client_id, issuer=self.issuer, **rest))

    def added_to(self, parameters: OAuth2Parameters) -> OAuth2Parameters:
        """Return the parameters with these addresses.

        Raises:
            ConfigError: one is missing or unsafe.
        """
        return replace(
            parameters,
            issuer_is_sent=self.issuer_is_sent,
            token_url=self.token_url,
            authorization_url=self.authorization_url,
            device_authorization_url=self.device_authorization_url,
            revocation_url=self.revocation_url,
        )


async def completed(world: World, parameters: OAuth2Parameters) -> OAuth2Parameters:
    """Return the parameters with addresses: their own, or those that their issuer describes.

    Raises:
        ConfigError: the issuer describes none, or another, or has no place for the grant.
        TokenUnavailable: nobody answered, or it is busy.
    """
    if parameters.token_url:
        return parameters
    return (await discover(world, parameters.issuer)).added_to(parameters)


async def discover(world: World, issuer: str) -> ServerMetadata:
    """Ask an authorization server for its addresses.

    Raises:
        ConfigError: it has no such document, or one that is not about it.
        TokenUnavailable: nobody answered, or it is busy.
    """
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    ):
        raise ConfigError(f"issuer={issuer!r} must be an https:// address")
    path = parts.path.rstrip("/")
    # RFC 8414 §5: OpenID Connect appends to the path, OAuth 2.0 puts it in front.
    for place in (
        f"{path}/.well-known/openid-configuration",
        f"/.well-known/oauth-authorization-server{path}",
    ):
        answer = await world.http.get(parts._replace(path=place, query="", fragment="").geturl())
        if answer.status == 200 and (content := json_object(answer)):
            return _metadata(issuer, content)
        refusal = read_refusal(answer, secrets=(), now=world.clock.now())
        if refusal.busy:
            raise refusal.exception(parts.netloc)
    raise ConfigError(f"{issuer} has no description of its authorization server")


def _metadata(issuer: str, content: Any) -> ServerMetadata:
    if content.get("issuer") != issuer:
        raise ConfigError(
            f"the description found at {issuer} is about another issuer (RFC 8414 §3.3); "
            "the names must agree to the last slash"
        )

    def url(name: str) -> str:
        value = content.get(name)
        return value if isinstance(value, str) else ""

    if not url("token_endpoint"):
        raise ConfigError(f"{issuer} describes itself without a token_endpoint")
    return ServerMetadata(
        issuer=issuer,
        token_url=url("token_endpoint"),
        authorization_url=url("authorization_endpoint"),
        device_authorization_url=url("device_authorization_endpoint"),
        revocation_url=url("revocation_endpoint"),
        registration_url=url("registration_endpoint"),
        issuer_is_sent=content.get("authorization_response_iss_parameter_supported") is True,
    )
