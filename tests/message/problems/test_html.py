from __future__ import annotations

import pytest

from tests.message.problems.letters import attached, html, kinds, multipart, words

LONG = "This letter has more than forty characters of text in it, as letters have."


def test_finds_letters_made_of_pictures():
    assert kinds(html('<img src="https://example.org/a.png" alt="">')) == [("image-only", "warning")]
    assert kinds(html(f'<p>{LONG}</p><img src="https://example.org/a.png" alt="">')) == []
    assert kinds(html('<p>Hello</p><img src="https://example.org/a.gif" width="1" height=1>')) == []


@pytest.mark.parametrize("element", ["script", "iframe", "form", "object", "embed"])
def test_finds_elements_that_readers_remove(element):
    assert kinds(html(f"<p>{LONG}</p><{element}></{element}>")) == [("markup", "warning")]


def test_finds_what_gmail_cuts_off():
    assert kinds(html("<p>words and words</p>\n" * 5000)) == [("clipped", "warning")]


@pytest.mark.parametrize("source", ["file:///home/ann/logo.png", "C:\\logo.png", "images/logo.PNG"])
def test_finds_pictures_that_stay_at_home(source):
    assert kinds(html(f'<p>{LONG}</p><img alt="" src="{source}">')) == [("image", "fault")]


@pytest.mark.parametrize(
    "source", ["https://example.org/logo.png", "//example.org/a.png", "{{ url }}", "", "http://["]
)
def test_takes_other_pictures_for_published(source):
    assert kinds(html(f'<p>{LONG}</p><img alt="" src="{source}">')) == []


def test_finds_pictures_written_into_the_html():
    assert kinds(html(f'<p>{LONG}</p><img alt="" src="data:image/gif;base64,AAAA">')) == [
        ("image", "warning")
    ]


def test_finds_pictures_without_words():
    raw = html(f'<p>{LONG}</p><img src="https://example.org/a.png">')
    assert kinds(raw) == [("image", "hint")]
    assert "1 of 1" in words(raw)


@pytest.mark.parametrize(
    ("target", "shown", "wrong"),
    [
        ("https://evil.example", "www.bank.example", True),
        ("https://evil.example", "https://bank.example/login?x", True),
        ("https://click.bank.co.uk/1", "www.bank.co.uk", False),
        ("https://bank.co.uk", "other.co.uk", True),
        ("https://evil.example", "Our bank", False),
        ("https://evil.example", "Read report.pdf", False),
        ("mailto:ann@example.org", "example.com", False),
        ("https://bücher.example/", "xn--bcher-kva.example", False),
        ("http://192.0.2.1/x", "here", True),
        ("https://bit.ly/x", "here", True),
        ("https://[", "here", False),
    ],
)
def test_finds_links_that_pretend(target, shown, wrong):
    raw = html(f'<p>{LONG}</p><a href="{target}">\n {shown} </a>'.replace("ü", "&uuml;"))
    assert kinds(raw) == [("link", "warning")] * wrong


def picture(identifier: str, *, disposition: str = "inline") -> str:
    return (
        f"Content-Type: image/png; name=a.png\nContent-ID: <{identifier}>\n"
        f"Content-Disposition: {disposition}\nContent-Transfer-Encoding: base64\n\nAAAA\n"
    )


def related(page: str, *parts: str) -> bytes:
    plain = "Content-Type: text/plain\n\nHello\n"
    return multipart("related", plain, f"Content-Type: text/html\n\n<p>{LONG}</p>{page}\n", *parts)


def test_finds_pictures_that_are_not_there():
    raw = related('<img alt="" src="cid:logo@x">')
    assert kinds(raw) == [("content-id", "fault")]
    assert "cid:logo@x" in words(raw)


@pytest.mark.parametrize(
    "page",
    [
        '<img alt="" src="cid:a%40b">',
        '<table background="CID:a@b"></table>',
        "<p style=\"background: url('cid:a@b')\"></p>",
        "<style>p { background: url(cid:a@b) }</style>",
    ],
)
def test_sees_pictures_wherever_they_are_shown(page):
    assert kinds(related(page, picture("a@b"))) == []


def test_finds_pictures_that_nothing_shows():
    assert kinds(related("", picture("a@b"))) == [("unused-inline", "warning")]
    assert kinds(related("", picture("a@b", disposition="attachment"))) == []
    assert kinds(multipart("mixed", "\nHello\n", picture("a@b"))) == []


def test_follows_content_location():
    located = picture("a@b").replace("Content-ID", "Content-Location: https://example.org/a.png\nContent-ID")
    assert kinds(related('<img alt="" src="https://example.org/a.png">', located)) == []


def test_does_not_look_into_attached_pages():
    raw = multipart("mixed", "Content-Type: text/plain\n\nx\n", attached("a.html", kind="text/html"))
    assert kinds(raw) == []
