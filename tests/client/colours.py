"""Both colours of session behind one face, so that one test asks both."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self

from envoi import AsyncSMTPSession, SMTPSession

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Colour:
    """Makes sessions of one colour, and runs what they do to its end."""

    def __init__(self, runner: asyncio.Runner | None) -> None:
        self._runner = runner

    @property
    def kind(self) -> type[SMTPSession | AsyncSMTPSession]:
        """The class."""
        return SMTPSession if self._runner is None else AsyncSMTPSession

    def session(self, *arguments: Any, **options: Any) -> Any:
        """A session; its methods block."""
        return self.wrapped(self.kind(*arguments, **options))

    def from_url(self, url: str, **options: Any) -> Any:
        """The same from an URL."""
        return self.wrapped(self.kind.from_url(url, **options))

    def wrapped(self, session: Any) -> Any:
        """The session itself, or one whose methods wait."""
        return session if self._runner is None else Waiting(session, self._runner)


class Waiting:
    """An asynchronous session as if it blocked."""

    def __init__(self, session: Any, runner: asyncio.Runner) -> None:
        self._session = session
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        return self._blocking(found) if callable(found) else found

    def __enter__(self) -> Self:
        self._runner.run(self._session.__aenter__())
        return self

    def __exit__(self, *error: object) -> None:
        self._runner.run(self._session.__aexit__(*error))

    def __repr__(self) -> str:
        return repr(self._session)

    def _blocking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*arguments: Any, **options: Any) -> Any:
            made = method(*arguments, **options)
            return await made if inspect.isawaitable(made) else [item async for item in made]

        return lambda *arguments, **options: self._runner.run(call(*arguments, **options))
