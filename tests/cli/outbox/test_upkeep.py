"""``envoi outbox migrate`` and ``check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.outbox.conftest import Run


def test_a_fresh_outbox_is_of_this_version(outbox: Run) -> None:
    outbox("list")
    assert outbox("migrate").out.startswith("✓ The store is of this version already")
    assert outbox("migrate", "--dry-run", "--json").json == {"steps": [], "dry_run": True}


def test_a_sound_store_is_said_to_be_sound(outbox: Run) -> None:
    done = outbox("check", "--json")
    report = done.json
    assert report["sound"] is (report["problems"] == [])
    assert done.code == (0 if report["sound"] else 1)
    assert outbox("check").out.split("\n")[0].endswith("sound" if report["sound"] else "with the store")


def test_a_broken_file_is_refused_with_the_way_out(outbox: Run, environ: dict[str, str]) -> None:
    Path(environ["ENVOI_OUTBOX"].removeprefix("sqlite:///")).write_bytes(b"no database at all" * 99)
    done = outbox("list")
    assert done.code == 66
    assert "outbox.db" in done.err
