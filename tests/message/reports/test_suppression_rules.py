from __future__ import annotations

from envoi.message.reports.phrases import STATUS
from envoi.message.reports.suppression_rules import RULES


def test_every_rule_is_for_a_status_and_says_why() -> None:
    for status, (_, why) in RULES.items():
        assert STATUS.fullmatch(status)
        assert why
        assert not why.endswith(".")


def test_nothing_temporary_suppresses() -> None:
    assert [status for status, (reason, _) in RULES.items() if reason and not status.startswith("5")] == []
