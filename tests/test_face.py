"""Public faces: names that are fetched when they are first used."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from envoi import errors
from envoi._face import face


def test_a_name_is_fetched_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("somewhere")
    monkeypatch.setitem(sys.modules, "somewhere", module)
    fetch, known = face("somewhere", ["ConfigError", "Reply"], {"Reply": "smtp.replies"}, "errors")
    assert fetch("ConfigError") is errors.ConfigError
    assert module.ConfigError is errors.ConfigError
    assert getattr(fetch("Reply"), "__name__", "") == "Reply"
    assert {"ConfigError", "Reply", "__name__"} <= set(known())
    with pytest.raises(AttributeError, match="module 'somewhere' has no attribute 'Nothing'"):
        fetch("Nothing")
