"""An account's token over its life: kept, renewed once by whoever comes first, ended.

`Lifecycle` is a `TokenSource`. However many threads, tasks and processes want the token, one of them
holds the account and asks the provider, the others read what it stored (docs/decisions/0061). A new
token is stored before it is used, for with rotation the old refresh token is worth nothing any more.
How a token is had is in `grants` and `sign_in`, where it is kept in `envoi.drivers`.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from envoi.errors import ConfigError, Phase, Retry, TokenUnavailable
from envoi.oauth.discovery import completed
from envoi.oauth.endpoint import server_name
from envoi.oauth.grants import renew, revoke
from envoi.oauth.record import Record, Refused
from envoi.oauth.refusal import Refusal
from envoi.oauth.token import TokenState, TokenStatus

if TYPE_CHECKING:
    from collections.abc import Generator

    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import Hold, TokenStore, World
    from envoi.oauth.token import Token

__all__ = ["Lifecycle"]

AHEAD_SECONDS = 300.0
_JITTER_SECONDS = 60.0
# A token younger than this that a mail server refuses is not the problem: another would fare no better, and
# whoever was refused the one before it finds it already renewed.
_FRESH_SECONDS = 60.0
_NAP_SECONDS = 0.02
_PATIENCE_SECONDS = 120.0
# How long one failure stands for all who ask.
_PAUSE_SECONDS = 5.0


class _Need(Enum):
    NOTHING = auto()
    SOON = auto()
    """Renew if nobody else does; the token is still good."""
    NOW = auto()


class Lifecycle:
    """The token of one account."""

    __slots__ = ("_account", "_ahead_seconds", "_failure", "_parameters", "_store", "_unsaved", "_world")

    def __init__(self, world: World, parameters: OAuth2Parameters, store: TokenStore, account: str) -> None:
        self._world = world
        self._parameters = parameters
        self._store = store
        self._account = account
        # Programs that signed in together do not all renew in the same second.
        self._ahead_seconds = AHEAD_SECONDS + _JITTER_SECONDS * world.fraction()
        self._failure: tuple[TokenUnavailable, float] | None = None
        self._unsaved: Record | None = None

    async def token(self, *, renew: bool) -> str:
        """Return an access token, renewed when it is about to expire; see `envoi.ports.TokenSource`.

        Args:
            renew: the mail server refused the last one. One that is not a minute old is not renewed again.

        Raises:
            TokenUnavailable: there is none; `remedy` says what to do.
            ConfigError: the store cannot be read.
        """
        patience = self._world.clock.monotonic() + _PATIENCE_SECONDS
        while True:
            record = self._store.load(self._account)
            need = self._need(record, refused=renew)
            if record is not None and need is _Need.NOTHING:
                return record.token.access_token
            hold = self._store.try_hold(self._account)
            if hold is not None:
                return await self._world.undisturbed(self._renewed(hold, refused=renew))
            if record is not None and need is _Need.SOON:
                return record.token.access_token
            await self._nap(patience)

    def status(self) -> TokenStatus:
        """Say how the account stands; asks nobody."""
        record = self._store.load(self._account)
        if record is None:
            if self._parameters.grant.needs_person:
                return TokenStatus(state=TokenState.NEEDS_CONSENT, why="Nobody has signed in yet")
            return TokenStatus(state=TokenState.EXPIRING)
        token, now = record.token, self._world.clock.now()
        if record.refused is not None:
            return TokenStatus(
                state=TokenState.NEEDS_CONSENT,
                expires_at=token.expires_at,
                why=record.refused.why,
                since=record.refused.since,
            )
        expiring = token.is_expiring(now, ahead_seconds=self._ahead_seconds)
        if expiring and token.refresh_token is None and self._parameters.grant.needs_person:
            return TokenStatus(
                state=TokenState.NEEDS_CONSENT,
                expires_at=token.expires_at,
                why="The provider gave no refresh token with this one",
                since=token.obtained_at,
            )
        return TokenStatus(
            state=TokenState.EXPIRING if expiring else TokenState.VALID, expires_at=token.expires_at
        )

    async def keep(self, token: Token) -> None:
        """Store a token that somebody has just signed in for."""
        with _released(await self._held()) as hold:
            hold.save(Record(token=token))
            self._unsaved = self._failure = None

    async def end(self, *, revoked: bool) -> None:
        """Forget the token, and with `revoked` give it back first.

        Raises:
            TokenUnavailable: the provider would not have it; it is kept, so that this can be repeated.
        """
        with _released(await self._held()) as hold:
            # What is only forgotten need not be readable.
            record = hold.load() if revoked else None
            if record is not None:
                self._parameters = await completed(self._world, self._parameters)
                await revoke(self._world, self._parameters, record.token)
            hold.delete()
            self._unsaved = self._failure = None

    def _need(self, record: Record | None, *, refused: bool) -> _Need:
        if record is None or self._unsaved is not None:
            return _Need.NOW
        token, now = record.token, self._world.clock.now()
        if token.has_expired(now):
            return _Need.NOW
        if refused:
            age = abs((now - token.obtained_at).total_seconds())
            return _Need.NOTHING if age < _FRESH_SECONDS else _Need.NOW
        if record.refused is None and token.is_expiring(now, ahead_seconds=self._ahead_seconds):
            return _Need.SOON
        return _Need.NOTHING

    async def _renewed(self, hold: Hold, *, refused: bool) -> str:
        with _released(hold):
            record = self._recovered(hold)
            need = self._need(record, refused=refused)
            if record is not None and need is _Need.NOTHING:
                # Somebody else has renewed it since we looked.
                return record.token.access_token
            try:
                self._check_hope(record)
                return await self._ask_provider(hold, record)
            except (TokenUnavailable, ConfigError):
                if record is not None and need is _Need.SOON and self._unsaved is None:
                    # It is good for some minutes yet: no reason to keep a mail back.
                    return record.token.access_token
                raise

    def _recovered(self, hold: Hold) -> Record | None:
        """Store what could not be stored last time, unless somebody has signed in since."""
        record, unsaved = hold.load(), self._unsaved
        if unsaved is None:
            return record
        if record is None or record.token.obtained_at < unsaved.token.obtained_at:
            hold.save(unsaved)
            record = unsaved
        self._unsaved = None
        return record

    def _check_hope(self, record: Record | None) -> None:
        """Ask nobody where the answer is known."""
        if record is not None and record.refused is not None:
            since = record.refused.since.strftime("%Y-%m-%d %H:%M UTC")
            raise TokenUnavailable(
                f"{self._account} has to sign in again (since {since}): {record.refused.why}",
                phase=Phase.AUTH,
                retry=Retry.NEVER,
            )
        if self._failure is not None and self._world.clock.monotonic() < self._failure[1]:
            raise copy.copy(self._failure[0])

    async def _ask_provider(self, hold: Hold, record: Record | None) -> str:
        hold.prepare()
        try:
            self._parameters = await completed(self._world, self._parameters)
            outcome = await renew(self._world, self._parameters, None if record is None else record.token)
        except TokenUnavailable as error:
            self._remember(error, _PAUSE_SECONDS)
            raise
        if isinstance(outcome, Refusal):
            raise self._refused(hold, record, outcome)
        self._unsaved = Record(token=outcome)
        hold.save(self._unsaved)
        self._unsaved = self._failure = None
        return outcome.access_token

    def _refused(self, hold: Hold, record: Record | None, refusal: Refusal) -> TokenUnavailable:
        error = refusal.exception(server_name(self._parameters.token_url))
        if refusal.consent and record is not None:
            hold.save(replace(record, refused=Refused(why=refusal.why, since=self._world.clock.now())))
        elif not refusal.consent:
            self._remember(error, refusal.pause_seconds or _PAUSE_SECONDS)
        return error

    def _remember(self, error: TokenUnavailable, seconds: float) -> None:
        self._failure = copy.copy(error), self._world.clock.monotonic() + seconds

    async def _held(self) -> Hold:
        patience = self._world.clock.monotonic() + _PATIENCE_SECONDS
        while (hold := self._store.try_hold(self._account)) is None:
            await self._nap(patience)
        return hold

    async def _nap(self, patience: float) -> None:
        if self._world.clock.monotonic() >= patience:
            raise TokenUnavailable(
                f"another thread or process has been renewing the token of {self._account} for "
                f"{_PATIENCE_SECONDS:.0f} s",
                phase=Phase.AUTH,
                retry=Retry.LATER,
            )
        await self._world.clock.sleep(_NAP_SECONDS * (1 + self._world.fraction()))


@contextmanager
def _released(hold: Hold) -> Generator[Hold]:
    try:
        yield hold
    finally:
        hold.release()
