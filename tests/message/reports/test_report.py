from __future__ import annotations

import pytest

from envoi.message.reports import Action, RecipientReport


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [
        (Action.FAILED, "5.1.1", True),
        (Action.FAILED, None, True),
        (Action.FAILED, "4.4.7", False),
        (Action.DELAYED, "5.1.1", False),
        (Action.DELIVERED, "2.0.0", False),
    ],
)
def test_permanent_is_failed_for_another_reason_than_time(
    action: Action, status: str | None, permanent: bool
) -> None:
    assert RecipientReport(address="a@x.example", action=action, status=status).permanent is permanent
