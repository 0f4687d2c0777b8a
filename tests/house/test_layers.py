from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.house.sources import ROOT, SOURCE

PURE_ROOMS = ("discovery", "message", "oauth", "outbox", "session", "smtp")


def test_imports_keep_to_the_layers() -> None:
    linter = str(Path(sys.executable).with_name("lint-imports"))
    command = [linter, "--no-logo", "--cache-dir", ".cache/import-linter"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_every_pure_room_is_under_the_contract() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    (pure,) = (contract for contract in contracts if contract["id"] == "pure")
    here = [f"envoi.{room}" for room in PURE_ROOMS if (SOURCE / room / "__init__.py").exists()]
    assert pure["source_modules"] == here
