"""The books of a run: what was acknowledged, what arrived, what is held, and what of it may not be.

An acknowledged message that never arrived is lost; one that arrived more than once is a duplicate, and there
may be as many as transactions were in flight when their processes died, or as replies that the server kept to
itself. Who is killed when is in `run`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

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
        in_flight: messages that were on their way when their worker died, or was stopped.
        silent: how often the server took a message and kept its reply to itself.
        strangers: what arrived though nobody had begun to submit it.
    """

    kills: Counter[str] = field(default_factory=Counter[str])
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list[str])
    held: int = 0
    duplicates: int = 0
    in_flight: int = 0
    silent: int = 0
    strangers: int = 0
    seconds: float = 0.0

    def problems(self, *, hold: bool) -> list[str]:
        """What must not be."""
        allowed = 0 if hold else self.in_flight + self.silent
        found = []
        if self.lost:
            found.append(f"{len(self.lost)} acknowledged messages were lost: {self.lost[:5]}")
        if self.duplicates > allowed:
            found.append(f"{self.duplicates} duplicates, and {allowed} could be explained")
        if self.strangers:
            found.append(f"{self.strangers} messages came from nowhere")
        if not self.acknowledged:
            found.append("nothing was acknowledged at all")
        return found

    def __str__(self) -> str:
        return (
            f"{sum(self.kills.values())} killed ({len(self.kills)} ways), {self.acknowledged} acknowledged, "
            f"{len(self.lost)} lost, {self.duplicates} duplicates ({self.in_flight} were in flight, "
            f"{self.silent} silences), {self.held} held, {self.seconds:.0f} s"
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
        self.acknowledged = len(acknowledged)
        self.held = len(held)
        self.duplicates = sum(count - 1 for count in received.values())
        self.strangers = len(set(received) - begun)
        silent = place.folder / "silent"
        self.silent = len(silent.read_text()) if silent.exists() else 0
