from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from envoi.message.salvage import file_name, octets, salvaged


def part(head: str, body: str = "x\n"):
    return message_from_bytes(f"{head}\n\n{body}".encode(), policy=policy.default)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("C:\\\\Users\\\\ann\\\\report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\tb.pdf", "ab.pdf"),
        ("folder/", None),
        ("..", None),
        ("", None),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_keeps_of_a_file_name_what_names_a_file(written, kept):
    assert file_name(part(f'Content-Disposition: attachment; filename="{written}"')) == kept


def test_keeps_an_attachment_as_it_is():
    head = (
        "Content-Type: text/csv; charset=latin-1\nContent-Disposition: attachment; filename=a.csv\n"
        "Content-ID: <a@b>\nContent-Description: numbers"
    )
    found = salvaged(part(head), "text/csv", [])
    assert (found.filename, found.content_type, found.charset) == ("a.csv", "text/csv", "latin-1")
    assert (found.content_id, found.description, found.inline) == ("a@b", "numbers", False)


@pytest.mark.parametrize(
    "head", ["Content-ID: <a[b]c>", "Content-ID: a b", 'Content-Type: text/csv; charset="a b"']
)
def test_leaves_out_what_an_attachment_cannot_say(head):
    found = salvaged(part(f"{head}\nContent-Disposition: attachment; filename=a.csv"), "text/csv", [])
    assert (found.filename, found.charset, found.content_id) == ("a.csv", None, None)


def test_gives_no_identifier_twice():
    inline = part("Content-Disposition: inline; filename=a.png\nContent-ID: <a@b>")
    assert salvaged(inline, "image/png", ["c"]).inline
    assert not salvaged(inline, "image/png", ["a@b"]).inline
    named = part("Content-Disposition: inline; filename=a.png")
    assert salvaged(named, "image/png", []).content_id == "a.png"
    assert salvaged(named, "image/png", ["a.png"]).content_id is None


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("image/png", "image/png"),
        ("message/delivery-status", "text/plain"),
        ("message/external-body", "text/plain"),
        ("image/x y", "application/octet-stream"),
    ],
)
def test_takes_a_simpler_type_where_it_must(kind, kept):
    assert salvaged(part(""), kind, []).content_type == kept


def test_keeps_the_fields_of_a_delivery_report():
    report = part(
        "Content-Type: message/delivery-status", "Reporting-MTA: dns; a\n\nAction: failed\nStatus: 5.1.1\n"
    )
    assert b"Status: 5.1.1" in octets(report)
    assert octets(part("Content-Type: image/png\nContent-Transfer-Encoding: base64", "AAAA\n")) == b"\0\0\0"
