"""A person signs in with a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 8252).

The browser comes back to a loopback address where `sign_in` listens, or the person pastes the address that it
was sent to. What it brings is believed only with our `state`, and from the right issuer (RFC 9207). A
foreign page that knocks meanwhile is sent away and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest
from importlib import import_module
from inspect import isawaitable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from envoi.errors import Phase, Retry, TokenUnavailable
from envoi.oauth.endpoint import ask, server_name
from envoi.oauth.grants import demand
from envoi.oauth.refusal import refusal_of
from envoi.oauth.visit import page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import Listener, World
    from envoi.oauth.token import Token
    from envoi.oauth.visit import Request

__all__ = ["SignIn", "sign_in", "sign_in_by_paste"]

_NAP_SECONDS = 0.05
_DEFAULT_PORT = 80
# Where nobody listens, the browser shows an error and the address in its bar; any port will do.
_PASTE_PORT = 9000

_DONE = page("Welcome back", "The sign-in has reached the program. You may close this page.")
_DECLINED = page(
    "Not signed in", "The provider sent no permission. The program knows why; you may close this page."
)
_NOT_HERE = page(
    "Nothing here", "This address waits for one sign-in and nothing else.", status="404 Not Found"
)
_NOT_OURS = page(
    "Not the sign-in that is waited for",
    "This answer belongs to another sign-in. Go back to the program and begin again from there.",
    status="400 Bad Request",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One attempt: what is sent to the provider, and what its answer is held against."""

    parameters: OAuth2Parameters
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)

    @property
    def url(self) -> str:
        """Where the browser has to go."""
        # Authlib is untyped, and only who signs in waits for it.
        rfc6749: Any = import_module("authlib.oauth2.rfc6749.parameters")
        rfc7636: Any = import_module("authlib.oauth2.rfc7636")
        address: str = rfc6749.prepare_grant_uri(
            self.parameters.authorization_url,
            client_id=self.parameters.client_id,
            response_type=self.parameters.response_type,
            redirect_uri=self.redirect_uri,
            scope=self.parameters.scope or None,
            state=self.state,
            code_challenge=rfc7636.create_s256_code_challenge(self.verifier),
            code_challenge_method="S256",
            **self.parameters.additional_parameters,
        )
        return address

    def is_answered_by(self, fields: Mapping[str, str]) -> bool:
        """Whether these fields answer this attempt and no other (RFC 6749 §10.12)."""
        return compare_digest(fields.get("state", "").encode(), self.state.encode())

    def code_in(self, fields: Mapping[str, str]) -> str:
        """Return the code.

        Raises:
            TokenUnavailable: the provider sent none, or it is not the provider that was meant.
        """
        self._check_issuer(fields.get("iss"))
        if "error" in fields:
            raise refusal_of(fields).exception(server_name(self.parameters.authorization_url))
        code = fields.get("code")
        if not code:
            raise TokenUnavailable(
                "the browser came back without a code", phase=Phase.AUTH, retry=Retry.NEVER
            )
        return code

    def _check_issuer(self, issuer: str | None) -> None:
        wanted = self.parameters.issuer
        foreign = issuer is not None and bool(wanted) and issuer != wanted
        if foreign or (issuer is None and self.parameters.issuer_is_sent):
            raise TokenUnavailable(
                f"the answer to the sign-in does not come from {wanted} (RFC 9207)",
                phase=Phase.AUTH,
                retry=Retry.NEVER,
                remedy="Somebody may have mixed up two sign-ins on purpose; nothing was given away. "
                "Begin again.",
            )

    async def exchange(self, world: World, fields: Mapping[str, str]) -> Token:
        """Give the code for a token."""
        form = {
            "grant_type": "authorization_code",
            "code": self.code_in(fields),
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return demand(await ask(world, self.parameters, form), self.parameters)


def _begin(world: World, parameters: OAuth2Parameters, port: int) -> SignIn:
    parts = urlsplit(parameters.redirection_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    where = parts._replace(netloc=f"{host}:{port}")
    return SignIn(
        parameters=parameters, redirect_uri=where.geturl(), state=world.secret(), verifier=world.secret()
    )


async def sign_in(
    world: World,
    parameters: OAuth2Parameters,
    *,
    open_url: Callable[[str], object],
    timeout: float,
) -> Token:
    """Have a person sign in with the browser of this machine.

    Args:
        world: time, chance, and the way to the provider.
        parameters: where to sign in.
        open_url: called with the address for the browser, once we listen.
        timeout: seconds that the person has.

    Raises:
        TokenUnavailable: the person declined or did not come, or the provider refused.
        ConfigError: the port is taken.
    """
    parts = urlsplit(parameters.redirection_url)
    port = _DEFAULT_PORT if parts.port is None else parts.port
    listener = world.listen(parts.hostname or "", port)
    try:
        attempt = _begin(world, parameters, listener.port)
        open_url(attempt.url)
        fields = await _awaited(world, attempt, listener, timeout)
    finally:
        listener.close()
    return await attempt.exchange(world, fields)


async def _awaited(world: World, attempt: SignIn, listener: Listener, timeout: float) -> Mapping[str, str]:
    deadline = world.clock.monotonic() + timeout
    while world.clock.monotonic() < deadline:
        visit = listener.poll()
        if visit is None:
            await world.clock.sleep(_NAP_SECONDS)
        elif not _is_for_us(visit.request, attempt, listener.port):
            visit.answer(_NOT_HERE)
        elif not attempt.is_answered_by(visit.request.fields):
            visit.answer(_NOT_OURS)
        else:
            visit.answer(_DECLINED if "error" in visit.request.fields else _DONE)
            return visit.request.fields
    raise TokenUnavailable(
        f"nobody signed in within {timeout:.0f} s",
        phase=Phase.AUTH,
        retry=Retry.NEVER,
        remedy="Sign in with the browser on this machine, or where there is none, paste the address "
        "it is sent to.",
    )


def _is_for_us(request: Request, attempt: SignIn, port: int) -> bool:
    """Check the path, and the Host against names that a page on the web had resolved to this machine."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "[::1]", "localhost")}
    wanted = urlsplit(attempt.redirect_uri).path or "/"
    return request.host.casefold() in hosts and request.path == wanted


async def sign_in_by_paste(
    world: World,
    parameters: OAuth2Parameters,
    *,
    open_url: Callable[[str], object],
    paste: Callable[[], str | Awaitable[str]],
) -> Token:
    """Have a person sign in with the browser of another machine, and bring back the address by hand.

    Args:
        world: chance, and the way to the provider.
        parameters: where to sign in.
        open_url: called with the address for the browser.
        paste: returns the address that the browser ended at, an error page on that machine.

    Raises:
        TokenUnavailable: the address is not the answer to this sign-in, or the provider refused.
    """
    port = urlsplit(parameters.redirection_url).port
    attempt = _begin(world, parameters, port or _PASTE_PORT)
    open_url(attempt.url)
    pasted = paste()
    address = await pasted if isawaitable(pasted) else pasted
    fields = _fields_of(address)
    if not attempt.is_answered_by(fields):
        raise TokenUnavailable(
            "the pasted address is not the answer to this sign-in",
            phase=Phase.AUTH,
            retry=Retry.NEVER,
            remedy="Paste the whole address from the browser's bar, with everything after the question mark.",
        )
    return await attempt.exchange(world, fields)


def _fields_of(address: str) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(urlsplit(address.strip()).query))
    except ValueError:
        return {}
