from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from envoi.testing import SMTPServer
from tests.servers.daemon import wait_until

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 20
ROWS = 50


def merge(folder: Path, server: SMTPServer, *options: str) -> subprocess.Popen[str]:
    command = [
        *(sys.executable, "-m", "envoi", "merge", "w", "people.csv", "--from", "me@example.com", "--send"),
        *("--server", f"127.0.0.1:{server.port}", "--security", "plaintext", "--resume", "journal", *options),
    ]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed_after(process: subprocess.Popen[str], server: SMTPServer, messages: int, seconds: float) -> bool:
    """Kill it at some moment after so many messages, unless it was done before."""
    assert wait_until(lambda: process.poll() is not None or len(server.messages) >= messages, seconds=60)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode < 0


def one_round(folder: Path, chance: random.Random, most_kills: int) -> tuple[int, int]:
    """Send all rows, killed again and again; return the number of kills, and of rows in doubt."""
    (folder / "journal").unlink(missing_ok=True)
    kills = 0
    with SMTPServer(security="plaintext", extensions={"PIPELINING", "8BITMIME"}) as server:
        while kills < most_kills:
            process = merge(folder, server, "--rate", "60/s")
            if not killed_after(process, server, len(server.messages) + 1, chance.uniform(0, 0.1)):
                break
            kills += 1
        process = merge(folder, server, "--json")
        result: dict[str, Any] = json.loads(process.communicate()[0])
        arrived = Counter(message.recipients[0] for message in server.messages)
    doubtful = {one["address"] for one in result["failures"]}
    assert all(one["state"] == "unknown" for one in result["failures"])
    assert process.returncode == (74 if doubtful else 0)
    assert max(arrived.values()) == 1, "somebody got two"
    assert {f"u{n}@example.org" for n in range(ROWS)} - set(arrived) <= doubtful, "somebody got nothing"
    assert len(doubtful) <= kills
    return kills, len(doubtful)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nobody_is_sent_two_mails_nor_forgotten_however_often_it_is_killed(tmp_path: Path) -> None:
    (tmp_path / "w.subject.txt").write_text("Hi {{ n }}")
    (tmp_path / "w.txt").write_text("Dear {{ n }}")
    lines = [f"u{n}@example.org,{n}" for n in range(ROWS)]
    (tmp_path / "people.csv").write_text("\n".join(["email,n", *lines, ""]))
    chance, kills = random.Random(1123), 0
    while kills < KILLS:
        more, _ = one_round(tmp_path, chance, KILLS - kills)
        kills += more
