"""Tokens that need no person: the program's own, a service account's, and those had for a refresh token.

Also their end, by revocation. Each is one question to an endpoint. What does need a person is in
`sign_in` and `device`; when to renew, and who does it, is decided in `lifecycle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.oauth.assertion import grant_assertion
from envoi.oauth.endpoint import ask, post, server_name
from envoi.oauth.parameters import Grant
from envoi.oauth.refusal import Refusal

if TYPE_CHECKING:
    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import World
    from envoi.oauth.token import Token

__all__ = ["demand", "obtain_alone", "renew", "revoke"]

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def demand(outcome: Token | Refusal, parameters: OAuth2Parameters) -> Token:
    """Return the token.

    Raises:
        TokenUnavailable: it is a refusal.
    """
    if isinstance(outcome, Refusal):
        raise outcome.exception(server_name(parameters.token_url))
    return outcome


async def obtain_alone(world: World, parameters: OAuth2Parameters) -> Token | Refusal:
    """Obtain a token without a person, by the grant that the parameters name."""
    if parameters.grant is Grant.SERVICE_ACCOUNT:
        form = {"grant_type": _JWT_BEARER, "assertion": grant_assertion(parameters, world)}
    else:
        form = {"grant_type": "client_credentials"}
        if parameters.scope:
            form["scope"] = parameters.scope
    return await ask(world, parameters, form)


async def renew(world: World, parameters: OAuth2Parameters, token: Token | None) -> Token | Refusal:
    """Obtain the token that follows this one (RFC 6749 §6): by its refresh token, or alone."""
    if not parameters.grant.needs_person:
        return await obtain_alone(world, parameters)
    if token is None:
        return Refusal(
            error="nobody has signed in", remedy="Nobody has signed in yet. Do so first.", consent=True
        )
    if token.refresh_token is None:
        return Refusal(
            error="there is no refresh token",
            remedy="The provider gave no refresh token with the last one. Sign in again, and ask for one: "
            "offline_access in the scope at Microsoft, access_type=offline and prompt=consent at Google.",
            consent=True,
        )
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    return await ask(world, parameters, form, previous=token)


async def revoke(world: World, parameters: OAuth2Parameters, token: Token) -> None:
    """Give a token back, and with its refresh token all that follow (RFC 7009).

    Raises:
        ConfigError: the server has no place for that.
        TokenUnavailable: it refused, or did not answer.
    """
    if not parameters.revocation_url:
        raise ConfigError("revocation_url is missing: this provider's tokens end by themselves")
    kind = "access_token" if token.refresh_token is None else "refresh_token"
    form = {"token": token.refresh_token or token.access_token, "token_type_hint": kind}
    _, refusal = await post(world, parameters, parameters.revocation_url, form)
    if refusal is not None:
        raise refusal.exception(server_name(parameters.revocation_url))
