"""What each action says of itself: examples that can be copied, and what its exit codes mean."""

from __future__ import annotations

import re
import shlex

import pytest

from envoi.cli.exits import Exit
from envoi.cli.program import _parser

ACTIONS = (
    "submit", "list", "show", "cancel", "retry", "hold", "release", "purge", "work", "stats", "migrate",
    "check", "export",
)  # fmt: skip


def _help(action: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        _parser().parse_args(["outbox", action, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("action", ACTIONS)
def test_the_help_has_examples_that_can_be_copied(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = _help(action, capsys)
    examples = re.findall(r"^  envoi (outbox .+?)(?: [|>].*)?$", text.partition("examples:")[2], re.MULTILINE)
    assert any(each.split()[1] == action for each in examples)
    for each in examples:
        assert _parser().parse_args(shlex.split(each)).action in ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_the_help_says_what_exit_codes_mean(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    codes = _help(action, capsys).partition("exit codes:")[2]
    for code in (Exit.OK, Exit.USAGE, Exit.TRY_AGAIN, Exit.CONFIGURATION):
        assert re.search(rf"^ +{code:d}  \w", codes, re.MULTILINE)


def test_the_help_begins_with_a_capital(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\nWrite a mail down, to be sent by `work`.\n" in _help("submit", capsys)
