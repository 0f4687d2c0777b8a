"""AUTH as the server sees it (RFC 4954): one attempt, from the command to 235 or a refusal.

Carries base64 and reply codes; the mechanisms themselves are `envoi.smtp.sasl.serve`'s.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from envoi.smtp.sasl import Challenge, Failure, Success
from envoi.testing.answers import Answer

if TYPE_CHECKING:
    from envoi.smtp.sasl import ServerExchange, Step

__all__ = ["Login"]

_NOT_BASE64 = Answer.of("501 5.5.2 that is not base64")


class Login:
    """An attempt to log in.

    Attributes:
        username: who it was, once it has succeeded.
    """

    __slots__ = ("_exchange", "username")

    def __init__(self, exchange: ServerExchange) -> None:
        self._exchange = exchange
        self.username: str | None = None

    def begin(self, initial: str) -> Answer:
        """Take the initial response: base64, ``=`` for an empty one, empty for none."""
        if not initial:
            return self._answer(self._exchange.begin(None))
        response = b"" if initial == "=" else _decode(initial)
        return _NOT_BASE64 if response is None else self._answer(self._exchange.begin(response))

    def respond(self, line: str) -> Answer:
        """Take the client's answer to a challenge."""
        if line == "*":
            return Answer(501, "5.7.0", ("the login was cancelled",))
        response = _decode(line)
        return _NOT_BASE64 if response is None else self._answer(self._exchange.respond(response))

    def _answer(self, step: Step) -> Answer:
        match step:
            case Challenge(data=challenge):
                return Answer(334, "", (base64.b64encode(challenge).decode(),))
            case Success(username=username):
                self.username = username
                return Answer(235, "2.7.0", ("welcome",))
            case Failure(reason=reason):
                return Answer(535, "5.7.8", (f"login refused: {reason}",))


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
