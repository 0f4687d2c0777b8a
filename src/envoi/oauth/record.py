"""What is kept of an account: `Record`, and its form on paper.

A token, and why it cannot be renewed when that is so. The form is JSON with a version: one that a newer
envoi wrote is refused rather than guessed at. Where the bytes go is the stores' business
(`envoi.drivers`); how they are encrypted, `sealing`'s.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from envoi.errors import ConfigError
from envoi.oauth.token import Token

__all__ = ["Record", "Refused"]

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why the authorization server wants to see a person, and since when."""

    why: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a store keeps for an account."""

    token: Token
    refused: Refused | None = None

    def to_bytes(self) -> bytes:
        """Return the record as JSON."""
        token = self.token
        content: dict[str, Any] = {
            "version": _VERSION,
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "obtained_at": token.obtained_at.isoformat(),
            "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
            "scope": token.scope,
            "id_token": token.id_token,
            "refused": None
            if self.refused is None
            else {"why": self.refused.why, "since": self.refused.since.isoformat()},
        }
        return json.dumps(content).encode("ascii")

    @classmethod
    def from_bytes(cls, raw: bytes, *, place: str) -> Record:
        """Read a record.

        Args:
            raw: what `to_bytes` made.
            place: where it was found, for messages.

        Raises:
            ConfigError: it is damaged, or a newer envoi's; the text repeats nothing of it.
        """
        content = read_object(raw, place=place)
        try:
            refused = content["refused"]
            return cls(
                token=Token(
                    access_token=_text(content["access_token"]),
                    refresh_token=content["refresh_token"],
                    obtained_at=_instant(content["obtained_at"]),
                    expires_at=None if content["expires_at"] is None else _instant(content["expires_at"]),
                    scope=_text(content["scope"]),
                    id_token=content["id_token"],
                ),
                refused=None
                if refused is None
                else Refused(why=_text(refused["why"]), since=_instant(refused["since"])),
            )
        except (KeyError, TypeError, ValueError):
            raise damaged(place) from None


def read_object(raw: bytes, *, place: str) -> dict[str, Any]:
    """Read a JSON object of our version.

    Raises:
        ConfigError: it is damaged, or a newer envoi's.
    """
    try:
        content = json.loads(raw)
        version = content["version"]
    except (ValueError, KeyError, TypeError):
        raise damaged(place) from None
    if version != _VERSION:
        raise ConfigError(
            f"{place} is of version {version!r}, and this envoi reads version {_VERSION}: it was "
            f"written by a "
            "newer one. Use that, or delete it and sign in again"
        )
    found: dict[str, Any] = content
    return found


def damaged(place: str) -> ConfigError:
    """The error for what cannot be read."""
    return ConfigError(f"{place} is damaged, perhaps cut off: delete it and sign in again")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant
