"""Token sources: whatever a caller gives as `auth=`, behind one port.

A token as a string, a callable or an async callable that returns one, an object of another library
(`foreign_tokens`), or one that is a `TokenSource` already. Obtaining and storing tokens is another
room's business (`oauth`); here they are only asked for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from envoi.errors import ConfigError, Phase, TokenUnavailable
from envoi.session.foreign_tokens import AskedToken, recognise
from envoi.smtp.sasl import Credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from envoi.ports import TokenSource
    from envoi.session.foreign_tokens import ForeignTokens

__all__ = ["Auth", "TokenAuth", "token_source"]

TokenAuth: TypeAlias = "str | Callable[[], str | Awaitable[str]] | TokenSource | ForeignTokens"
Auth: TypeAlias = "tuple[str, str] | TokenAuth"
"""What `auth=` takes: a user with a password, or a token in one of many ways.

The objects of other libraries are known by what they can do.

Whoever is asked is asked in the session's own thread or task: under asyncio, something that blocks
(google-auth, msal) stops the event loop meanwhile; an async callable around `asyncio.to_thread` does not.
"""


def token_source(auth: TokenAuth) -> TokenSource:
    """Return the source behind what the caller gave.

    Raises:
        ConfigError: it is none of the kinds that are understood.
        UsageError, InvalidHeader: it is text, and no token.
    """
    if isinstance(auth, str):
        return _FixedToken(auth)
    if callable(getattr(auth, "token", None)):
        source: Any = auth
        return source  # type: ignore[no-any-return]
    foreign = recognise(auth)
    if foreign is not None:
        return foreign
    if callable(auth):
        return AskedToken("the callable given as auth=", partial(_called, auth))
    raise ConfigError(
        "auth= takes (user, password), a token, a callable that returns one, an object of google-auth, msal, "
        f"azure-identity or Authlib, or a token source, not {type(auth).__name__}"
    )


def _called(call: Callable[[], object], *, renew: bool) -> object:
    del renew  # a callable that caches must know by itself when to renew
    return call()


class _FixedToken:
    """One token, which nobody can renew."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        # What is no token is refused now, not after connecting.
        Credentials(token=token)
        self._token = token

    async def token(self, *, renew: bool) -> str:
        if renew:
            raise TokenUnavailable(
                "the token was given as a string, which cannot be renewed", phase=Phase.AUTH
            )
        return self._token
