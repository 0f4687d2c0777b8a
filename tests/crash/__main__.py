"""Kill thousands of workers and submitters, and see whether the books balance: ``python -m tests.crash``.

Each scenario runs in a folder of its own; the figures are printed, and the exit code tells whether they are
as promised. `make test` runs a small number of each, see `test_crash`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from envoi import TLSOptions
from tests.crash.run import Plan, kill_and_count
from tests.crash.server import KEY
from tests.crash.steps import STEPS

#: How long nothing must come before another server is believed to have delivered everything, seconds.
QUIET = 3.0

SCENARIOS = {
    "random": ({}, False),
    "steps": ({"steps": STEPS}, False),
    "hold-random": ({}, True),
    "hold-steps": ({"steps": STEPS}, True),
    "drops": ({"drops": True}, False),
    "hold-drops": ({"drops": True}, True),
    "stops": ({"stops": 4}, False),
    "hold-stops": ({"stops": 4}, True),
    "jumps": ({"jumps": True}, False),
}


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], help="by default all of them")
    parser.add_argument("--kills", type=int, default=200, help="processes to kill in each scenario")
    parser.add_argument("--seconds", type=float, default=3600.0, help="and no more after so long")
    parser.add_argument("--server", help="another server than our own: arguments of a session, as JSON")
    parser.add_argument("--recipient", default="b@example.org")
    parser.add_argument("--sender", default="a@example.org")
    parser.add_argument("--maildir", type=Path, help="where that server delivers to")
    asked = parser.parse_args()
    failed = False
    for name in asked.scenarios or SCENARIOS:
        options, hold = SCENARIOS[name]
        plan = Plan(kills=asked.kills, seconds=asked.seconds, **options)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory(prefix="envoi-crash-") as folder:
            books = kill_and_count(
                Path(folder),
                plan,
                hold=hold,
                session=_session(asked.server),
                recipient=asked.recipient,
                sender=asked.sender,
                received=partial(_delivered, asked.maildir, asked.recipient) if asked.maildir else None,
            )
        problems = books.problems(hold=hold)
        failed = failed or bool(problems)
        print(f"{name}: {books}", *problems, sep="\n  !! ", flush=True)  # noqa: T201
    return int(failed)


def _session(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    session: dict[str, Any] = json.loads(text)
    if "ca_file" in session:
        session["tls"] = TLSOptions(ca_file=session.pop("ca_file"))
    return session


def _delivered(maildir: Path, recipient: str) -> Counter[str]:
    """What is in a Maildir for somebody, once nothing more comes."""
    to = f"\nTo: {recipient}\n".encode()
    found: Counter[str] = Counter()
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET:
        time.sleep(0.2)
        mails = [octets for path in maildir.glob("new/*") if to in (octets := path.read_bytes())]
        now = Counter(match[1].decode() for octets in mails if (match := KEY.search(octets)))
        if now != found:
            found, quiet_since = now, time.monotonic()
    return found


if __name__ == "__main__":
    sys.exit(main())
