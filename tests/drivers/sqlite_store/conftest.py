"""A disk that fails on demand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.drivers.sqlite_store.disks import Disk, compile_faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def faults_library(tmp_path_factory: pytest.TempPathFactory, require_program: Callable[[str], str]) -> Path:
    if not sys.platform.startswith("linux"):
        pytest.skip("LD_PRELOAD is Linux's")
    return compile_faults(tmp_path_factory.mktemp("faults"), require_program("cc"))


@pytest.fixture
def disk(tmp_path: Path, faults_library: Path) -> Disk:
    return Disk.in_folder(tmp_path, faults_library)
