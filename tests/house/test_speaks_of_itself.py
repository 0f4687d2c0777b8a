from __future__ import annotations

import re

import pytest

from tests.house.sources import ROOT, tracked_files

# In pieces, so that this file does not contain what it looks for.
MACHINE_PATHS = [f"/{name}/" for name in ("work", "root")] + [f"/tmp/{'team'}"]
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
]


def places(pattern: str) -> list[str]:
    """`file:line` of every line in which the pattern occurs."""
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        if re.search(pattern, text):
            lines = enumerate(text.splitlines(), 1)
            found += [
                f"{path.relative_to(ROOT)}:{number}" for number, line in lines if re.search(pattern, line)
            ]
    return found


@pytest.mark.parametrize("path", MACHINE_PATHS)
def test_names_no_path_of_one_machine(path: str) -> None:
    assert places(rf"(?<![\w.~-]){re.escape(path)}") == []


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_names_no_package_registry(host: str) -> None:
    assert places(rf"\b{re.escape(host)}\b") == []


def test_requirements_name_no_index() -> None:
    requirements = [path for path in tracked_files() if path.parent.name == "requirements"]
    assert requirements
    assert [
        path for path in requirements if re.search(r"://|--(extra-)?index-url|--find-links", path.read_text())
    ] == []
