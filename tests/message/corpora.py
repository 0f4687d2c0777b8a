"""Messages that other projects publish to try mail programs with, as far as this machine has them.

CPython's own, when its `test` package is installed, and the folders that ENVOI_CORPORA names (parted like
PATH). None of them is in this repository; what there is of our own is in `samples/`.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

SAMPLES = Path(__file__).with_name("samples")
_ENDINGS = {"", ".eml", ".msg", ".txt"}


def samples() -> list[Path]:
    """Our own."""
    return sorted(SAMPLES.glob("*.eml"))


def published() -> list[Path]:
    """Those of others."""
    folders = [Path(name) for name in os.environ.get("ENVOI_CORPORA", "").split(os.pathsep) if name]
    cpython = find_spec("test.test_email")
    if cpython is not None and cpython.origin is not None:
        folders.append(Path(cpython.origin).with_name("data"))
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _ENDINGS
    ]
