"""What users import from `envoi.outbox`."""

from __future__ import annotations

import pytest

from envoi import outbox


def test_names_are_there_and_others_are_not() -> None:
    assert set(outbox.__all__) <= set(dir(outbox))
    assert outbox.Stage.DONE.value == "done"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = outbox.nonsense
