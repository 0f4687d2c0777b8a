from __future__ import annotations

import pytest

from envoi.message.problems.outline import decoded
from envoi.message.problems.scanner import scan
from tests.message.problems.letters import letter


def part(body: str | bytes = "x\n", **fields: str):
    return scan([letter(body, **fields)]).root


def test_unfolds_fields():
    field = part(Subject="one\n\ttwo").all("subject")[0]
    assert (field.name, field.raw, field.text) == ("Subject", b"one\ttwo", "one two")
    assert part().value("Nothing") == ""


def test_knows_what_is_read_and_what_is_saved():
    assert part().is_body
    assert not part(Content_Disposition="attachment").is_body
    assert not part(Content_Type='text/plain; name="a.txt"').is_body
    assert not part(Content_Type="image/png").is_body


@pytest.mark.parametrize(
    ("fields", "body", "text"),
    [
        ({}, "é\n", "é\r\n"),
        ({"Content_Type": "text/plain; charset=latin-1"}, b"\xe9\n", "é\r\n"),
        ({"Content_Type": "text/plain; charset=klingon"}, "é", "é"),
        ({"Content_Type": "text/plain; charset=rot13"}, "é", "é"),
        ({"Content_Type": "text/plain; charset=hex"}, "é", "é"),
        ({"Content_Transfer_Encoding": "quoted-printable"}, "=C3=A9=\n!", "é!"),
        ({"Content_Transfer_Encoding": "base64"}, "w6k=\n", "é"),
        ({"Content_Transfer_Encoding": "base64"}, "w6kgw\n", "é "),
        ({"Content_Transfer_Encoding": "base64"}, "*", ""),
    ],
)
def test_reads_texts(fields, body, text):
    assert part(body, **fields).text() == text


@pytest.mark.parametrize(
    "value",
    [
        "text/plain; name*0*=utf\0-8''%zz; name*x=1",
        "text/plain; charset*=''",
        "text/plain; charset*=klingon''%e9",
        "; =; boundary*0=a; boundary*1=b",
        "multipart/mixed; boundary*=x'y'z",
        "text/plain; name*=utf-8'%FF",
        "\udce9",
    ],
)
def test_takes_broken_parameters(value):
    found = part(Content_Type=value, Content_Disposition=value)
    assert found.kind


def test_shows_where_a_part_is():
    assert part().where == "text/plain"
    assert part(Content_Type="text/plain; name=a.txt").where == "text/plain, a.txt"


def test_decodes_what_can_be_decoded():
    assert decoded("=?utf-8?q?=C3=A9?= x") == "é x"
    assert decoded("=?klingon?q?x?=") == "=?klingon?q?x?="
    assert decoded("=?utf-8?b?x?=") == "=?utf-8?b?x?="
