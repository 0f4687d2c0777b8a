"""A small discipline, run for true: two contestants, one that is not here, one that loses mails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.child import Child
from bench.contestant import NotHere
from bench.disciplines import ALL, Contestant, Discipline
from bench.order import Order
from bench.rounds import Rig, compete

SMTPLIB = Contestant(name="smtplib", peer="smtplib_bytes")
ENVOI = Contestant(name="envoi send", peer="envoi_send")
NODE = Contestant(name="nodemailer", peer="nodemailer.mjs raw")
ABSENT = Contestant(name="go-mail", peer="gomail")
MISSING = Contestant(name="lacks its library", peer="emails_that_nobody_installed")
ORDER = Order(port=1, starttls=False, message="none", text="none", recipients=1, connections=1, window=0)

LIES = """\
import sys
sys.stdin.readline()
for line in sys.stdin:
    print('{"messages": 1, "seconds": 1.0, "cpu": 0.1, "peak": 1}', flush=True)
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return Rig(
        peers=tmp_path,
        folder=tmp_path,
        authority=tmp_path / "none.pem",
        certificate=tmp_path / "none.pem",
        rounds=2,
        seconds=0.001,
    )


def discipline(*contestants: Contestant) -> Discipline:
    return Discipline(key="small", title="a small one", contestants=contestants, size=1024)


def test_contestants_take_turns_and_the_absent_are_named(rig: Rig) -> None:
    outcome = compete(discipline(SMTPLIB, ABSENT, NODE, MISSING, ENVOI), rig)
    assert {name: len(turns) for name, turns in outcome.turns.items()} == {"smtplib": 2, "envoi send": 2}
    assert outcome.left_out["go-mail"] == "go-mail is not here (it takes Go)"
    assert outcome.left_out["nodemailer"] == "nodemailer is not here (it takes npm)"
    assert "emails_that_nobody_installed" in outcome.left_out["lacks its library"]
    for turns in outcome.turns.values():
        assert all(turn.micros > 0 and turn.rate > 0 and turn.peak > 1000 for turn in turns)


def test_a_contestant_that_fails_ends_the_run_with_its_own_words() -> None:
    with (
        Child([sys.executable, "-c", "raise SystemExit('out of stamps')"], ORDER, {}) as child,
        pytest.raises(RuntimeError, match="out of stamps"),
    ):
        child.take_turn(1)


def test_a_program_that_is_not_here_is_left_out() -> None:
    with pytest.raises(NotHere, match="gomail is not here"):
        Child(["/nowhere/gomail"], ORDER, {})


def test_mails_that_do_not_arrive_are_missed(rig: Rig, tmp_path: Path) -> None:
    liar = tmp_path / "gomail"
    liar.write_text(f"#!{sys.executable}\n{LIES}")
    liar.chmod(0o755)
    with pytest.raises(RuntimeError, match="messages were sent, 0 arrived"):
        compete(discipline(ABSENT), rig)


def test_every_contestant_has_a_file() -> None:
    peers = Path(__file__).parents[2] / "bench" / "peers"
    names = {contestant.peer.split()[0] for one in ALL for contestant in one.contestants}
    assert [
        name for name in names if not any((peers / found).exists() for found in (name, f"{name}.py"))
    ] == []
