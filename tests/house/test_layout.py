from __future__ import annotations

import tomllib
from pathlib import Path

from tests.house.sources import SOURCE, TESTS, docstring, files_of_tests, source_files

MOST_LINES = 500
FEWEST_DOCSTRING_LINES = 3
SAYS_NOTHING = {"base", "common", "helper", "helpers", "misc", "util", "utils"}
# Modules without a test file of their own, and where they are tested instead.
ELSEWHERE: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "tested_elsewhere.toml").read_text("utf-8")
)


def mirrored(path: Path) -> Path:
    """`src/envoi/smtp/data.py` → `tests/smtp/test_data.py`."""
    relative = path.relative_to(SOURCE)
    return TESTS / relative.with_name(f"test_{relative.name.lstrip('_')}")


def needs_tests(path: Path) -> bool:
    return path.name != "__init__.py"


def test_no_file_is_long() -> None:
    lengths = {
        path: len(path.read_text("utf-8").splitlines()) for path in [*source_files(), *files_of_tests()]
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_name_says_something() -> None:
    assert [
        path
        for path in [*source_files(), *files_of_tests()]
        if SAYS_NOTHING & set(path.with_suffix("").parts)
    ] == []


def test_every_module_opens_with_what_lives_there() -> None:
    short = [path for path in source_files() if len(docstring(path).splitlines()) < FEWEST_DOCSTRING_LINES]
    assert short == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in files_of_tests()}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_tests_mirror_the_sources() -> None:
    untested = {
        path.relative_to(SOURCE).as_posix()
        for path in source_files()
        if needs_tests(path) and not mirrored(path).exists()
    }
    assert untested - ELSEWHERE.keys() == set(), (
        "write the test file, or say in tested_elsewhere.toml where it is"
    )
    assert ELSEWHERE.keys() - untested == set(), "these have their own test file now, or are gone"


def test_what_is_tested_elsewhere_is_tested_there() -> None:
    assert {module: place for module, place in ELSEWHERE.items() if not (TESTS / place).exists()} == {}
