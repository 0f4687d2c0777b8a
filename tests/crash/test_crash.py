"""The crash suite in small: some dozens of processes killed in each way, and books that balance.

The thousands are ``make crash``. Each scenario is a program of its own: what forks must have no threads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.servers.listeners import ALICE, HOST, UTF8_DOMAIN

if TYPE_CHECKING:
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.slow


def crash(scenario: str, *options: str, kills: int = 15) -> None:
    """Run a scenario."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.crash", scenario, "--kills", str(kills), "--seconds", "4", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("scenario", ["steps", "hold-random", "hold-steps", "jumps"])
def test_nothing_acknowledged_is_lost_and_nothing_doubled_without_a_reason(scenario: str) -> None:
    crash(scenario)


@pytest.mark.parametrize("scenario", ["steps"])
def test_postfix_gets_everything_too(scenario: str, postfix: Postfix) -> None:
    session = {
        "host": HOST,
        "port": postfix.to_utf8_domain.port,
        "username": ALICE.name,
        "password": ALICE.password,
        "ca_file": str(postfix.ca_file),
    }
    crash(
        scenario,
        *("--server", json.dumps(session)),
        *("--recipient", f"{scenario}@{UTF8_DOMAIN.encode('idna').decode()}"),
        *("--sender", ALICE.address),
        *("--maildir", str(postfix.utf8_mailbox.folder)),
        kills=8,
    )
