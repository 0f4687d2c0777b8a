"""Tokens from the objects of other libraries: google-auth, msal, azure-identity, Authlib.

They are known by what they can do; none of the libraries is imported, google-auth's transport excepted,
which only its own objects bring here. Each adapter says how its library is asked, `AskedToken` turns
whatever goes wrong into `TokenUnavailable`. What a caller may give beside them is in `tokens`.
"""

from __future__ import annotations

from importlib import import_module
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from envoi.errors import EnvoiError, Phase, TokenUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

__all__ = [
    "AskedToken",
    "ForeignTokens",
    "authlib_token",
    "azure_token",
    "google_token",
    "msal_token",
    "recognise",
]

_APPLICATION_SCOPE = "https://outlook.office365.com/.default"
_DELEGATED_SCOPE = "https://outlook.office.com/SMTP.Send"
# Any instant that is long past will do; 0 would count as "not known".
_LONG_EXPIRED = 1


class _Ask(Protocol):
    # What comes back is not trusted to be what was agreed.
    def __call__(self, *, renew: bool) -> object: ...


class _Azure(Protocol):
    def get_token(self, *scopes: Any, **options: Any) -> Any: ...


class _MSAL(Protocol):
    def acquire_token_silent(self, *scopes: Any, **options: Any) -> Any: ...


class _Authlib(Protocol):
    def ensure_active_token(self, *token: Any, **options: Any) -> Any: ...


class _Google(Protocol):
    def refresh(self, *request: Any, **options: Any) -> Any: ...


ForeignTokens: TypeAlias = "_Azure | _MSAL | _Authlib | _Google"
"""An object that `recognise` knows."""


class AskedToken:
    """A token source that asks somebody else each time; who keeps the token there renews it, too.

    Args:
        name: what is asked, for messages: "the callable given as auth=".
        ask: returns a token, or an awaitable of one.
    """

    __slots__ = ("_ask", "_name")

    def __init__(self, name: str, ask: _Ask) -> None:
        self._name = name
        self._ask = ask

    async def token(self, *, renew: bool) -> str:
        """Return an access token; with `renew`, a new one if whoever is asked can be told so.

        Raises:
            TokenUnavailable: none was given. What was raised is the cause; its text, which may quote a
                secret, is not repeated.
        """
        try:
            token: object = self._ask(renew=renew)
            if isawaitable(token):
                token = await token
        except EnvoiError:
            raise
        except Exception as error:
            raise TokenUnavailable(f"{self._name} raised {type(error).__name__}", phase=Phase.AUTH) from error
        if not isinstance(token, str):
            raise TokenUnavailable(
                f"{self._name} returned {type(token).__name__}, not a token", phase=Phase.AUTH
            )
        return token


def recognise(auth: Any) -> AskedToken | None:
    """Return the adapter for an object of one of the libraries; None when it is none of them."""
    if _can(auth, "get_token"):
        return azure_token(auth)
    if _can(auth, "acquire_token_silent"):
        return msal_token(auth)
    if _can(auth, "ensure_active_token"):
        return authlib_token(auth)
    if _can(auth, "refresh") and hasattr(auth, "valid"):
        return google_token(auth)
    return None


def azure_token(credential: Any, scope: str = _APPLICATION_SCOPE) -> AskedToken:
    """Take tokens from a credential of azure-identity, blocking or asynchronous.

    Args:
        credential: has ``get_token(scope)``. It keeps its token until shortly before it expires.
        scope: what to ask for; by default application access to Exchange Online.
    """

    def ask(*, renew: bool) -> str | Awaitable[str]:
        del renew  # the library has no word for it
        answer = credential.get_token(scope)
        return _azure_answer(answer) if isawaitable(answer) else answer.token

    return AskedToken("the azure-identity credential", ask)


async def _azure_answer(answer: Awaitable[Any]) -> str:
    token: str = (await answer).token
    return token


def msal_token(app: Any, scopes: Sequence[str] | None = None, *, username: str | None = None) -> AskedToken:
    """Take tokens from an application of msal, which keeps and renews them.

    Args:
        app: a ``ConfidentialClientApplication`` is asked for itself, unless `username` is given; a
            ``PublicClientApplication`` is asked for a person who has signed in with it.
        scopes: what to ask for; by default sending through Exchange Online.
        username: the address of the person, where more than one has signed in.
    """

    def ask(*, renew: bool) -> str:
        if username is None and _can(app, "acquire_token_for_client"):
            if renew and _can(app, "remove_tokens_for_client"):
                app.remove_tokens_for_client()
            answer = app.acquire_token_for_client(list(scopes or [_APPLICATION_SCOPE]))
        else:
            account = next(iter(app.get_accounts(username)), None)
            answer = app.acquire_token_silent(
                list(scopes or [_DELEGATED_SCOPE]), account=account, force_refresh=renew
            )
        return _msal_answer(answer)

    return AskedToken("the msal application", ask)


def _msal_answer(answer: dict[str, Any] | None) -> str:
    if answer and "access_token" in answer:
        token: str = answer["access_token"]
        return token
    if answer is None:
        raise TokenUnavailable(
            "msal has no token and nothing to renew one with",
            phase=Phase.AUTH,
            remedy="Sign in with the application first (acquire_token_interactive or _by_device_flow).",
        )
    # The description names the AADSTS code and holds no secret; its first line says it all.
    told = str(answer.get("error_description", "")).partition("\n")[0].strip()
    raise TokenUnavailable(
        f"msal could not get a token: {answer.get('error', 'unknown error')} {told}".rstrip(),
        phase=Phase.AUTH,
    )


def google_token(credentials: Any, request: Any = None) -> AskedToken:
    """Take tokens from credentials of google-auth.

    Args:
        credentials: made with the scope ``https://mail.google.com/``; renewed when no longer valid.
        request: the ``google.auth.transport`` request to renew with; by default that of requests.
    """

    def ask(*, renew: bool) -> str:
        if renew or not credentials.valid:
            credentials.refresh(request or import_module("google.auth.transport.requests").Request())
        token: str = credentials.token
        return token

    return AskedToken("the google-auth credentials", ask)


def authlib_token(client: Any) -> AskedToken:
    """Take tokens from an ``OAuth2Session`` or ``AsyncOAuth2Client`` of Authlib that has fetched one."""

    def ask(*, renew: bool) -> str | Awaitable[str]:
        if not client.token:
            raise TokenUnavailable(
                "the Authlib session has no token yet", phase=Phase.AUTH, remedy="Call its fetch_token first."
            )
        if renew:
            client.token = {**client.token, "expires_at": _LONG_EXPIRED}
        active = client.ensure_active_token(client.token)
        return _authlib_awaited(client, active) if isawaitable(active) else _authlib_answer(client, active)

    return AskedToken("the Authlib session", ask)


async def _authlib_awaited(client: Any, active: Awaitable[Any]) -> str:
    await active
    return _authlib_answer(client, active=True)


def _authlib_answer(client: Any, active: object) -> str:
    if not active:
        raise TokenUnavailable(
            "the Authlib session's token has expired, and it has nothing to renew it with",
            phase=Phase.AUTH,
            remedy="Give it the token_endpoint and a token with a refresh_token, or sign in again.",
        )
    token: str = client.token["access_token"]
    return token


def _can(thing: object, method: str) -> bool:
    return callable(getattr(thing, method, None))
