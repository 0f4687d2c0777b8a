from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envoi.message.email import Email
from envoi.message.problems import Kind, Severity, examine
from tests.message import strategies as some
from tests.message.problems.letters import letter, problems


def test_begins_with_the_worst():
    found = problems(letter("été\n", drop="From", Subject="Re: x", Message_ID="x"))
    assert [one.severity for one in found] == sorted(
        (one.severity for one in found), key=list(Severity).index
    )
    assert found[0].severity is Severity.FAULT
    assert found[-1].severity is Severity.HINT


def test_says_nothing_twice():
    found = problems(letter("été\n", drop="From"))
    assert len(set(found)) == len(found)


def test_takes_pieces():
    raw = letter(Subject="")
    assert examine(raw) == examine(raw[at : at + 7] for at in range(0, len(raw), 7))


@given(st.binary(max_size=400))
def test_never_fails_on_octets(raw):
    for problem in examine(raw):
        assert problem.what
        assert problem.remedy.endswith((".", ")", "…", ";", "?"))


FIELDS = [
    "From",
    "To",
    "Date",
    "Subject",
    "Message-ID",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FIELDS),
            st.text(max_size=40) | st.sampled_from(['"', "=?utf-8?q?=?=", "<@", "(;"]),
        )
    ),
    st.binary(max_size=80),
)
def test_never_fails_on_fields(fields, body):
    head = "".join(f"{name}: {value}\n" for name, value in fields)
    examine(head.encode("utf-8", "replace") + b"\n" + body)


HTML = b"From: a@example.org\nContent-Type: text/html\n\n"


@pytest.mark.parametrize(
    "piece", [b"<a ", b"<x/", b"<a x='", b"<p a=1 ", b"<!--", b"<", b"&#1", b"<head>", b'<img src="']
)
def test_takes_no_time_for_hostile_html(piece):
    examine(HTML + piece * ((1 << 19) // len(piece)))


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize(
    "piece", ["a", '"', "=?", "(", ";", "a=b;", "a.", "<a@b>", "*0=a;x", "; x*1*=a", "=?utf-8?q?a?= "]
)
def test_takes_no_time_for_hostile_fields(name, piece):
    long = piece * (60_000 // len(piece))
    examine(f"From: b@example.org\n{name}: {long}\n\nx\n".encode())
    examine(f'{name}: "{long}" <b@example.org>\n\nx\n'.encode())


@given(
    subject=some.names,
    text=some.bodies,
    html=st.none() | some.bodies,
    to=st.lists(some.addresses, min_size=1, max_size=3),
    attachments=st.lists(some.attachments, max_size=2),
)
@settings(max_examples=100)
def test_finds_no_fault_with_what_envoi_composes(subject, text, html, to, attachments):
    mail = Email(
        sender="a@example.org", subject=subject, to=to, text=text, html=html, attachments=attachments
    )
    international = any(one.is_international for one in to)
    for problem in mail.problems():
        assert problem.severity is not Severity.FAULT or problem.kind in (Kind.CONTENT_ID, Kind.IMAGE), (
            problem
        )
        assert problem.kind not in (Kind.BOUNDARY, Kind.BROKEN_HEADER, Kind.DUPLICATE_FIELD, Kind.CHARSET), (
            problem
        )
        assert problem.kind is not Kind.RAW_HEADER or international, problem


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_has_a_word(severity):
    assert severity.value.isalpha()
