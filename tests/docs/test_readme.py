from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html import unescape

import pytest

from docs.tools.picture import PICTURE, drawn, output
from tests.docs.pages import DOCS, ROOT, links

README = (ROOT / "README.md").read_text("utf-8")
PICTURES = sorted((DOCS / "pictures").glob("*.svg"))


def test_fits_on_two_screens() -> None:
    assert len(README.splitlines()) <= 150


def test_has_one_terminal_picture_and_one_diagram() -> None:
    pictures = [link for link in links(README) if link.endswith(".svg")]
    assert pictures == ["docs/pictures/terminal.svg", "docs/pictures/path.svg"]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_pictures_fetch_nothing(picture: object) -> None:
    text = picture.read_text("utf-8")  # type: ignore[attr-defined]
    ET.fromstring(text)
    assert not re.search(r"@font-face|@import|href=|<script|url\((?!#)", text)


def test_the_terminal_shows_what_the_command_prints() -> None:
    assert words(PICTURE.read_text("utf-8")) == words(drawn(output())), "docs/tools/picture.py draws it again"


def words(svg: str) -> list[str]:
    """What is written in the picture; how it is cut into pieces is rich's affair."""
    text = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    return unescape(text).replace("\N{NO-BREAK SPACE}", " ").split()
