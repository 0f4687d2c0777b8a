"""A program that submits, and says so: ``submitter PATH COUNT`` prints a line for each thing that is on disk.

``put ID SIZE`` after a put, ``settle ID`` after a settlement, and, when the store does not do it, ``failed``
with the reason; it goes on when a line comes from its standard input.
"""

from __future__ import annotations

import sys

from envoi.drivers.sqlite_store import open_store
from envoi.errors import StoreUnavailable
from envoi.outbox.model import State
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, letter, result

LARGE = 300_000
EVERY_LARGE, EVERY_SETTLED = 8, 3


def say(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


def main() -> None:
    path, count = sys.argv[1], int(sys.argv[2])
    store = open_store(path, wall=lambda: NOON)
    for number in range(count):
        size = LARGE if number % EVERY_LARGE == 0 else 9000
        try:
            (accepted,) = run_sync(store.put([letter(content=bytes([number % 256]) * size)]))
            say("put", accepted.id, size)
            if number % EVERY_SETTLED == 0:
                (claim,) = run_sync(store.claim("submitter", 1, LEASE)).claims
                run_sync(store.settle([result(claim, State.DELIVERED)]))
                say("settle", claim.id)
        except StoreUnavailable as error:
            say("failed", error)
            sys.stdin.readline()
    run_sync(store.close())


if __name__ == "__main__":
    main()
