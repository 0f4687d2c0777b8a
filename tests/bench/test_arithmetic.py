from __future__ import annotations

import pytest

from bench.arithmetic import Spread, next_count, ratio, rotated


def test_spread_is_the_median_and_the_middle_half() -> None:
    assert Spread.of([5, 1, 3, 2, 4]) == Spread(low=2, median=3, high=4)


def test_one_value_has_no_spread() -> None:
    assert Spread.of([7]) == Spread(low=7, median=7, high=7)


@pytest.mark.parametrize("measure", [lambda: Spread.of([]), lambda: ratio([], [])])
def test_nothing_measured_is_said(measure) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        measure()


def test_ratios_are_taken_within_rounds() -> None:
    # The machine was ten times slower in two rounds: the medians' ratio would be 20, or 2.
    assert ratio([2, 20, 20], [1, 10, 10]) == 2
    assert ratio([20, 2, 20], [10, 1, 1]) == 2


def test_ratios_want_as_many_rounds_of_both() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_a_turn_that_is_long_enough_stays_as_it_is() -> None:
    assert next_count(10, seconds=0.1, wanted=0.2) is None


def test_a_short_turn_grows_to_what_is_wanted() -> None:
    assert next_count(100, seconds=0.05, wanted=0.2) == 400


def test_a_turn_grows_step_by_step() -> None:
    assert next_count(1, seconds=1e-6, wanted=0.2) == 8


def test_a_turn_always_grows_when_it_is_too_short() -> None:
    assert next_count(1, seconds=0.09, wanted=0.2) == 2


def test_everybody_begins_a_round_in_turn() -> None:
    assert [rotated("abc", number) for number in range(4)] == [
        list("abc"),
        list("bca"),
        list("cab"),
        list("abc"),
    ]


def test_nobody_is_an_order_too() -> None:
    assert rotated([], 3) == []
