"""envoi in other people's frameworks: a module for each, named after it.

Settings in that framework's manner, objects that live as long as its own do, and adapters from its kinds of
message to ours. No protocol and no queue: those are in `envoi.client`, and each module here could have been
written by whoever uses it. Nothing below imports this room, and a module here needs its framework (an extra
of the same name).
"""

from __future__ import annotations

__all__: list[str] = []
