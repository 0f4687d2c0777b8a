from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from envoi.errors import UsageError
from envoi.message.templates.mjml import to_html
from envoi.message.templates.template import Template

if TYPE_CHECKING:
    from pathlib import Path


def document(body: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"


def rendered(body: str, **values: object) -> str:
    template = Template(subject="S", text="T", mjml=document(body), sender="me@example.com")
    return template.render(email="a@example.org", **values).html or ""


def test_places_survive_where_mjml_writes_text_and_attributes() -> None:
    html = rendered(
        '<mj-text color="{{ c }}">Dear {{ name }}</mj-text><mj-button href="{{ url }}">Go</mj-button>',
        c="#123456",
        name="Ann & <Bob>",
        url="https://example.com/?a=1&b=2",
    )
    assert "color:#123456" in html
    assert "Dear Ann &amp; &lt;Bob&gt;" in html
    assert 'href="https://example.com/?a=1&amp;b=2"' in html


def test_conditions_and_loops_survive_with_signs_that_xml_forbids() -> None:
    html = rendered(
        "{% for n in ns %}<mj-text>n{{ n }}{% if n < 2 and '%}' %} low{% endif %}</mj-text>{% endfor %}",
        ns=[1, 2],
    )
    assert html.count("n1 low") == 1
    assert html.count("n2 low") == 0
    assert html.count("n2") == 1


def test_comments_may_vanish() -> None:
    assert "Hi" in rendered("<mj-text>Hi</mj-text>{# nothing < to see #}")


@pytest.mark.parametrize(
    "place",
    ['<mj-image width="{{ w }}px" src="x" />', '<mj-text font-size="12px" nonsense="{{ w }}">x</mj-text>'],
)
def test_a_place_that_mjml_cannot_keep_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match=r"html\.mjml: MJML has no use for \{\{ w \}\}"):
        rendered(place, w=1)


def test_what_is_no_mjml_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"html\.mjml is no MJML that can be read"):
        Template(subject="S", mjml="<mjml><mj-body>", sender="me@example.com")


def test_its_own_word_is_refused() -> None:
    with pytest.raises(UsageError, match="own purposes"):
        to_html("envoiplace1x", "a.mjml", {})


def test_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mrml", None)
    with pytest.raises(UsageError, match=r"envoi\[mjml\]"):
        to_html(document(""), "a.mjml", {})


def test_parts_are_included_by_mjml_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "w.subject.txt").write_text("S")
    (tmp_path / "w.mjml").write_text(document('<mj-include path="head.mjml" /><mj-text>{{ b }}</mj-text>'))
    (tmp_path / "head.mjml").write_text("<mj-text>head {{ a }}</mj-text>")
    email = Template.from_folder(tmp_path, "w", sender="me@example.com").render(
        email="a@b.example", a="A1", b="B1"
    )
    assert email.html is not None
    assert "head A1" in email.html
    assert "B1" in email.html


def test_jinja_cannot_include_mjml(tmp_path: Path) -> None:
    (tmp_path / "w.subject.txt").write_text("S")
    (tmp_path / "w.mjml").write_text(document("<mj-text>{% include 'head.mjml' %}</mj-text>"))
    (tmp_path / "head.mjml").write_text("<mj-text>head</mj-text>")
    with pytest.raises(UsageError, match=r'<mj-include path="head\.mjml" />'):
        Template.from_folder(tmp_path, "w", sender="me@example.com").render(email="a@b.example")
