"""Every example of every page works, in the order in which a reader meets them."""

from __future__ import annotations

import socket
import webbrowser
from typing import TYPE_CHECKING

import pytest

from tests.docs.here import browse, leading
from tests.docs.pages import ROOT, Block, blocks, written_pages
from tests.docs.session import Session
from tests.docs.world import World, running_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = {"python", "console"}
PAGES = [
    path
    for path in written_pages()
    if any(block.language in RUN for block in blocks(path.read_text("utf-8")))
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def reader(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Somebody with an empty folder, and with the world of the pages around."""
    environ = world.furnish(tmp_path)
    for name in environ.keys() - {"PATH", "PYTHONPATH"}:
        monkeypatch.setenv(name, environ[name])
    monkeypatch.setattr(socket, "getaddrinfo", leading(world.names))
    monkeypatch.setattr(webbrowser, "open", browse)
    monkeypatch.chdir(tmp_path)
    return Session(page="page", folder=tmp_path, environ=environ)


def case(page: Path) -> object:
    waits = "$ timeout " in page.read_text("utf-8")
    return pytest.param(page, id=page.relative_to(ROOT).as_posix(), marks=[pytest.mark.slow] if waits else [])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", [case(page) for page in PAGES])
def test_every_example_of_a_page_works(page: Path, reader: Session) -> None:
    reader.page = page.relative_to(ROOT).as_posix()
    assert reader.follow(blocks(page.read_text("utf-8"))) > 0


def test_pages_with_examples_are_found() -> None:
    assert ROOT / "README.md" in PAGES
    assert len(PAGES) > 10


def test_notices_an_example_that_fails(reader: Session) -> None:
    with pytest.raises(ZeroDivisionError):
        reader.follow([block("python", "1 / 0\n")])


def test_notices_output_that_differs(reader: Session) -> None:
    with pytest.raises(AssertionError, match="but this was printed"):
        reader.follow([block("python", "print('yes')\n"), block("text", "no\n", follows=True)])


def test_notices_a_command_that_fails(reader: Session) -> None:
    with pytest.raises(AssertionError, match="ended with 1"):
        reader.follow([block("console", "$ false\n")])


def test_notices_a_command_that_does_not_exist(reader: Session) -> None:
    with pytest.raises(pytest.fail.Exception, match="invalid choice"):
        reader.follow([block("sh", "envoi sendd --to you@example.org\n")])


def test_lets_three_dots_stand_for_anything(reader: Session) -> None:
    shown = block("text", "<2026…@example.com>\n...\nend\n", follows=True)
    printed = block("python", "print('<20261122@example.com>', 'what', 'ever', 'end', sep='\\n')\n")
    assert reader.follow([printed, shown]) == 2


def block(language: str, text: str, *, follows: bool = False) -> Block:
    return Block(language=language, caption=None, text=text, line=1, follows=follows)
