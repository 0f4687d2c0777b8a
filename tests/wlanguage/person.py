"""A browser and a person who signs in, for programs that open one: the address is its argument."""

from __future__ import annotations

import sys

from tests.client.browsers import browse

if __name__ == "__main__":
    assert "close this page" in browse(sys.argv[1])
