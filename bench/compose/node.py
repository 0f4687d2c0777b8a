"""nodemailer's MailComposer in a process of its own, asked line by line (`composer.mjs`).

It measures its own CPU time, all threads included, as Python does here; starting it costs nothing in the
result, and it composes for a while before it is measured, since its compiler needs that.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from bench.compose.messages import Kind

__all__ = ["Nodemailer"]

_PROGRAM = Path(__file__).with_name("composer.mjs")


class Nodemailer:
    """The process, as long as the block lasts."""

    def __init__(self, modules: Path) -> None:
        """`modules` is the folder with node_modules."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            ["node", str(_PROGRAM), str(modules.resolve())],
            stdin=pipe,
            stdout=pipe,
            text=True,
        )

    def __enter__(self) -> Self:
        """The process."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.communicate()

    def take(self, kind: Kind) -> None:
        """Compose mails of this kind from now on, two seconds of them at once."""
        self._ask(
            {
                "text": kind.text,
                "html": kind.html,
                "image": None if kind.image is None else b64encode(kind.image).decode(),
                "file": None if kind.file is None else b64encode(kind.file).decode(),
            }
        )

    def measure(self, count: int) -> float:
        """Microseconds of CPU per mail."""
        return self._ask(count)

    def _ask(self, what: object) -> float:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        stdin.write(f"{json.dumps(what)}\n")
        stdin.flush()
        return float(json.loads(stdout.readline()))
