"""How long a server may be silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envoi import Timeouts
from envoi.wlanguage import EmailChangeTimeOut, EmailGetTimeOut, EmailLitTimeOut, EmailSetTimeOut, ErrorInfo
from envoi.wlanguage import timeouts as module

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    module._Setting.value = Timeouts()


def test_is_ten_minutes_at_the_most_from_the_beginning() -> None:
    assert EmailGetTimeOut() == 600
    assert module.timeouts() == Timeouts()


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (10, 10),
        (0.5, 0.5),
        (timedelta(minutes=2), 120),
        ("30 s", 30),
        ("500ms", 0.5),
        ("2 min", 120),
        ("1 h", 3600),
    ],
)
def test_is_what_was_set_in_every_phase(duration: float | timedelta | str, seconds: float) -> None:
    assert EmailSetTimeOut(duration)
    assert EmailLitTimeOut() == seconds
    assert module.timeouts() == Timeouts.of(seconds)


@pytest.mark.parametrize("duration", [0, -1, "soon", "10 parsecs"])
def test_refuses_what_is_no_duration(duration: float | str) -> None:
    assert not EmailChangeTimeOut(duration)
    assert ErrorInfo()
    assert EmailGetTimeOut() == 600
