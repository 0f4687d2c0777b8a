"""FastAPI (extra ``fastapi``): the session and the outbox of the application as dependencies.

Their lives are those of `starlette` beside this, whose `lifespan` is handed on here.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends

from envoi import AsyncOutbox, AsyncSMTPSession
from envoi.integrations.starlette import lifespan, outbox, session

__all__ = ["OutboxDep", "SessionDep", "lifespan"]

SessionDep: TypeAlias = Annotated[AsyncSMTPSession, Depends(session)]
"""The application's session, as a parameter of a path operation::

    app = FastAPI(lifespan=lifespan(session="smtps://app@mail.example.com"))

    @app.post("/orders")
    async def order(mail: SessionDep) -> None:
        await mail.send(Email(…))
"""
OutboxDep: TypeAlias = Annotated[AsyncOutbox, Depends(outbox)]
"""The application's outbox, likewise."""
