from __future__ import annotations

import pytest

from docs.tools.rfcs import PAGE, TITLES, citations, gathered, written


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("(RFC 5321 §4.2.1)", {(5321, "4.2.1")}),
        ("RFC 5892 §2.6, §2.8 and §2.9", {(5892, "2.6"), (5892, "2.8"), (5892, "2.9")}),
        ("RFC 3461 §4.2, RFC 6533 §3 when it is not", {(3461, "4.2"), (6533, "3")}),
        ("(RFC 8414, OpenID Connect Discovery)", {(8414, "")}),
        ("# as RFC\n    # 5321 §4.5.3.2 says.", {(5321, "4.5.3.2")}),
        ("RFC 5321 §4.1.1.\n", {(5321, "4.1.1")}),
    ],
)
def test_finds_clauses(text: str, cited: set[tuple[int, str]]) -> None:
    assert citations(text) == cited


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == written(), "make docs writes docs/rfcs.md again"


def test_every_rfc_has_its_title() -> None:
    assert set(map(str, gathered())) - TITLES.keys() == set(), "docs/tools/rfc_titles.toml"
