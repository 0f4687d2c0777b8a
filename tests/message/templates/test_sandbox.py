from __future__ import annotations

import pytest

from envoi.errors import UsageError
from envoi.message.templates.sandbox import Sandbox


def test_notes_what_is_the_same_in_every_mail() -> None:
    sandbox = Sandbox(None)
    compiled = sandbox.compile("Dear {{ name }},{# not seen #} yours{% if x %} truly{% endif %}", "t.txt")
    assert sandbox.fixed == {"Dear ", ", yours", " truly"}
    pieces = compiled.pieces(sandbox.values({"name": "Ann", "x": True}))
    assert pieces == ["Dear ", "Ann", ", yours", " truly"]


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", "<&>"), ("a.html", "&lt;&amp;&gt;"), ("a.mjml.j2", "&lt;&amp;&gt;")]
)
def test_escapes_in_html_only(name: str, text: str) -> None:
    sandbox = Sandbox(None)
    assert sandbox.compile("{{ v }}", name).text(sandbox.values({"v": "<&>"})) == text


def test_values_are_not_templates() -> None:
    sandbox = Sandbox(None)
    assert sandbox.compile("{{ v }}", "t").text(sandbox.values({"v": "{{ 7 * 7 }}"})) == "{{ 7 * 7 }}"


def test_a_column_named_row_wins() -> None:
    sandbox = Sandbox(None)
    assert sandbox.compile("{{ row }}", "t").text(sandbox.values({"row": "mine"})) == "mine"


def test_one_template_leaves_nothing_to_the_next() -> None:
    sandbox = Sandbox(None)
    values = sandbox.values({})
    sandbox.compile("{% set a = 1 %}{{ a }}", "one").text(values)
    with pytest.raises(UsageError, match=r"^two, line 1: 'a' is undefined"):
        sandbox.compile("{{ a }}", "two").text(values)


def test_a_failure_without_a_place_is_in_the_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise MemoryError

    monkeypatch.setattr("envoi.message.templates.sandbox.Context", fail)
    sandbox = Sandbox(None)
    with pytest.raises(MemoryError):
        sandbox.compile("x", "t").text({})
