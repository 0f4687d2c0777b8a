from __future__ import annotations

import pytest

from envoi.message.fields import check_custom, priority_of


def test_own_fields_come_as_mapping_or_pairs():
    assert check_custom({"X-A": "1"}) == check_custom([("X-A", "1")]) == (("X-A", "1"),)


@pytest.mark.parametrize(
    ("value", "priority"),
    [("1 (Highest)", "high"), (" 2", "high"), ("3", "normal"), ("5", "low"), ("", None), ("x", None)],
)
def test_priorities_are_read(value, priority):
    assert priority_of(value) == priority
