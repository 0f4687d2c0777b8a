from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.problems.scanner import scan
from tests.message.problems.letters import attached, letter, multipart

NESTED = b"""Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner

one
--inner
Content-Type: text/html

two
--inner--
between
--outer
Content-Type: application/pdf

%PDF
--outer--
epilogue
"""


def shape(raw: bytes) -> list[tuple[str, str, int]]:
    return [(part.number, part.kind, part.octets) for part in scan([raw]).root.walk()]


def test_finds_the_parts():
    assert shape(NESTED) == [
        ("", "multipart/mixed", 0),
        ("1", "multipart/alternative", 0),
        ("1.1", "text/plain", 3),
        ("1.2", "text/html", 3),
        ("2", "application/pdf", 4),
    ]
    assert scan([NESTED]).unseen == len("epilogue")


@given(st.data())
def test_does_not_care_where_pieces_are_cut(data):
    raw = data.draw(
        st.sampled_from([NESTED, letter(), multipart("mixed", attached("a.bin"), attached("b.bin"))])
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert scan(pieces) == scan([raw])


@given(
    st.lists(
        st.sampled_from(
            [b"--a", b"--a--", b"--b", b"--b--", b"", b"x", b"Content-Type: multipart/mixed; boundary=b"]
        )
    )
)
def test_never_fails_on_boundaries(lines):
    scan([b"Content-Type: multipart/mixed; boundary=a\n\n" + b"\n".join(lines)])


@given(st.binary(max_size=300))
def test_counts_every_octet(raw):
    assert scan([raw]).size == len(raw)


def test_closes_parts_whose_end_is_missing():
    outline = scan([NESTED.replace(b"--inner--\n", b"")])
    assert [part.closed for part in outline.root.walk() if part.is_multipart] == [True, False]
    assert [part.number for part in outline.leaves] == ["1.1", "1.2", "2"]


def test_takes_a_part_for_a_message_within_a_digest():
    raw = multipart("digest", "\nFrom: a@example.org\n\nx\n")
    assert [part.kind for part in scan([raw]).leaves] == ["message/rfc822"]


def test_ends_the_header_of_a_part_at_the_boundary():
    assert shape(b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b--\n")[
        1:
    ] == [("1", "text/html", 0)]


def test_does_not_nest_for_ever():
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(200))
    assert max(part.depth for part in scan([raw]).root.walk()) == 100


def test_cuts_lines_that_do_not_end():
    outline = scan(iter([letter(), *[b"x" * (1 << 20)] * 12]))
    assert outline.size > 12 << 20
    assert len(outline.root.kept) < 6 << 20


@pytest.mark.parametrize("line", [b" leading", b"no colon at all", b"\xe9: x"])
def test_remembers_the_line_that_broke_the_header(line):
    outline = scan([line + b"\nSubject: x\n"])
    assert outline.header_break == line
    assert outline.root.fields == []
