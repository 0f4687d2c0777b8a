from __future__ import annotations

import sys

import pytest

from envoi.errors import UsageError
from envoi.message import html
from envoi.message.email import Email


@pytest.fixture
def without_libraries(monkeypatch):
    html._converter.cache_clear()
    monkeypatch.setitem(sys.modules, "inscriptis", None)
    monkeypatch.setitem(sys.modules, "css_inline", None)
    yield
    html._converter.cache_clear()


def test_plain_text_is_made_of_the_html():
    email = Email(sender="a@example.org", html="<h1>Hello</h1><p>See <a href='https://example.org'>this</a>")
    assert email.text is not None
    assert "Hello" in email.text
    assert "https://example.org" in email.text


def test_text_that_is_given_stays_and_empty_text_is_text():
    assert Email(sender="a@example.org", html="<p>x", text="y").text == "y"
    assert Email(sender="a@example.org", html="<p>x", text="").text == ""


def test_without_the_extra_there_is_no_text(without_libraries):
    assert Email(sender="a@example.org", html="<p>x").text is None
    with pytest.raises(UsageError, match=r"envoi\[html\]"):
        html.inline_css("<p>x")


def test_rules_become_attributes():
    assert 'style="color: red' in html.inline_css("<style>p { color: red }</style><p>x</p>")
    with pytest.raises(UsageError, match="cannot be inlined"):
        html.inline_css('<style>p{@@}</style><p style="{;">')


def test_local_pictures_become_inline_attachments(tmp_path):
    (tmp_path / "img").mkdir()
    for name in ("logo.png", "img/logo.png", "a b.png"):
        (tmp_path / name).write_bytes(name.encode())
    elsewhere = '<img src="https://example.org/x.png"><img src="cid:x"><img src="data:,"><img src="">'
    text = (
        '<p><img src="logo.png"><IMG alt="a>b" SRC = \'img/logo.png\'><img src="logo.png" src2="x">'
        '<img src="a%20b.png?v=1">' + elsewhere
    )
    written, pictures = html.embed_images(text, tmp_path)
    assert written == (
        '<p><img src="cid:image1"><IMG alt="a>b" SRC = \'cid:image2\'><img src="cid:image1" src2="x">'
        '<img src="cid:image3">' + elsewhere
    )
    assert [b"".join(one.source.chunks()) for one in pictures] == [b"logo.png", b"img/logo.png", b"a b.png"]
    assert all(one.inline and one.content_type == "image/png" for one in pictures)


@pytest.mark.parametrize("source", ["../secret.png", "/etc/passwd", "..%2fsecret.png", "none.png"])
def test_pictures_come_from_the_folder_only(tmp_path, source):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.png").touch()
    with pytest.raises(UsageError, match=r"outside the folder|cannot be read"):
        html.embed_images(f'<img src="{source}">', folder)
