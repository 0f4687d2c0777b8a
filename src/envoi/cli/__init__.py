"""The command line: ``envoi send``, ``envoi merge``, ``envoi check``.

One file per command; `program` finds the command and turns errors into words and exit codes. Commands read
their arguments, call what programs call as well, and draw the result: nothing of the protocol is here.
Without rich (extra ``cli``) everything works, plainly.
"""

from __future__ import annotations

from envoi.cli.program import main

__all__ = ["main"]
