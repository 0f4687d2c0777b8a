"""The schema: numbered files in `migrations/`, applied in order, each once, never taken back.

A step says from which version of the code on the schema can be used, so that workers of the release before
may finish their day while another migrates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.failures import NO_TABLES
from envoi.errors import SchemaMismatch

if TYPE_CHECKING:
    from envoi.drivers.postgres_store.link import Database, Link

__all__ = ["Step", "migrate", "require_known", "steps"]

# Any number will do, as long as nobody else's is the same: "envoi" in ASCII.
_LOCK = 0x656E766F69
_OLDEST = re.compile(r"^-- usable from step (\d+) on", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `oldest` is the newest step that code must know to work with the schema after this one."""

    number: int
    name: str
    oldest: int
    script: str


@cache
def steps() -> tuple[Step, ...]:
    """All steps, in order."""
    folder = files("envoi.drivers.postgres_store") / "migrations"
    found: list[Step] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            name, script = file.name.removesuffix(".sql"), file.read_text("utf-8")
            said = _OLDEST.search(script)
            number = int(name[:4])
            oldest = int(said[1]) if said else number
            found.append(Step(number=number, name=name, script=script, oldest=oldest))
    return tuple(found)


async def migrate(database: Database, *, dry_run: bool) -> tuple[str, ...]:
    """See `Store.migrate`; one transaction, so that a step is there as a whole or not at all.

    Raises:
        SchemaMismatch: a newer envoi brought it to where this one cannot follow.
    """
    if dry_run:
        version = _usable(*await _version(database))
        return tuple(step.name for step in steps() if step.number > version)
    async with database.transaction() as link:
        # Two at once: the second waits, and then finds nothing to do.
        await link.run(f"SELECT pg_advisory_xact_lock({_LOCK})")
        version = _usable(*await _version(link))
        todo = [step for step in steps() if step.number > version]
        for step in todo:
            await link.run(step.script)
            await link.run(
                "UPDATE envoi_meta SET version = %(version)b, oldest = %(oldest)b",
                version=step.number,
                oldest=step.oldest,
            )
        moved = await _raise_epoch(link)
        return (*(step.name for step in todo), *moved)


async def require_known(database: Database) -> None:
    """Make sure that the schema is one that this code can use.

    Raises:
        SchemaMismatch: it is not.
    """
    if _usable(*await _version(database)) < steps()[-1].number:
        raise SchemaMismatch(NO_TABLES)


def _usable(version: int, oldest: int) -> int:
    """Return the version, unless it is one that this code cannot work with."""
    newest = steps()[-1].number
    if oldest > newest:
        raise SchemaMismatch(
            f"a newer envoi brought the outbox to step {version}; this one knows {newest}: upgrade it"
        )
    return version


async def _version(link: Link | Database) -> tuple[int, int]:
    if await link.run("SELECT to_regclass('envoi_meta') IS NULL AS missing") == [(True,)]:
        return 0, 0
    ((version, oldest),) = await link.run("SELECT version, oldest FROM envoi_meta")
    return version, oldest


async def _raise_epoch(link: Link) -> tuple[str, ...]:
    """Go on behind the last position when the cluster counts its transactions from the beginning again."""
    ((behind, epoch),) = await link.run(
        "SELECT greatest((SELECT max(position) >> 20 FROM envoi_events), (SELECT folded_to FROM envoi_fold))"
        " - envoi_xid() + 1, envoi_epoch()"
    )
    if behind is None or behind <= 0:
        return ()
    await link.run(
        "CREATE OR REPLACE FUNCTION envoi_epoch() RETURNS bigint LANGUAGE sql STABLE"
        f" AS 'SELECT {int(epoch + behind)}::bigint'"
    )
    return ("positions after a restore",)
