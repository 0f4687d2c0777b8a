"""Processes that are killed at random moments lose nothing that they acknowledged, and keep nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills what it has forked")
def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.drivers.sqlite_store.killed", str(tmp_path), "60"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    assert found["put"] > 40
    assert found["settled"] > 10
    assert found["wrong"] == []
    nothing = ("lost", "unsettled", "claimed twice", "still claimed", "owners")
    assert {name: found[name] for name in nothing} == dict.fromkeys(nothing, 0), found
