from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.problems.markup import Image, read_markup


def test_counts_what_is_shown():
    assert (
        read_markup("<title>No</title><p>One &amp; two</p><script>no()</script><style>p{}</style>").words == 7
    )
    assert read_markup("<head><title>x</title></head><body>yes</body>").words == 3
    assert read_markup("<body><noscript>no</body>yes").words == 3


def test_finds_pictures_and_links():
    found = read_markup(
        '<a href=" https://example.org/ ">a <b>b</b></a><a name="x">c</a><img src=x.png width=1 height=1>'
    )
    assert [(link.target, link.shown) for link in found.links] == [("https://example.org/", "a b")]
    assert found.images == [Image(source="x.png", alternative=None, is_pixel=True)]
    assert found.elements == {"a", "b", "img"}


@pytest.mark.parametrize(
    ("sides", "pixel"), [('width="1" height="1"', True), ('width="1"', False), ("", False)]
)
def test_knows_a_pixel(sides, pixel):
    assert [image.is_pixel for image in read_markup(f"<img {sides}>").images] == [pixel]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>ab</p><![foo bar]>cd", 4),
        ("ab<!-- <p>x</p> -->cd", 4),
        ("ab<!-- cd", 2),
        ("ab<!doctype cd", 2),
        ("ab<script>cd</p>", 2),
        ("ab<SCRIPT>x</Script>cd", 4),
        ("<head><template>x</head>ab", 2),
        ("a < b", 3),
        ("<p x='>'>ab", 2),
        ("<a href=x", 8),
        ("&amp;&#233;", 2),
        (f"&#{'1' * 5000};", 5003),
        ("ab" + "<head>" * 60 + "x</template></body>cd", 4),
    ],
)
def test_reads_what_browsers_would_show(html, words):
    assert read_markup(html).words == words


@given(st.text(st.sampled_from("<>!-[]/&;#= \"'abx"), max_size=60))
def test_never_fails(html):
    read_markup(html)
