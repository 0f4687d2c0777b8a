"""Starlette (extra ``starlette``): a session, an outbox and a worker that live as long as the application.

`lifespan` opens and closes them, `session` and `outbox` find them again in a request. The same for FastAPI's
dependencies is in `fastapi`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection  # noqa: TC002 - FastAPI reads the annotations

from envoi import AsyncOutbox, AsyncSMTPSession
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from pathlib import Path

    from envoi.client.worker import AsyncWorker

__all__ = ["lifespan", "outbox", "session"]

_SESSION = "envoi_session"
_OUTBOX = "envoi_outbox"


def lifespan(
    *,
    session: str | Callable[[], AsyncSMTPSession] | None = None,
    outbox: str | Path | Callable[[], AsyncOutbox] | None = None,
    worker: Callable[[AsyncOutbox], AsyncWorker] | None = None,
    inner: Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]] | None = None,
) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]:
    """Return the lifespan of an application that sends mail.

    ::

        app = Starlette(routes=…, lifespan=lifespan(session="smtps://app@mail.example.com"))

        async def order(request):
            await session(request).send(Email(…))

        app = Starlette(routes=…, lifespan=lifespan(outbox="sqlite:///outbox.db", worker=AsyncWorker))

    The connection is made by the first mail, so that an application starts without its mail server, and is
    closed at the end. A worker finishes what is in flight.

    Args:
        session: an URL, or what makes a session.
        outbox: an URL or a file, or what makes an outbox.
        worker: makes a worker of that outbox, which sends in the background.
        inner: the application's own lifespan, begun after this and ended before it.

    Raises:
        ConfigError: there is nothing to open, or a worker without an outbox.
    """
    if session is None and outbox is None:
        raise ConfigError("lifespan() opens a session, an outbox or both: say which")
    if worker is not None and outbox is None:
        raise ConfigError("a worker sends what is in an outbox: give outbox= as well")

    @asynccontextmanager
    async def lives(app: Any) -> AsyncGenerator[dict[str, Any]]:
        state: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            if session is not None:
                made = AsyncSMTPSession.from_url(session) if isinstance(session, str) else session()
                stack.push_async_callback(made.close)
                state[_SESSION] = made
            if outbox is not None:
                kept = await stack.enter_async_context(outbox() if callable(outbox) else AsyncOutbox(outbox))
                state[_OUTBOX] = kept
                if worker is not None:
                    await stack.enter_async_context(worker(kept))
            if inner is not None:
                more = await stack.enter_async_context(inner(app))
                state |= more or {}
            yield state

    return lives


def session(connection: HTTPConnection) -> AsyncSMTPSession:
    """Return the application's session, in a request or a WebSocket.

    Raises:
        ConfigError: the lifespan opened none.
    """
    found: AsyncSMTPSession = _found(connection, _SESSION, "session")
    return found


def outbox(connection: HTTPConnection) -> AsyncOutbox:
    """Return the application's outbox, in a request or a WebSocket.

    Raises:
        ConfigError: the lifespan opened none.
    """
    found: AsyncOutbox = _found(connection, _OUTBOX, "outbox")
    return found


def _found(connection: HTTPConnection, name: str, argument: str) -> Any:
    try:
        return getattr(connection.state, name)
    except AttributeError:
        raise ConfigError(f"the application has no {argument}: give lifespan({argument}=…)") from None
