"""Token sources: whatever a caller gives as `auth=`, behind one port.

A token as a string, a callable or an async callable that returns one, or an object that is a
`TokenSource` already. Obtaining and storing tokens is another room's business (`oauth`); here they
are only asked for.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias

from envoi.errors import ConfigError, EnvoiError, Phase, TokenUnavailable
from envoi.smtp.sasl import Credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from envoi.ports import TokenSource

__all__ = ["Auth", "token_source"]

Auth: TypeAlias = "str | Callable[[], str | Awaitable[str]] | TokenSource"
"""What `auth=` takes."""


def token_source(auth: Auth) -> TokenSource:
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
    if callable(auth):
        return _CalledToken(auth)
    raise ConfigError(
        f"auth= takes a token, a callable that returns one, or a token source, not {type(auth).__name__}"
    )


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


class _CalledToken:
    """Asks a callable each time; one that caches must know by itself when to renew."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], str | Awaitable[str]]) -> None:
        self._call = call

    async def token(self, *, renew: bool) -> str:
        del renew
        try:
            token = self._call()
            if isawaitable(token):
                token = await token
        except EnvoiError:
            raise
        except Exception as error:
            # Its text may quote a secret: only the kind of error is told, the rest is in the cause.
            raise TokenUnavailable(
                f"the callable given as auth= raised {type(error).__name__}", phase=Phase.AUTH
            ) from error
        if not isinstance(token, str):
            raise TokenUnavailable(
                f"the callable given as auth= returned {type(token).__name__}, not a token", phase=Phase.AUTH
            )
        return token
