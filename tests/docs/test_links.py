"""Links lead somewhere: to a page and its heading, to a file, or to a place that is on the list."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, links, pages

PAGES = pages()
RECORDS = DOCS / "decisions"
PLACES = set((Path(__file__).parent / "places.txt").read_text("utf-8").split())
"""Hosts that pages may send their readers to; a new one is looked at by a person first."""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_internal_links_lead_somewhere(page: Path) -> None:
    own = page.read_text("utf-8")
    lost = []
    for link in links(own):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.exists() or (parts.fragment and parts.fragment not in anchors(_text(target))):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_external_links_are_https_and_listed(page: Path) -> None:
    outside = [urlsplit(link) for link in links(page.read_text("utf-8")) if urlsplit(link).scheme]
    assert [link.geturl() for link in outside if link.scheme != "https"] == []
    assert {link.hostname for link in outside} - PLACES == set(), "tests/docs/places.txt"


def test_no_place_is_listed_in_vain() -> None:
    used = {urlsplit(link).hostname for page in PAGES for link in links(page.read_text("utf-8"))}
    assert PLACES - used == set()


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = {DOCS / "index.md"}
    for page in DOCS.rglob("*.md"):
        for table in re.findall(
            r"^```\{toctree\}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            for line in table.splitlines():
                if line and not line.startswith(":"):
                    listed |= set(page.parent.glob(f"{line}.md")) or {page.parent / f"{line}.md"}
    listed = {path.resolve() for path in listed}
    assert {path for path in listed if not path.exists()} == set()
    below = {path for path in pages() if DOCS in path.parents and path.parent != RECORDS}
    assert below - listed == set()


def test_every_decision_is_in_the_list_of_decisions() -> None:
    listed = links((RECORDS / "README.md").read_text("utf-8"))
    assert sorted({path.name for path in RECORDS.glob("[0-9]*.md")} - set(listed)) == []


def _text(target: Path) -> str:
    """A page, and what it takes in from elsewhere."""
    text = target.read_text("utf-8")
    for taken in re.findall(r"^```\{include\} (\S+)", text, re.MULTILINE):
        text += (target.parent / taken).read_text("utf-8")
    return text
