"""Public faces: modules whose names are fetched from the rooms when they are first used.

Importing one costs next to nothing, and a program loads what it uses. A face lists its names in `__all__`,
says in which room each is, and takes its `__getattr__` and `__dir__` (PEP 562) from here. The smallest of
modules: everything may import it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["face"]


def face(
    module: str, names: Collection[str], rooms: Mapping[str, str], otherwise: str
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a module.

    Args:
        module: its name.
        names: what it promises.
        rooms: name → the module below `envoi` that it is in.
        otherwise: that of the names that are not in `rooms`.
    """

    def fetch(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"envoi.{rooms.get(name, otherwise)}"), name)
        setattr(sys.modules[module], name, value)
        return value

    def known() -> list[str]:
        return [*vars(sys.modules[module]), *names]

    return fetch, known
