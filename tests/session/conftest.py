"""The six ways in which every dialogue has to end alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.session.stage import WAYS

if TYPE_CHECKING:
    from tests.session.stage import Way


@pytest.fixture(params=WAYS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    """One of them."""
    chosen: Way = request.param
    return chosen
