"""A person signs in with a browser anywhere, by typing a short code: the device flow (RFC 8628).

For machines without a browser. The program shows the code, then asks every few seconds whether it was
entered; `slow_down` makes the pause longer for good. Google gives no mail scope this way, Microsoft
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from envoi.errors import Phase, Retry, TokenUnavailable
from envoi.oauth.endpoint import ask, post, server_name
from envoi.oauth.grants import demand
from envoi.oauth.refusal import Refusal, json_object, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import World
    from envoi.oauth.token import Token

__all__ = ["DeviceCode", "sign_in_by_device"]

_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL_SECONDS = 5.0
_SLOWER_SECONDS = 5.0
_LONGEST_LIFE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What the person has to know.

    Attributes:
        user_code: what to type.
        verification_url: where.
        complete_url: the same with the code in it, for a QR code; None when the server has none.
        expires_at: until when.
    """

    user_code: str
    verification_url: str
    complete_url: str | None
    expires_at: datetime


async def sign_in_by_device(
    world: World, parameters: OAuth2Parameters, *, show: Callable[[DeviceCode], object]
) -> Token:
    """Have a person sign in on another machine.

    Args:
        world: time, and the way to the provider.
        parameters: where to sign in.
        show: shows the code; may be a coroutine function.

    Raises:
        TokenUnavailable: the person declined or did not come, or the provider refused.
    """
    url = parameters.device_authorization_url
    answer, refusal = await post(world, parameters, url, {"scope": parameters.scope})
    if refusal is not None:
        raise refusal.exception(server_name(url))
    content = json_object(answer)
    secret = _text(content, "device_code", url)
    life = min(_number(content, "expires_in", _LONGEST_LIFE_SECONDS), _LONGEST_LIFE_SECONDS)
    begun_at = world.clock.monotonic()
    shown = show(
        DeviceCode(
            user_code=_text(content, "user_code", url),
            # Some servers still say it as an early draft did.
            verification_url=_text(content, "verification_uri", url, "verification_url"),
            complete_url=content.get("verification_uri_complete"),
            expires_at=world.clock.now() + timedelta(seconds=life),
        )
    )
    if isawaitable(shown):
        await shown
    interval = _number(content, "interval", _DEFAULT_INTERVAL_SECONDS)
    return await _poll(world, parameters, secret, interval, begun_at + life)


async def _poll(
    world: World, parameters: OAuth2Parameters, secret: str, interval: float, deadline: float
) -> Token:
    form = {"grant_type": _DEVICE_CODE, "device_code": secret}
    while world.clock.monotonic() + interval < deadline:
        await world.clock.sleep(interval)
        try:
            outcome = await ask(world, parameters, form)
        except TokenUnavailable as error:
            if error.retry is Retry.NEVER:
                raise
            # RFC 8628 §3.5: whoever does not answer is asked ever more rarely.
            interval *= 2
            continue
        if not isinstance(outcome, Refusal):
            return outcome
        if outcome.error == "slow_down":
            interval += _SLOWER_SECONDS
        elif outcome.busy:
            interval = max(interval * 2, outcome.pause_seconds or 0)
        elif outcome.error != "authorization_pending":
            return demand(outcome, parameters)
    raise refusal_of({"error": "expired_token"}).exception(server_name(parameters.token_url))


def _text(content: Mapping[str, Any], name: str, url: str, *others: str) -> str:
    for key in (name, *others):
        value = content.get(key)
        if isinstance(value, str) and value:
            return value
    raise TokenUnavailable(
        f"{server_name(url)} gave no {name} for the device flow",
        phase=Phase.AUTH,
        retry=Retry.NEVER,
        remedy="Is device_authorization_url right?",
    )


def _number(content: Mapping[str, Any], name: str, default: float) -> float:
    try:
        return max(0.0, float(str(content[name])))
    except (KeyError, ValueError):
        return default
