from __future__ import annotations

import inspect

import envoi
from tests.house.sources import exported, is_face, modules
from tests.house.surface import frozen, surface

MOST_NAMES_AT_THE_ROOT = 40


def test_changes_only_on_purpose() -> None:
    assert surface() == frozen(), "on purpose? then freeze it: python -m tests.house.surface"


def test_is_small_at_the_root() -> None:
    assert len(envoi.__all__) <= MOST_NAMES_AT_THE_ROOT


def test_keeps_what_all_promises() -> None:
    promised = [(module, name) for module in modules() for name in exported(module)]
    assert [f"{module.__name__}.{name}" for module, name in promised if not hasattr(module, name)] == []


def test_promises_nothing_twice() -> None:
    assert [
        module.__name__ for module in modules() if len(set(exported(module))) != len(exported(module))
    ] == []


def test_documents_every_public_name() -> None:
    silent = []
    for module in filter(is_face, modules()):
        for name in exported(module):
            thing = getattr(module, name)
            if (inspect.isclass(thing) or inspect.isroutine(thing)) and not inspect.getdoc(thing):
                silent.append(f"{module.__name__}.{name}")
    assert silent == []
