"""One login as a dialogue: `Exchange`, and the strict decoding of what the server says in it.

A mechanism is a script: a generator that yields what the client says and is sent what the
server answers. `Exchange` plays it and guards its edges, so that no script has to think of a
server that accepts too early or asks for too much. Nothing here knows SMTP's reply codes, or
that responses travel as base64; `decode_challenge` is for the neighbour who does.
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from envoi.errors import Phase, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Exchange", "Last", "Script", "broken", "decode_challenge"]

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Last:
    """A response after which the server may accept; after any other it may not."""

    data: bytes


Script = Generator[bytes | Last | None, bytes, None]
"""Yields responses (first `None` where the server speaks first), receives challenges."""


class Exchange:
    """A login in progress, seen from the client. One exchange serves one attempt.

    Call `begin` once, `respond` for each challenge, `finish` when the server accepts. When the
    server refuses, drop the exchange; `failure` then tells what it had to say beforehand.
    """

    __slots__ = ("_complete", "_failure", "_script")

    def __init__(self, script: Script, failure: Mapping[str, str] = _NOTHING) -> None:
        self._script = script
        self._failure = failure
        self._complete = False

    def begin(self) -> bytes | None:
        """Return the initial response, not yet base64, or `None` where the server speaks first.

        Raises:
            UsageError: the credentials do not fit the mechanism.
        """
        return self._play(next(self._script))

    def respond(self, challenge: bytes) -> bytes:
        """Return the response to a decoded challenge.

        Raises:
            RemoteProtocolError: the challenge is malformed, or none was due.
            AuthenticationFailed: the server could not prove itself, or gave up.
        """
        self._complete = False
        try:
            step = self._script.send(challenge)
        except StopIteration:
            raise broken("the server asks for more than the mechanism has to say") from None
        return self._play(step) or b""

    def finish(self) -> None:
        """Take note that the server accepts.

        Raises:
            RemoteProtocolError: it does so before the mechanism is through, for SCRAM before it
                has proved that it knows the password.
        """
        if not self._complete:
            raise broken("the server accepted the login before the mechanism was through")

    @property
    def failure(self) -> Mapping[str, str] | None:
        """What the server said in a failing OAuth login (RFC 7628 §3.2.2), if it did.

        Keys such as ``status``, ``schemes``, ``scope``, ``openid-configuration``.
        """
        return MappingProxyType(dict(self._failure)) if self._failure else None

    def _play(self, step: bytes | Last | None) -> bytes | None:
        if isinstance(step, Last):
            self._complete = True
            return step.data
        return step


def broken(message: str) -> RemoteProtocolError:
    """Return the error for a server that does not keep to the mechanism."""
    return RemoteProtocolError(message, phase=Phase.AUTH)


def decode_challenge(text: str | bytes) -> bytes:
    """Decode the base64 that follows a ``334`` (RFC 4954 §4), padding and alphabet checked.

    Raises:
        RemoteProtocolError: it is not base64. The text is not quoted: it may be an echo.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise broken(f"the server's challenge of {len(text)} characters is not valid base64") from None
