from __future__ import annotations

import os
import warnings

import pytest

from envoi.drivers.fork_lock import ForkLock


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_is_open_in_a_child_whatever_its_parent_holds() -> None:
    lock = ForkLock()
    with lock.held, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            os._exit(0 if lock.held.acquire(blocking=False) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not lock.held.acquire(blocking=False)
