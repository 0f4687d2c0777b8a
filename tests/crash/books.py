"""The books of a run: what was acknowledged, what arrived, what is held, and what of it may not be.

An acknowledged message that never arrived is lost; one that arrived more than once is a duplicate, and there
may be as many of it as times it was in flight when its worker died, and as many more altogether as replies
that the server kept to itself. Who is killed when is in `run`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING
from uuid import UUID

from envoi.outbox import State
from tests.crash.actors import read_journal

if TYPE_CHECKING:
    from tests.crash.place import Place

__all__ = ["Books"]


@dataclass(slots=True, kw_only=True)
class Books:
    """What came of it.

    Attributes:
        kills: processes that died: by name of the step, or at random.
        acknowledged: messages that were acknowledged.
        lost: those of them that neither arrived nor are held for a person.
        held: messages that are held, since nobody knows.
        duplicates: arrivals beyond the first of a message.
        unexplained: those of messages that were not as often in flight.
        in_flight: how often which message was on its way when its worker died, or was stopped.
        silent: how often the server took a message and kept its reply to itself.
        strangers: what arrived though nobody had begun to submit it.
    """

    kills: Counter[str] = field(default_factory=Counter[str])
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list[str])
    held: int = 0
    duplicates: int = 0
    unexplained: int = 0
    in_flight: Counter[UUID] = field(default_factory=Counter[UUID])
    silent: int = 0
    strangers: int = 0
    seconds: float = 0.0

    def problems(self, *, hold: bool) -> list[str]:
        """What must not be."""
        found = []
        if self.lost:
            found.append(f"{len(self.lost)} acknowledged messages were lost: {self.lost[:5]}")
        if hold and self.duplicates:
            found.append(f"{self.duplicates} duplicates, though what is unknown was to be held")
        if self.unexplained > self.silent:
            found.append(f"{self.unexplained} duplicates of messages that were not in flight")
        if self.strangers:
            found.append(f"{self.strangers} messages came from nowhere")
        if not self.acknowledged:
            found.append("nothing was acknowledged at all")
        return found

    def __str__(self) -> str:
        return (
            f"{self.kills.total()} killed ({len(self.kills)} ways), {self.acknowledged} acknowledged, "
            f"{len(self.lost)} lost, {self.duplicates} duplicates ({self.in_flight.total()} were in flight, "
            f"{self.silent} silences, {self.unexplained} unexplained), {self.held} held, {self.seconds:.0f} s"
        )

    def __add__(self, other: Books) -> Books:
        """The figures of both."""
        mine = {one.name: getattr(self, one.name) for one in fields(self)}
        return Books(**{name: value + getattr(other, name) for name, value in mine.items()})

    def balance(self, place: Place, received: Counter[str]) -> None:
        """Hold what arrived against what the submitters wrote down, and against what the outbox says."""
        journals = [read_journal(journal) for journal in place.folder.glob("journal-*")]
        begun = {key for one, _ in journals for key in one}
        acknowledged = {key for _, other in journals for key in other}
        with place.outbox() as outbox:
            held = {status.key for status in outbox.find(state=State.UNKNOWN)}
            self.lost = [
                f"{key}: {[one.recipients for one in outbox.find(key=key)]}"
                for key in sorted(acknowledged - set(received) - held)
            ]
            self.unexplained = sum(
                max(0, times - 1 - sum(self.in_flight[UUID(one.id)] for one in outbox.find(key=key)))
                for key, times in received.items()
                if times > 1
            )
        self.acknowledged = len(acknowledged)
        self.held = len(held)
        self.duplicates = sum(count - 1 for count in received.values())
        self.strangers = len(set(received) - begun)
        silent = place.folder / "silent"
        self.silent = len(silent.read_text()) if silent.exists() else 0
