from __future__ import annotations

import pytest

from envoi.message.problems.problem import Kind, Problem, Severity, fault, hint, warning


@pytest.mark.parametrize(
    ("make", "severity"), [(fault, Severity.FAULT), (warning, Severity.WARNING), (hint, Severity.HINT)]
)
def test_has_a_severity(make, severity):
    found = make(Kind.NUL, "message", "what", "remedy")
    assert found == Problem(kind=Kind.NUL, severity=severity, where="message", what="what", remedy="remedy")


def test_kinds_are_words_for_a_command_line():
    assert all(set(kind.value) <= set("abcdefghijklmnopqrstuvwxyz8-") for kind in Kind)
