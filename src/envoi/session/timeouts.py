"""How long each phase may take.

Values only; `link` applies them. The defaults keep the proportions of RFC 5321 §4.5.3.2, scaled
from mail servers, which can wait, to programs, which have somebody waiting; only the final dot keeps
its ten minutes, because giving up there means not knowing (RFC 1047).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from envoi.errors import Phase, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Timeouts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds per phase; None waits for ever.

    Attributes:
        connect: resolving the name and connecting, all addresses together.
        greeting: the server's first line.
        tls: the handshake.
        reply: any reply that has no field of its own.
        content: the server taking some more of the message.
        final: the reply to the final dot, or to ``BDAT … LAST``.
        quit: the reply to QUIT, which nobody needs.

    Raises:
        UsageError: a timeout is zero or negative.
    """

    connect: float | None = 10.0
    greeting: float | None = 60.0
    tls: float | None = 30.0
    reply: float | None = 60.0
    content: float | None = 60.0
    final: float | None = 600.0
    quit: float | None = 2.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value is not None and not value > 0:
                raise UsageError(
                    f"the timeout {entry.name}={value!r} must be more than 0 seconds, or None for no limit"
                )

    @classmethod
    def of(cls, value: Timeouts | float | None) -> Timeouts:
        """Return `value` itself, or one number of seconds (or None) for every phase."""
        if isinstance(value, Timeouts):
            return value
        return cls(**{entry.name: value for entry in fields(cls)})

    def by_phase(self) -> Mapping[Phase, float | None]:
        """Return the timeout of each phase."""
        return {phase: getattr(self, _FIELD.get(phase, "reply")) for phase in Phase}


_FIELD: Mapping[Phase, str] = {
    Phase.CONNECT: "connect",
    Phase.GREETING: "greeting",
    Phase.TLS: "tls",
    Phase.CONTENT: "content",
    Phase.FINAL: "final",
    Phase.QUIT: "quit",
}
