from __future__ import annotations

import pytest

from envoi.message.reports import Action, RecipientReport
from envoi.message.reports.status_fields import status_fields


def recipient(**values: object) -> RecipientReport:
    return RecipientReport(**{"address": "a@x.example", "action": Action.FAILED, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "status"), [(Action.FAILED, "5.0.0"), (Action.DELAYED, "4.0.0"), (Action.RELAYED, "2.0.0")]
)
def test_a_status_is_required(action: Action, status: str) -> None:
    assert f"Action: {action.value}\r\nStatus: {status}\r\n" in status_fields(
        [recipient(action=action)], "mx.example"
    )


def test_no_value_begins_another_field() -> None:
    text = status_fields(
        [recipient(diagnostic="550 no\r\nStatus: 2.0.0\x85\u2028Action: delivered")], "mx.example"
    )
    assert "Diagnostic-Code: smtp; 550 no Status: 2.0.0 Action: delivered\r\n" in text


def test_control_characters_are_shown() -> None:
    assert r"550\x{0}\x{1B}[31m" in status_fields([recipient(diagnostic="550\0\x1b[31m")], "mx.example")


def test_long_values_are_cut_and_folded() -> None:
    text = status_fields([recipient(diagnostic="é" * 5000), recipient(diagnostic="no " * 500)], "mx.example")
    assert max(map(len, text.split("\r\n"))) < 998


def test_the_type_of_a_diagnostic_is_kept() -> None:
    assert "Diagnostic-Code: x-unix; 67\r\n" in status_fields(
        [recipient(diagnostic="67", diagnostic_type="x-unix")], "mx.example"
    )
