"""A handle that crosses a fork works on both sides, and the child speaks for nobody but itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from envoi.drivers.sqlite_store import open_store
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing to fork with")

# In a process of its own, since pytest's has threads.
PROGRAM = """
import json, os, signal, sys, time
from envoi.drivers.sqlite_store import open_store
from envoi.outbox.model import Stage
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, letter

path = sys.argv[1]
store = open_store(path, wall=lambda: NOON)
run_sync(store.put([letter() for _ in range(3)]))
run_sync(store.claim("parent", 1, LEASE))
child = os.fork()
if not child:
    (accepted,) = run_sync(store.put([letter(content=b"x" * 300_000)]))
    claims = run_sync(store.claim("child", 1, LEASE)).claims
    reaped = run_sync(store.reap(LEASE))
    print(json.dumps({"put": accepted.id, "claimed": len(claims), "reaped": reaped}), flush=True)
    run_sync(store.close())
    os._exit(0)
_, status = os.waitpid(child, 0)
run_sync(store.put([letter()]))
stages = run_sync(store.stats()).stages
# The child closed: what it had comes back, what the parent has stays.
reaped = run_sync(store.reap(LEASE))
stages = {stage.value: amount for stage, amount in stages.items()}
print(json.dumps({"status": status, "stages": stages, "reaped": reaped}))
print(json.dumps(run_sync(store.check())))
run_sync(store.close())
"""

ORPHAN = """
import os, sys, time
from envoi.drivers.sqlite_store import open_store
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, letter

store = open_store(sys.argv[1], wall=lambda: NOON)
run_sync(store.put([letter()]))
run_sync(store.claim("parent", 1, LEASE))
child = os.fork()
if not child:
    os.read(0, 1)
    os._exit(0)
print(child, flush=True)
os._exit(9)
"""


def test_a_handle_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "outbox.db")]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    child, parent, wrong = (json.loads(line) for line in answer.stdout.splitlines())
    assert (child["claimed"], child["reaped"]) == (1, 0)
    assert parent["status"] == 0
    assert parent["stages"] == {"waiting": 3, "claimed": 2, "held": 0, "done": 0}
    assert parent["reaped"] == 1
    assert wrong == []


def test_a_child_that_lives_on_does_not_keep_its_dead_parent_alive(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    command = [sys.executable, "-c", ORPHAN, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        assert process.wait() == 9
        store = open_store(path)
        assert run_sync(store.reap(LEASE)) == 1
        run_sync(store.close())
        process.communicate("\n")
