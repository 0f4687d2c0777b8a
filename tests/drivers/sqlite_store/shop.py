"""An application of Django's with an outbox in its database: ``shop PATH`` prints what waits after each step.

A program of its own, because Django is configured once for a process.
"""

from __future__ import annotations

import sys

import django
from django.conf import settings

from envoi.drivers.sqlite_store import open_store
from envoi.errors import UsageError
from envoi.outbox.model import Stage
from envoi.session.run import run_sync
from tests.drivers.sqlite_store.submitter import say
from tests.outbox.contract.arena import letter


def main() -> None:
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}})
    django.setup()
    from django.db import connection, transaction

    store = open_store(sys.argv[1])

    def waiting() -> None:
        say(run_sync(store.stats()).stages[Stage.WAITING])

    try:
        run_sync(store.put([letter()], connection=connection))
    except UsageError as error:
        say(error)
    with transaction.atomic():
        run_sync(store.put([letter()], connection=connection))
        waiting()
    waiting()
    try:
        with transaction.atomic():
            run_sync(store.put([letter()], connection=connection))
            raise RuntimeError
    except RuntimeError:
        waiting()
    connection.close()
    run_sync(store.close())


if __name__ == "__main__":
    main()
