"""What the server's side of a login says and knows: steps, verdicts, and the directory of users.

Values only. The dialogues themselves are in `server` and `server_scram`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envoi.smtp.sasl.credentials import Channel

__all__ = ["Challenge", "Dialogue", "Directory", "Failure", "Service", "Step", "Success", "Verdict", "first"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """The server wants a response; `data` is not yet base64."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Success:
    """The client is `username`."""

    username: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The client is refused; `reason` is for the operator, not for the client."""

    reason: str


Verdict = Success | Failure
Step = Challenge | Verdict
Dialogue = Generator[bytes, bytes, Verdict]
"""Yields challenges, receives responses, returns the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Whom the server knows, and by what."""

    accounts: Mapping[str, str] = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)
    certificate_user: str | None
    channel: Channel
    iterations: int

    def admit(self, username: str, authorization_id: str = "") -> Verdict:
        """Let `username` in, as itself; nobody here may act for somebody else."""
        if authorization_id not in ("", username):
            return Failure(f"{username} may not act as {authorization_id}")
        return Success(username)

    def check_password(self, username: str, password: str, authorization_id: str = "") -> Verdict:
        """Let `username` in if this is its password."""
        known = self.accounts.get(username)
        if known is None or not hmac.compare_digest(known.encode(), password.encode()):
            return Failure("wrong user name or password")
        return self.admit(username, authorization_id)


Service = Callable[[Directory, bytes | None], Dialogue]
"""Opens a dialogue, given the client's initial response if it sent one."""


def first(initial: bytes | None) -> Generator[bytes, bytes, bytes]:
    """Return the client's first message, asked for with an empty challenge if it did not come along."""
    return (yield b"") if initial is None else initial
