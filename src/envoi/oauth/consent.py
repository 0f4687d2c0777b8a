"""How a person is asked, and a token by whichever grant the parameters name: `Consent`, `obtain`.

The only module here that knows all grants; each of them is in a module of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.oauth.device import sign_in_by_device
from envoi.oauth.discovery import completed
from envoi.oauth.grants import demand, obtain_alone
from envoi.oauth.parameters import Grant
from envoi.oauth.sign_in import sign_in, sign_in_by_paste

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from envoi.oauth.device import DeviceCode
    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import World
    from envoi.oauth.token import Token

__all__ = ["Consent", "obtain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How to reach the person who signs in.

    Attributes:
        open_url: called with the address to sign in at; None opens the browser of this machine.
        paste: returns the address that the browser ended at, or an awaitable of it. With it nobody listens on
            this machine, so the browser may be on any other.
        show_code: called with the `DeviceCode`, for `Grant.DEVICE_CODE`; may be a coroutine function.
        timeout: seconds that the person has to come back with the browser.
    """

    open_url: Callable[[str], object] | None = None
    paste: Callable[[], str | Awaitable[str]] | None = None
    show_code: Callable[[DeviceCode], object] | None = None
    timeout: float = 300.0


async def obtain(
    world: World, parameters: OAuth2Parameters, consent: Consent, *, open_browser: Callable[[str], object]
) -> Token:
    """Obtain a token by the grant that the parameters name.

    Args:
        world: time, chance, and the way to the provider.
        parameters: what to obtain, and where.
        consent: how to reach the person.
        open_browser: what opens addresses where `consent` says nothing.

    Raises:
        TokenUnavailable: the person or the provider gave none.
        ConfigError: the person cannot be reached in this way.
    """
    parameters = await completed(world, parameters)
    if not parameters.grant.needs_person:
        return demand(await obtain_alone(world, parameters), parameters)
    if parameters.grant is Grant.DEVICE_CODE:
        if consent.show_code is None:
            raise ConfigError("the device flow needs a way to show its code: Consent(show_code=…)")
        return await sign_in_by_device(world, parameters, show=consent.show_code)
    open_url = consent.open_url or open_browser
    if consent.paste is not None:
        return await sign_in_by_paste(world, parameters, open_url=open_url, paste=consent.paste)
    return await sign_in(world, parameters, open_url=open_url, timeout=consent.timeout)
