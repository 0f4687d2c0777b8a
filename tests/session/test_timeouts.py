"""How long each phase may take."""

from __future__ import annotations

import pytest

from envoi.errors import Phase, UsageError
from envoi.session.timeouts import Timeouts


def test_the_last_dot_has_the_longest_time() -> None:
    timeouts = Timeouts()
    assert timeouts.final == 600
    assert timeouts.quit == 2
    assert max(timeouts.by_phase()[phase] or 0 for phase in Phase) == 600


@pytest.mark.parametrize(
    ("phase", "seconds"),
    [
        (Phase.CONNECT, 1),
        (Phase.GREETING, 2),
        (Phase.TLS, 3),
        (Phase.HELLO, 4),
        (Phase.AUTH, 4),
        (Phase.MAIL, 4),
        (Phase.RCPT, 4),
        (Phase.DATA, 4),
        (Phase.CONTENT, 5),
        (Phase.FINAL, 6),
        (Phase.RESET, 4),
        (Phase.COMMAND, 4),
        (Phase.QUIT, 7),
    ],
)
def test_each_phase_has_its_own(phase: Phase, seconds: float) -> None:
    timeouts = Timeouts(connect=1, greeting=2, tls=3, reply=4, content=5, final=6, quit=7)
    assert timeouts.by_phase()[phase] == seconds


def test_one_number_is_for_all() -> None:
    assert {Timeouts.of(5).by_phase()[phase] for phase in Phase} == {5}
    assert {Timeouts.of(None).by_phase()[phase] for phase in Phase} == {None}
    own = Timeouts(reply=1)
    assert Timeouts.of(own) is own


@pytest.mark.parametrize("seconds", [0, 0.0, -1, float("nan")])
def test_no_time_is_no_timeout(seconds: float) -> None:
    """Behaviour 5."""
    with pytest.raises(UsageError, match="final="):
        Timeouts(final=seconds)
