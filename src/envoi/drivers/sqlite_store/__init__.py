"""The outbox in a file of SQLite: nothing to install, many processes on one machine.

`store` implements the port `envoi.outbox.store.Store`. What it does inside a transaction is in a module per
noun (`accepting`, `claiming`, `settling`, `steering`, …), functions over a `transaction.Transaction`; who
commits, and when, is `committer`; what lies beside the rows is `spool` (large contents), `liveness` (who is
alive) and `doorbell` (who waits). The schema is numbered files in `sql/`. Nothing here decides what
becomes of a message: that is `envoi.outbox`.
"""

from __future__ import annotations

from envoi.drivers.sqlite_store.store import SQLiteStore, open_store, open_store_async

__all__ = ["SQLiteStore", "open_store", "open_store_async"]
