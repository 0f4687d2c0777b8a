from __future__ import annotations

import re
import tomllib

from tests.docs.pages import DOCS, ROOT


def test_every_extra_is_explained_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page = (DOCS / "reference" / "extras.md").read_text("utf-8")
    first_cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == project["optional-dependencies"].keys()
