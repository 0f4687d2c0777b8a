"""`make demo` is what a visitor sees first: it works, with and without rich, and tells no secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"
WITHOUT_RICH = "import sys; sys.modules['rich.console'] = None; "

pytestmark = pytest.mark.skipif(not DEMO.exists(), reason="the examples are not part of the wheel")


def run(before: str = "", after: str = "") -> tuple[int, str]:
    code = (
        f"{before}import runpy; demo = runpy.run_path({str(DEMO)!r}); {after}raise SystemExit(demo['main']())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("before", ["", WITHOUT_RICH], ids=["as it comes", "without rich"])
def test_shows_a_mail_on_its_way(before: str) -> None:
    code, shown = run(before)
    assert code == 0, shown
    for words in (
        "AUTH SCRAM-SHA-256-PLUS",
        "zoe@example.org",
        "Le rapport d'été est arrivé",
        "250 2.0.0 queued",
    ):
        assert words in shown
    assert "correct horse" not in shown


@pytest.mark.parametrize("before", ["", WITHOUT_RICH], ids=["as it comes", "without rich"])
def test_fails_when_something_differs(before: str) -> None:
    code, shown = run(before, "demo['main'].__globals__['REPORT'] = b'another'; ")
    assert code == 1
    assert "Traceback" not in shown
