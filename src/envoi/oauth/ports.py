"""What the flows of this room ask of the world, as Protocols beside those of `envoi.ports`.

HTTP is awaited, for it takes its time. Stores, locks and the loopback listener are asked and answer at
once: whoever has to wait for them asks again after a nap (`Clock.sleep`), which makes one implementation
do for threads, tasks and processes alike (docs/decisions/0061). The implementations are in `envoi.drivers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from envoi.oauth.record import Record
    from envoi.oauth.visit import Visit
    from envoi.ports import Clock

__all__ = ["HTTP", "HTTPAnswer", "Hold", "Listener", "TokenStore", "World"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPAnswer:
    """What a web server answered.

    Attributes:
        status: the three digits.
        headers: by name in small letters.
        body: at most a mebibyte of it.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)


class HTTP(Protocol):
    """A client that follows no redirects and keeps no cookies: a secret goes where it was meant to go."""

    async def get(self, url: str) -> HTTPAnswer:
        """Fetch a document.

        Raises:
            TokenUnavailable: nobody answered, or not in time.
        """
        ...

    async def post(
        self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        """Send a form.

        Raises:
            TokenUnavailable: nobody answered, or not in time.
        """
        ...

    async def post_json(
        self, url: str, content: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        """Send a JSON object.

        Raises:
            TokenUnavailable: nobody answered, or not in time.
        """
        ...


class Hold(Protocol):
    """An account's record in one pair of hands, until released."""

    def load(self) -> Record | None:
        """Return what is kept."""
        ...

    def prepare(self) -> None:
        """Make sure that a `save` will find room; done before a refresh token is used up.

        Raises:
            TokenUnavailable: there is none, or no permission.
        """
        ...

    def save(self, record: Record) -> None:
        """Keep the record; when this returns, it survives a crash.

        Raises:
            TokenUnavailable: it could not be kept, and what was kept before still is.
        """
        ...

    def delete(self) -> None:
        """Forget the account."""
        ...

    def release(self) -> None:
        """Let others have it; safe to repeat."""
        ...


class TokenStore(Protocol):
    """Where records are kept, by account."""

    def load(self, account: str) -> Record | None:
        """Return what is kept, without waiting for anybody.

        Raises:
            ConfigError: it cannot be read, or others can read it.
        """
        ...

    def try_hold(self, account: str) -> Hold | None:
        """Take the account, for this thread or task alone among all processes; None when it is taken.

        Raises:
            TokenUnavailable: nobody can take it, for want of room or permission.
        """
        ...


class Listener(Protocol):
    """A web server on the loopback addresses that waits for one browser."""

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    def poll(self) -> Visit | None:
        """Return a whole request, if one has come."""
        ...

    def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        ...


class World(Protocol):
    """Everything the flows of this room need from the outside, in one bundle per colour."""

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def http(self) -> HTTP:
        """The way to authorization servers."""
        ...

    def listen(self, host: str, port: int) -> Listener:
        """Listen on a loopback address; ``localhost`` means both of them, port 0 any free one.

        Raises:
            ConfigError: the port is taken.
        """
        ...

    async def undisturbed(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow to its end, even if whoever waits for it is cancelled meanwhile."""
        ...

    def secret(self) -> str:
        """Fresh random text of 43 characters of the URL alphabet: 256 bits."""
        ...

    def fraction(self) -> float:
        """A random number from 0 to 1."""
        ...
