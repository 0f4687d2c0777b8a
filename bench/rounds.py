"""Contestants take turns: one process each, one sink for all, round after round in changing order.

Each finds out first how many messages fill a turn. The sink's own count says that everything arrived.
Nobody is measured while it connects, loads or compiles; whoever cannot take part is left out with the
reason.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arithmetic import next_count, rotated
from bench.child import Child, Turn
from bench.contestant import NotHere
from bench.cores import pin
from bench.delay import delayed
from bench.order import Order, write_attachment, write_contents
from bench.sinks.place import sink_for

if TYPE_CHECKING:
    from bench.disciplines import Contestant, Discipline
    from bench.sinks.place import Place

__all__ = ["Outcome", "Rig", "compete"]

_ROOT = Path(__file__).resolve().parent.parent
_COMPILER_TURNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """What all disciplines share.

    Attributes:
        peers: the folder with what is compared: a virtual environment, node_modules, a program in Go.
        folder: for messages and servers.
        authority: the certificates to trust: those of the system, and the sinks' own.
        certificate: the sinks' chain, key first.
        rounds: how many.
        seconds: that a turn should take.
    """

    peers: Path
    folder: Path
    authority: Path
    certificate: Path
    rounds: int
    seconds: float

    def command(self, contestant: Contestant) -> list[str]:
        """How its process is started.

        Raises:
            NotHere: what it needs is not in the folder.
        """
        name, *arguments = contestant.peer.split()
        if name.endswith(".mjs"):
            if not (self.peers / "node" / "node_modules").exists():
                raise NotHere("nodemailer is not here (it takes npm)")
            return ["node", str(_ROOT / "bench" / "peers" / name), str(self.peers / "node"), *arguments]
        if name == "gomail":
            if not (self.peers / "gomail").exists():
                raise NotHere("go-mail is not here (it takes Go)")
            return [str(self.peers / "gomail")]
        return [str(self.python), "-m", "bench.turn", name]

    @property
    def python(self) -> Path:
        """The interpreter that has the libraries to compare with."""
        return self.peers / "venv" / "bin" / "python"

    @property
    def environment(self) -> dict[str, str]:
        """What the processes find in theirs."""
        authority = str(self.authority)
        own = {"SSL_CERT_FILE": authority, "NODE_EXTRA_CA_CERTS": authority}
        return os.environ | own | {"PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'src'}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a discipline showed: the turns of each contestant, round by round, and who was left out why."""

    turns: dict[str, list[Turn]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Racer:
    """A contestant in a discipline: how many messages fill its turn, how many it sent, its turns so far."""

    name: str
    child: Child
    count: int = 1
    sent: int = 0
    turns: list[Turn] = field(default_factory=list)

    def warm_up(self, contestant: Contestant, seconds: float) -> None:
        """Find out how many messages fill so many seconds, and let a compiler do its work."""
        self._send()  # loads and connects what was not needed before
        trial: int | None = 1
        while trial is not None:
            self.count = trial
            trial = next_count(self.count, self._send().seconds, seconds)
        for _ in range(_COMPILER_TURNS if contestant.slow_start else 0):
            self._send()

    def take_turn(self) -> None:
        """Send as many as fill a turn."""
        self.turns.append(self._send())

    def _send(self) -> Turn:
        turn = self.child.take_turn(self.count)
        self.sent += turn.messages + turn.besides
        return turn


def compete(discipline: Discipline, rig: Rig) -> Outcome:
    """Run a discipline.

    Raises:
        RuntimeError: a contestant failed, or messages did not arrive.
    """
    with ExitStack() as stack:
        try:
            sink = stack.enter_context(sink_for(discipline, rig.folder, rig.certificate))
        except NotHere as error:
            return Outcome(left_out={"everybody": str(error)})
        port = stack.enter_context(delayed(sink.port, discipline.round_trip))
        racers, left_out = _start(discipline, rig, port, stack)
        for number in range(1 if discipline.attachment else rig.rounds):
            for racer in rotated(racers, number):
                racer.take_turn()
        _check_arrivals(sink, sum(racer.sent for racer in racers))
        return Outcome(turns={racer.name: racer.turns for racer in racers}, left_out=left_out)


def _start(
    discipline: Discipline, rig: Rig, port: int, stack: ExitStack
) -> tuple[list[_Racer], dict[str, str]]:
    racers, left_out = [], {}
    for contestant in discipline.contestants:
        order = _order(discipline, contestant, rig.folder, port)
        try:
            child = stack.enter_context(Child(rig.command(contestant), order, rig.environment))
            if not discipline.round_trip:
                pin(child.process)
            racer = _Racer(name=contestant.name, child=child)
            if not discipline.attachment:  # that is about memory, which a trial would use up
                racer.warm_up(contestant, rig.seconds)
        except NotHere as error:
            left_out[contestant.name] = str(error)
            continue
        racers.append(racer)
    return racers, left_out


def _order(discipline: Discipline, contestant: Contestant, folder: Path, port: int) -> Order:
    if discipline.attachment:
        message, text = write_attachment(folder, discipline.size)
    else:
        message, text = write_contents(folder, discipline.size)
    return Order(
        port=port,
        starttls=discipline.starttls and not contestant.in_clear,
        message=str(message),
        text=str(text),
        recipients=discipline.recipients,
        connections=discipline.connections,
        window=contestant.window,
    )


def _check_arrivals(sink: Place, sent: int) -> None:
    arrived = sink.messages()
    if arrived is not None and arrived != sent:
        raise RuntimeError(f"{sent} messages were sent, {arrived} arrived")
