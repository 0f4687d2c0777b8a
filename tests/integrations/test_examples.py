"""The examples for frameworks run, each in a program of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "integrations"

pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not part of the wheel")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("django_shop", ["bob was rolled back, and so was his mail", "sent to: zoe@example.org"]),
        ("fastapi_shop", ["sent: Your order 42"]),
        ("log_to_outbox", ["order 0 could not be paid", "order 2 could not be paid"]),
    ],
)
def test_runs(name: str, says: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", str(EXAMPLES / f"{name}.py")],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for words in says:
        assert words in done.stdout
