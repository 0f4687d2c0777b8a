from __future__ import annotations

from envoi.cli import plain
from envoi.cli.page import Mark, Page, Row, Section

PAGE = Page(
    title="what became of it",
    mark=Mark.WARNING,
    sections=(
        Section(
            rows=(
                Row(mark=Mark.GOOD, label="ann@example.org", text="accepted"),
                Row(mark=Mark.BAD, label="bob@example.org", text="550 no", hint="Check the address."),
            )
        ),
        Section(heading="Facts", rows=(Row(label="Reply", text="250 fine"), Row(label="TLS", text=""))),
    ),
)


def test_aligns_what_belongs_together() -> None:
    assert plain.draw(PAGE) == (
        "! what became of it\n"
        "    ✓ ann@example.org  accepted\n"
        "    ✗ bob@example.org  550 no\n"
        "                       Check the address.\n"
        "\n"
        "  Facts\n"
        "    Reply  250 fine\n"
        "    TLS\n"
    )


def test_has_signs_for_every_terminal() -> None:
    assert plain.draw(PAGE, signs=False).isascii()
    assert "+ ann@example.org" in plain.draw(PAGE, signs=False)
    assert len({mark.ascii for mark in Mark}) == len(Mark)


def test_never_wraps() -> None:
    long = "word " * 100
    page = Page(title="t", sections=(Section(rows=(Row(text=long),)),))
    assert plain.draw(page) == f"t\n    {long.rstrip()}\n"
