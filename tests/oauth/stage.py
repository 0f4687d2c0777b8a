"""The world of the flows, made of values: written answers, a still clock, counted chance."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.oauth.parameters import OAuth2Parameters
from envoi.oauth.ports import HTTPAnswer
from envoi.oauth.visit import Request, Visit
from envoi.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

T = TypeVar("T")

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN_URL = "https://login.example.org/token"


def parameters(**changes: Any) -> OAuth2Parameters:
    """A public client of an imaginary provider."""
    values: dict[str, Any] = {
        "client_id": "client",
        "token_url": TOKEN_URL,
        "authorization_url": "https://login.example.org/authorize?tenant=t",
        "device_authorization_url": "https://login.example.org/device",
        "revocation_url": "https://login.example.org/revoke",
        "issuer": "https://login.example.org",
        "scope": "mail offline_access",
    }
    return OAuth2Parameters(**values | changes)


def answered(status: int = 200, headers: Mapping[str, str] | None = None, **content: Any) -> HTTPAnswer:
    """An answer with a JSON object."""
    return HTTPAnswer(status=status, headers=headers or {}, body=json.dumps(content).encode())


def token_answer(number: int = 1, **changes: Any) -> HTTPAnswer:
    """A token endpoint's answer that rotates the refresh token."""
    content: dict[str, Any] = {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    return answered(**content | changes)


class WrittenHTTP:
    """Gives the answers in order and keeps what was asked."""

    def __init__(self, *answers: HTTPAnswer | Exception) -> None:
        self.answers = deque(answers)
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []

    async def get(self, url: str) -> HTTPAnswer:
        return self._next(url, {}, {})

    async def post(
        self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        return self._next(url, dict(form), dict(headers or {}))

    async def post_json(
        self, url: str, content: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        return self._next(url, dict(content), dict(headers or {}))

    def _next(self, url: str, form: dict[str, Any], headers: dict[str, str]) -> HTTPAnswer:
        self.asked.append((url, form, headers))
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


class WrittenListener:
    """Visitors in order; None is a moment without any."""

    port = 4711

    def __init__(self, visits: list[Request | None]) -> None:
        self.visits = visits
        self.pages: list[bytes] = []
        self.closed = False

    def poll(self) -> Visit | None:
        request = self.visits.pop(0) if self.visits else None
        return None if request is None else Visit(request=request, answer=self.pages.append)

    def close(self) -> None:
        self.closed = True


@dataclass
class StillWorld:
    """A world in which nothing happens by itself."""

    http: WrittenHTTP = field(default_factory=WrittenHTTP)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    listener: WrittenListener = field(default_factory=lambda: WrittenListener([]))
    on_listen: Callable[[str, int], None] = lambda host, port: None
    secrets_drawn: int = 0

    def listen(self, host: str, port: int) -> WrittenListener:
        self.on_listen(host, port)
        return self.listener

    def secret(self) -> str:
        self.secrets_drawn += 1
        return f"secret-{self.secrets_drawn}-".ljust(43, "x")

    def fraction(self) -> float:
        return 0.5

    async def undisturbed(self, flow: Coroutine[Any, Any, T]) -> T:
        return await flow


def world(*answers: HTTPAnswer | Exception) -> StillWorld:
    """A world with these answers."""
    return StillWorld(http=WrittenHTTP(*answers))
