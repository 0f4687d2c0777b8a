"""Where the sources are, and what can be read off them: for the tests of the house rules alone.

Paths and syntax trees of files, imported modules and their public names. The rules themselves are in
the test modules beside this one, the reasons for them in ARCHITECTURE.md.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import envoi
from tests.django_project import configure

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "envoi"
TESTS = ROOT / "tests"


def source_files() -> list[Path]:
    """Every module of the package."""
    return sorted(SOURCE.rglob("*.py"))


def files_of_tests() -> list[Path]:
    """Every Python file below tests/."""
    return sorted(TESTS.rglob("*.py"))


def tracked_files() -> list[Path]:
    """Every file that git knows, or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def docstring(path: Path) -> str:
    """The docstring of a file, or nothing."""
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def modules() -> list[ModuleType]:
    """Every module of the package, imported; `__main__` is a script."""
    configure()  # Django's own modules want a project before they can be imported
    names = [found.name for found in pkgutil.walk_packages(envoi.__path__, "envoi.")]
    return [envoi, *(importlib.import_module(name) for name in names if not name.endswith(".__main__"))]


def exported(module: ModuleType) -> list[str]:
    """What a module's `__all__` promises."""
    return list(getattr(module, "__all__", ()))


def is_face(module: ModuleType) -> bool:
    """Whether users may import from it: the root, a module right below it, or a room's `__init__`.

    Modules inside a room are its own affair, as long as the room does not hand on their names, and so are
    those with an underscore in front. Each framework in `integrations` is a room of its own.
    """
    inside = module.__name__.removeprefix("envoi.integrations")
    return inside.count(".") < 2 and "._" not in inside
