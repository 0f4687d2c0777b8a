"""The pages as `make docs` builds them: whole, self-contained, with every public name in the reference."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from sphinx.util.inventory import InventoryFile

from tests.docs.pages import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SURFACE = (ROOT / "tests/house/public_surface.txt").read_text("utf-8").split()
BILINGUAL = "envoi.wlanguage."
"""These names have a page of their own, which `test_from_windev` compares."""
PROGRAM = {"envoi.cli.main"}


class Page(HTMLParser):
    """What a page links to, what it loads, and where it can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in {"stylesheet", "preload", "icon"}:
            self.loads.append(given["href"])
        elif "src" in given:
            self.loads.append(given["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(folder / ".doctrees")]
    done = subprocess.run(
        [*command, "-b", "html", str(DOCS), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def built(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_nothing_is_loaded_from_elsewhere(site: Path, built: dict[Path, Page]) -> None:
    assert {
        load for page in built.values() for load in page.loads if urlsplit(load).scheme or load[:2] == "//"
    } == set()
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert "url(http" not in styles.replace(" ", "").replace('"', "").replace("'", "")
    assert "@import" not in styles


def test_every_link_between_pages_leads_somewhere(site: Path, built: dict[Path, Page]) -> None:
    lost = set()
    for path, page in built.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or link in {"", "#"}:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                parts.fragment and target in built and unquote(parts.fragment) not in built[target].anchors
            ):
                lost.add(f"{path.relative_to(site)}: {link}")
    assert lost == set()


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    known = {name for kind, names in inventory.data.items() if kind.startswith("py:") for name in names}
    wanted = {name for name in SURFACE if not name.startswith(BILINGUAL)} - PROGRAM
    # What the root hands on is described once, under either name.
    last = {name.rpartition(".")[2] for name in known}
    assert {name for name in wanted if name not in known and name.rpartition(".")[2] not in last} == set()


def test_every_command_is_in_the_reference(site: Path) -> None:
    from envoi.cli.program import COMMANDS

    page = (site / "reference" / "cli.html").read_text("utf-8")
    assert [name for name in COMMANDS if f'id="envoi-{name}"' not in page] == []
