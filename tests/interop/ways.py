"""The ways in which a mail can travel to Postfix."""

from __future__ import annotations

import pytest

__all__ = ["WAYS"]

WAYS = pytest.mark.parametrize("port", ["mx", "no_chunking", "no_extensions"])
"""BDAT, DATA with PIPELINING, DATA without."""
