"""What importing costs: CPU of `import envoi` and of `import smtplib`, each above that of a bare interpreter.

A fresh process each time, in turns; what the kernel says of it when it has ended is what counts.
"""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["PROGRAMS", "measure"]

_BARE = "pass"
PROGRAMS = ("import smtplib", "import envoi", "from envoi import SMTPSession", "from envoi import Email")


def measure(rounds: int) -> dict[str, list[float]]:
    """Microseconds of CPU above those of a bare interpreter, round by round."""
    found: dict[str, list[float]] = {program: [] for program in PROGRAMS}
    for program in PROGRAMS:
        _cpu(program)  # writes what Python keeps of a compiled module, and fills the disk's cache
    for _ in range(rounds):
        bare = _cpu(_BARE)
        for program in PROGRAMS:
            found[program].append(_cpu(program) - bare)
    return found


def _cpu(program: str) -> float:
    process = subprocess.Popen([sys.executable, "-I", "-c", program])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{program!r} failed")
    return (used.ru_utime + used.ru_stime) * 1e6
