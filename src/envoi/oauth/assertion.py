"""Signed statements: JSON Web Tokens that stand for a client or a service account (RFC 7523).

Authlib signs them. Two uses: `client_assertion`, with which a client proves itself, and `grant_assertion`,
which is exchanged for a token. Both live five minutes at most.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from envoi.errors import ConfigError

if TYPE_CHECKING:
    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import World

__all__ = ["client_assertion", "grant_assertion"]

_LIFE_SECONDS = 300


def client_assertion(parameters: OAuth2Parameters, world: World) -> str:
    """Return what proves the client (RFC 7523 §2.2).

    Raises:
        ConfigError: the key cannot be used.
    """
    return _signed(parameters, world, subject=parameters.client_id, claims={})


def grant_assertion(parameters: OAuth2Parameters, world: World) -> str:
    """Return what a service account gets its token for (RFC 7523 §2.1).

    Raises:
        ConfigError: the key cannot be used.
    """
    return _signed(parameters, world, subject=parameters.subject, claims={"scope": parameters.scope})


def _signed(
    parameters: OAuth2Parameters, world: World, *, subject: str | None, claims: dict[str, Any]
) -> str:
    # Authlib is untyped, and only who uses a key waits for it.
    rfc7523: Any = import_module("authlib.oauth2.rfc7523.assertion")
    issued_at = int(world.clock.now().timestamp())
    header = {"alg": parameters.signing_algorithm}
    if parameters.private_key_id is not None:
        header["kid"] = parameters.private_key_id
    try:
        signed: str = rfc7523.sign_jwt_bearer_assertion(
            _key(parameters),
            parameters.client_id,
            parameters.token_url,
            subject=subject,
            issued_at=issued_at,
            expires_at=issued_at + _LIFE_SECONDS,
            claims={**claims, "jti": world.secret()},
            header=header,
        )
    except Exception:  # noqa: BLE001 - whatever a library says of a bad key
        # Its text may quote the key.
        raise ConfigError(
            f"private_key cannot sign with {parameters.signing_algorithm}: is it a whole, unencrypted PEM?"
        ) from None
    return signed


_KEY_KINDS = {"RS": "RSAKey", "PS": "RSAKey", "ES": "ECKey", "Ed": "OKPKey"}


def _key(parameters: OAuth2Parameters) -> Any:
    # Authlib takes a PEM as well, but would rather be told what kind of key is in it.
    kinds: Any = import_module("joserfc.jwk")
    return getattr(kinds, _KEY_KINDS[parameters.signing_algorithm[:2]]).import_key(parameters.private_key)
