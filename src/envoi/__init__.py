"""Send e-mail and know what happened to it.

The public face: whatever is listed in `__all__` here is promised, and nothing else. It is gathered from
the rooms below; no code lives in this file. The map of the rooms is ARCHITECTURE.md.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__: list[str] = []
