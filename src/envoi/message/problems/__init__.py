"""What will hurt a message before it is sent, each with its remedy: `Email.problems()`, ``envoi lint``.

Pure checks of bytes, one module per subject; nothing is looked up, so that what only the DNS or a block list
knows is not said. `examine` runs them all, `Problem` is what they give.
"""

from __future__ import annotations

from envoi.message.problems.examine import examine
from envoi.message.problems.problem import Kind, Problem, Severity

__all__ = ["Kind", "Problem", "Severity", "examine"]
