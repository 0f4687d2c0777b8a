"""Looking for what is wrong: `check` says it in words, each with a way out.

It reads everything, so it takes its time with a large file; that the file can be used at all is seen when
it is opened (`opening`, `schema`).
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.ledger import unposted_counts
from envoi.outbox.model import Stage

if TYPE_CHECKING:
    from envoi.drivers.sqlite_store.engine import Files
    from envoi.drivers.sqlite_store.spool import Spool
    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["check"]


def check(tx: Transaction, files: Files, spool: Spool) -> tuple[str, ...]:
    """Return what is wrong with the tables and with what lies beside them."""
    return (*_damage(tx), *_lost_contents(tx, spool), *_miscounted(tx), *_open_to_others(files))


def _damage(tx: Transaction) -> list[str]:
    found = [text for (text,) in tx.rows("PRAGMA quick_check(10)") if text != "ok"]
    return [
        f"the file is damaged ({text}): put a backup in its place, or save it with .recover" for text in found
    ]


def _lost_contents(tx: Transaction, spool: Spool) -> list[str]:
    rows = tx.rows(
        "SELECT m.id, c.file FROM envoi_message m JOIN envoi_arrival c ON c.position = m.content "
        "WHERE c.file IS NOT NULL"
    )
    return [
        f"the content of the message {message.hex()} is gone ({file}): restore it from a backup, or cancel "
        "the message"
        for message, file in rows
        if not spool.path(file).exists()
    ]


def _miscounted(tx: Transaction) -> list[str]:
    counted = {stage.value: 0 for stage in Stage}
    counted.update(tx.rows("SELECT stage, count(*) FROM envoi_message GROUP BY stage"))
    kept: Counter[str] = Counter(dict(tx.rows("SELECT name, sum(amount) FROM envoi_count GROUP BY name")))
    for (stage, _), amount in unposted_counts(tx).items():
        kept[stage] += amount
    return [
        f"{kept[stage]} messages are counted as {stage}, and there are {count}: were rows changed by "
        "hand, with triggers switched off?"
        for stage, count in counted.items()
        if kept[stage] != count
    ]


def _open_to_others(files: Files) -> list[str]:
    if os.name != "posix":
        return []
    mode = stat.S_IMODE(files.path.stat().st_mode)
    if not mode & 0o077:
        return []
    return [f"others may read or write {files.path} (mode {mode:04o}), and it holds mail: chmod 600 it"]
