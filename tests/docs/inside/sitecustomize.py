"""Python imports this by itself in the programs that the pages' shell starts; see `tests.docs.here`."""

from __future__ import annotations

from tests.docs.here import patch_this_process

patch_this_process()
