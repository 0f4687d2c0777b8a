"""The public surface as text: one line per promised name, and the frozen copy beside this file.

``python -m tests.house.surface`` freezes what there is now; the difference then shows in review. What
makes a module public is said in `sources.is_face`.
"""

from __future__ import annotations

from pathlib import Path

from tests.house.sources import exported, is_face, modules

FROZEN = Path(__file__).with_name("public_surface.txt")


def surface() -> list[str]:
    """Every public name with its module, sorted."""
    return sorted(
        f"{module.__name__}.{name}" for module in modules() if is_face(module) for name in exported(module)
    )


def frozen() -> list[str]:
    """The same as it was agreed on."""
    return FROZEN.read_text("utf-8").splitlines()


if __name__ == "__main__":
    FROZEN.write_text("".join(f"{line}\n" for line in surface()), "utf-8")
