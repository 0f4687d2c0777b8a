"""What `submitter` would be with synchronous=NORMAL: it shows that the forgetful disk forgets."""

from __future__ import annotations

import sys

from envoi.drivers.sqlite_store import open_store
from envoi.session.run import run_sync
from tests.drivers.sqlite_store.submitter import say
from tests.outbox.contract.arena import NOON, letter


def main() -> None:
    store = open_store(sys.argv[1], wall=lambda: NOON)
    run_sync(store.stats())
    assert store._opened is not None
    store._opened.committer._connection.execute("PRAGMA synchronous = NORMAL")
    while True:
        (accepted,) = run_sync(store.put([letter()]))
        say("put", accepted.id)


if __name__ == "__main__":
    main()
