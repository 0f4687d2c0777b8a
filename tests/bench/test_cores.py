from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.cores import pin


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_a_process_is_bound_to_the_last_core_that_we_may_use() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        pin(process.pid)
        assert os.sched_getaffinity(process.pid) == {max(os.sched_getaffinity(0))}
        process.communicate(b"\n")
