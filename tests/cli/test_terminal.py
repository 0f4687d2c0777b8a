from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from envoi.cli.page import Mark, Page, Row, Section
from envoi.cli.terminal import Terminal
from envoi.session.transcript import Speaker, TranscriptLine
from tests.cli.conftest import Stream

PAGE = Page(
    title="[bold]not markup[/bold]",
    mark=Mark.GOOD,
    sections=(
        Section(heading="Facts", rows=(Row(label="Reply", text="[red]250[/red]", hint="a hint"),)),
        Section(rows=(Row(mark=Mark.BAD, text="\x1b[2Jwiped"), Row(text="", hint="only a hint"))),
    ),
)


def drawn(*, terminal: bool, encoding: str = "utf-8") -> str:
    out = Stream(terminal=terminal, encoding=encoding)
    Terminal(None, out, None, {}).show(PAGE)
    return out.written()


@pytest.fixture(autouse=True)
def _a_colourful_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_reads_no_markup_in_what_servers_write() -> None:
    for terminal in (True, False):
        assert "[bold]not markup[/bold]" in drawn(terminal=terminal)
        assert "[red]250[/red]" in drawn(terminal=terminal)


def test_has_colours_only_where_somebody_looks() -> None:
    assert "\x1b[1;32m✓" in drawn(terminal=True)
    assert "\x1b[1" not in drawn(terminal=False)


def test_has_signs_that_the_encoding_can_show() -> None:
    for terminal in (True, False):
        assert "✓" not in drawn(terminal=terminal, encoding="latin-1")
        assert "✓" in drawn(terminal=terminal, encoding="utf-8")


def test_lets_nobody_clear_the_screen() -> None:
    assert "\x1b[2J" not in drawn(terminal=True)


def test_colours_refusals_of_the_server() -> None:
    err = Stream(terminal=True)
    terminal = Terminal(None, None, err, {})
    terminal.tell(TranscriptLine(Speaker.SERVER, "550 no"))
    terminal.tell(TranscriptLine(Speaker.NOTE, "what happened"))
    assert "\x1b[31mS: 550 no" in err.written()
    assert "\x1b[2m*: what happened" in err.written()


def test_does_without_streams() -> None:
    terminal = Terminal(None, None, None, {})
    terminal.show(PAGE)
    terminal.print("x")
    terminal.print_bytes(b"x")
    terminal.complain("x")
    assert terminal.read_input() == b""
    assert not terminal.has_input
    assert not terminal.can_be_asked


def test_knows_a_closed_stream() -> None:
    closed = Stream()
    closed.close()
    assert not Terminal(closed, None, None, {}).has_input
    assert not Terminal(closed, None, None, {}).can_be_asked


def test_reads_what_is_piped_in() -> None:
    terminal = Terminal(Stream(b"\xff\x00raw"), None, None, {})
    assert terminal.has_input
    assert terminal.read_input() == b"\xff\x00raw"
    assert not Terminal(Stream(terminal=True), None, None, {}).has_input


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_complains_about_a_full_disk_and_goes_on() -> None:
    err = Stream()
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        terminal = Terminal(None, full, err, {})
        terminal.print("x")
        terminal.print_bytes(b"x")
    assert err.written().count("could not be written") == 1, "after that the output goes nowhere"


def test_belongs_to_the_process() -> None:
    assert Terminal.of_process().environ is os.environ
    assert sys.stdout is not None


def test_asks_for_a_line() -> None:
    err = io.StringIO()
    assert Terminal(io.StringIO(" yes \nno\n"), None, err, {}).ask("Sure? ") == "yes"
    assert err.getvalue() == "Sure? "
    assert Terminal(None, None, err, {}).ask("Sure? ") == ""
