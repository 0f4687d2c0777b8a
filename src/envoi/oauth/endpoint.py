"""One question to a token endpoint: the client proves itself, a busy server is asked again.

`ask` returns a `Token` or a `Refusal` as values; whoever called decides what a refusal means for it. A server
that says it is busy (429, 503) is asked at most twice more, after the pause it wants or a short one. One
that does not answer is not: it may have used up the refresh token. What is asked is in `grants`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlsplit

from envoi.errors import Phase, Retry, TokenUnavailable
from envoi.oauth.assertion import client_assertion
from envoi.oauth.parameters import ClientAuthentication, Grant
from envoi.oauth.refusal import json_object, read_refusal
from envoi.oauth.token import Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import HTTPAnswer, World
    from envoi.oauth.refusal import Refusal

__all__ = ["ask", "post", "server_name"]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SECRETS = frozenset(
    {
        "assertion",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "device_code",
        "refresh_token",
        "token",
    }
)
_PAUSES_SECONDS = (1.0, 2.0)
_LONGEST_PAUSE_SECONDS = 10.0


async def ask(
    world: World, parameters: OAuth2Parameters, form: Mapping[str, str], *, previous: Token | None = None
) -> Token | Refusal:
    """Ask the token endpoint for a token.

    Args:
        world: the way there, and the time.
        parameters: the client and the address.
        form: the fields of the grant.
        previous: the token that is being renewed.

    Raises:
        TokenUnavailable: nobody answered, or with something else than a token.
    """
    answer, refusal = await post(world, parameters, parameters.token_url, form)
    if refusal is not None:
        return refusal
    try:
        return Token.from_answer(json_object(answer), now=world.clock.now(), previous=previous)
    except ValueError as error:
        raise TokenUnavailable(
            f"{server_name(parameters.token_url)} answered with something that is no token: {error}",
            phase=Phase.AUTH,
            retry=Retry.NEVER,
            remedy="Is token_url the address of a token endpoint?",
        ) from None


async def post(
    world: World, parameters: OAuth2Parameters, url: str, form: Mapping[str, str]
) -> tuple[HTTPAnswer, Refusal | None]:
    """Send a form as the client; return the answer, and the refusal when it is one."""
    fields, headers = _with_client(world, parameters, form)
    secrets = tuple(value for name, value in fields.items() if name in _SECRETS)
    pauses = iter(_PAUSES_SECONDS)
    while True:
        answer = await world.http.post(url, fields, headers=headers)
        if answer.status == 200:
            return answer, None
        refusal = read_refusal(answer, secrets=secrets, now=world.clock.now())
        pause = next(pauses, None)
        if not refusal.busy or pause is None:
            return answer, refusal
        wanted = pause if refusal.pause_seconds is None else refusal.pause_seconds
        if wanted > _LONGEST_PAUSE_SECONDS:
            return answer, refusal
        await world.clock.sleep(wanted)


def server_name(url: str) -> str:
    """The host of an address, for messages."""
    return urlsplit(url).netloc


def _with_client(
    world: World, parameters: OAuth2Parameters, form: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Add what proves the client to the form, or to the headers."""
    fields = dict(form)
    how = parameters.authentication
    if how is ClientAuthentication.BASIC:
        # Both parts are form-encoded before they are joined: RFC 6749 §2.3.1, which many clients forget.
        pair = f"{quote_plus(parameters.client_id)}:{quote_plus(parameters.client_secret or '')}"
        return fields, {"authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}
    if parameters.grant is Grant.SERVICE_ACCOUNT and how is ClientAuthentication.NONE:
        # The signed statement says who asks; there is no client beside it (RFC 7523 §2.1).
        return fields, {}
    fields["client_id"] = parameters.client_id
    if how is ClientAuthentication.POST:
        fields["client_secret"] = parameters.client_secret or ""
    elif how is ClientAuthentication.PRIVATE_KEY:
        fields["client_assertion_type"] = _ASSERTION_TYPE
        fields["client_assertion"] = client_assertion(parameters, world)
    return fields, {}
