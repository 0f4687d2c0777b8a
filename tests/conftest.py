"""What every test gets: a program from Debian's packages, or a loud word about its absence.

A test that needs Postfix says `@pytest.mark.programs("postfix")`, a fixture that starts it asks the
`require_program` fixture for the path. Where the program is missing the test is skipped, and the end of
the run says so in a line that nobody overlooks; under ``CI=true`` it fails instead. Not here: the servers
themselves (`tests/servers/`) and envoi's own doubles (`envoi.testing`).
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytest_plugins = ["tests.servers.plugin"]

ROOT = Path(__file__).resolve().parent.parent
MISSING = "MISSING PROGRAM: "
# Debian keeps daemons where a user's PATH does not look, and Exim is unpacked beside the system.
FOLDERS = (
    *(ROOT / ".cache/exim/usr/sbin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/dovecot"),
    *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
)

# A shell has what it starts in the background ignore Ctrl-C, and children inherit that; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test fails for the time that it takes: the machine may be busy.
hypothesis.settings.register_profile(
    "envoi", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("envoi")


def find_program(name: str) -> Path | None:
    """Return where a program is, on PATH or where Debian puts daemons."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, FOLDERS)])
    found = shutil.which(name, path=path)
    return None if found is None else Path(found)


def demand_program(name: str) -> Path:
    """Return where a program is; end the test when it is nowhere."""
    found = find_program(name)
    if found is not None:
        return found
    text = f"{MISSING}{name} (scripts/system-packages installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], Path]:
    """Give fixtures of any scope `require_program("postfix")`: its path, or the end of the test."""
    return demand_program


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what needs a program through a fixture as well, so that `-m "not programs"` leaves it out."""
    for item in items:
        if "require_program" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.programs())


def pytest_collection_finish() -> None:
    """Set aside what lives as long as the run; a test that collects garbage would look through all of it."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the programs that a marker names."""
    for marker in item.iter_markers("programs"):
        for name in marker.args:
            demand_program(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested, one line per program, where it cannot be overlooked."""
    lines: Counter[str] = Counter()
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if MISSING in reason:
            lines[reason.partition(MISSING)[2]] += 1
    if lines:
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        for line, tests in sorted(lines.items()):
            terminalreporter.line(f"{MISSING}{line}, tests skipped: {tests}", red=True)
