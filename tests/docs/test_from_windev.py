"""The page "From WINDEV" has every name of `envoi.wlanguage`, and no other."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

import envoi.wlanguage
from tests.docs.pages import DOCS

PAGE = (DOCS / "from-windev.md").read_text("utf-8")
TYPES = ("emailSMTPSession", "Email", "emailAttach", "OAuth2Parameters", "AuthToken")


def names_by_section() -> dict[str, set[str]]:
    """Heading → the names in the first two columns of the tables of names below it."""
    found: dict[str, set[str]] = defaultdict(set)
    section, inside = "", False
    for line in PAGE.splitlines():
        if line.startswith("#"):
            section, inside = line.strip("# `"), False
        elif line.startswith("| English"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("| ---"):
            english, french = line.split("|")[1:3]
            found[section] |= set(re.findall(r"`(\w+)`", english + french))
    return found


NAMES = names_by_section()
PUBLIC = NAMES["Types"] | NAMES["Functions"] | NAMES["Constants"]


def test_has_every_name() -> None:
    assert set(envoi.wlanguage.__all__) - PUBLIC == set()


def test_has_no_name_that_does_not_exist() -> None:
    assert PUBLIC - set(envoi.wlanguage.__all__) == set()


def test_every_row_has_both_languages() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| `\w+`", line) and line.count("|") == 5]
    assert len(rows) > 120
    assert [row for row in rows if not re.match(r"\| `\w+`(?:, `\w+`)? \| `\w+`(?:, `\w+`)? \|", row)] == []


@pytest.mark.parametrize("name", TYPES)
def test_every_property_exists(name: str) -> None:
    made = getattr(envoi.wlanguage, name)
    assert {each for each in NAMES[name] if not hasattr(made, each)} == set()


@pytest.mark.parametrize("name", TYPES)
def test_every_property_is_there(name: str) -> None:
    own = {each for each in vars(getattr(envoi.wlanguage, name)) if each[0].isupper()}
    methods = {"BuildSource", "ImportSource", "ImportHTML", "LoadAttachment"}
    unlisted = {each for each in own - NAMES[name] if not methods & {each} and not _is_french_method(each)}
    assert unlisted == set()


def _is_french_method(name: str) -> bool:
    """Methods of a mail, which are among the functions by their longer names."""
    return f"Email{name}" in envoi.wlanguage.__all__
