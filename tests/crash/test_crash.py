"""The crash suite in small: some dozens of processes killed in each way, and books that balance.

The thousands are ``make crash``. Each scenario is a program of its own: what forks must have no threads.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="MISSING PROGRAM: postfix (only root can start it: run the tests as root)"
)


def crash(
    scenario: str, *, engine: str = "sqlite", server: str = "own", kills: int = 15, seconds: int = 4
) -> None:
    """Run a scenario."""
    options = ["--engine", engine, "--server", server, "--kills", str(kills), "--seconds", str(seconds)]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.crash", scenario, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("scenario", ["steps", "hold-random", "hold-steps", "drops", "jumps"])
def test_nothing_acknowledged_is_lost_and_nothing_doubled_without_a_reason(scenario: str) -> None:
    crash(scenario)


def test_a_worker_that_was_stopped_past_its_lease_doubles_nothing_without_a_reason() -> None:
    crash("stops", kills=500, seconds=13)


@pytest.mark.programs("initdb")
@pytest.mark.parametrize("scenario", ["random", "hold-steps"])
def test_postgresql_loses_nothing_either(scenario: str) -> None:
    crash(scenario, engine="postgresql", kills=8)


@as_root
@pytest.mark.programs("postfix")
@pytest.mark.parametrize("scenario", ["steps", "hold-random"])
def test_postfix_gets_everything_too(scenario: str) -> None:
    crash(scenario, server="postfix", kills=8)


@as_root
@pytest.mark.programs("initdb", "postfix")
def test_postfix_gets_everything_from_postgresql() -> None:
    crash("steps", engine="postgresql", server="postfix", kills=8)
