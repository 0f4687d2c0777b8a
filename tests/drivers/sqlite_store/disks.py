"""Disks that fail on demand: programs run on them through `faults.c`, compiled here and loaded first of all.

Without a C compiler, or where nothing can be loaded before (not Linux), the tests are skipped loudly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Disk:
    """A folder to keep things in, and the switches of what can happen to it."""

    library: Path
    root: Path
    switches: Path
    shadow: Path

    @classmethod
    def in_folder(cls, folder: Path, library: Path) -> Disk:
        disk = cls(library, folder / "disk", folder / "switches", folder / "shadow")
        for path in (disk.root, disk.switches, disk.shadow / "data", disk.shadow / "names"):
            path.mkdir(parents=True)
        return disk

    def start(self, program: str, *arguments: str, forgetful: bool = False) -> subprocess.Popen[str]:
        """Start ``python -m tests.drivers.sqlite_store.PROGRAM`` on this disk."""
        environment = {
            **os.environ,
            "LD_PRELOAD": str(self.library),
            "FAULTS_ROOT": str(self.root),
            "FAULTS_SWITCHES": str(self.switches),
            **({"FAULTS_SHADOW": str(self.shadow)} if forgetful else {}),
        }
        return subprocess.Popen(
            [sys.executable, "-m", f"tests.drivers.sqlite_store.{program}", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def switch(self, name: str, *, on: bool) -> None:
        if on:
            (self.switches / name).touch()
        else:
            (self.switches / name).unlink()

    def after_power_failure(self, target: Path) -> None:
        """Make what the disk would hold: synchronised contents under synchronised names."""
        self._restore(self.root.stat().st_ino, target)

    def _restore(self, inode: int, target: Path) -> None:
        target.mkdir()
        names = self.shadow / "names" / str(inode)
        for line in names.read_text("utf-8").splitlines() if names.exists() else ():
            number, folder, name = line.split(" ", 2)
            data = self.shadow / "data" / number
            if folder == "1":
                self._restore(int(number), target / name)
            elif data.exists():
                shutil.copy(data, target / name)
            elif not name.endswith("-shm"):  # Memory that is shared, and nothing on a disk.
                (target / name).touch()


def compile_faults(folder: Path, compiler: str) -> Path:
    library = folder / "faults.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", str(library)]
    subprocess.run([*command, str(Path(__file__).with_name("faults.c")), "-ldl"], check=True)
    return library
