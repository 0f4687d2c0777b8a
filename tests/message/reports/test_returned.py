from __future__ import annotations

import pytest

from envoi.message.reports.returned import addresses_in, identifier_of, returned_header, sent_to
from envoi.message.reports.structure import read_parts
from tests.message.reports.mails import with_part


@pytest.mark.parametrize(
    "kind",
    [
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global-headers",
    ],
)
def test_reads_the_header_of_what_was_returned(kind: str) -> None:
    root = read_parts(with_part(kind, "\r\nSubject: Order\r\nMessage-ID: <1@x>\r\n\r\nMessage-ID: <2@x>"))
    returned = returned_header(root)
    assert returned.first("Subject") == "Order"
    assert identifier_of(root, returned, "") == "<1@x>"


def test_nothing_returned_is_no_fields() -> None:
    assert not returned_header(read_parts(b"Subject: x\n\ny"))


@pytest.mark.parametrize(
    ("fields", "body", "found"),
    [
        ("In-Reply-To: <1@x>", "> Message-Id:  <2@x>", "<2@x>"),
        ("", "Message-ID:\n <2@x>", "<2@x>"),
        ("In-Reply-To: <1@x>\nReferences: <0@x>", "", "<1@x>"),
        ("References: <0@x> <1@x>", "", "<1@x>"),
        ("X-MS-Exchange-Parent-Message-Id: <3@x>\nIn-Reply-To: <1@x>", "", "<3@x>"),
        ("In-Reply-To: your mail", "the Message-ID: was lost", None),
    ],
)
def test_finds_the_identifier_elsewhere(fields: str, body: str, found: str | None) -> None:
    root = read_parts(f"{fields}\n\n{body}".encode())
    assert identifier_of(root, returned_header(root), body) == found


def test_the_report_was_sent_to_these() -> None:
    fields = (
        "Received: from mx by mail.x.example for <d@x.example>; now\r\n"
        "Delivered-To: a@x.example\r\nTo: Bounces <b@x.example>, a@x.example\r\n"
    )
    root = read_parts(with_part("message/rfc822", "Return-Path: <c@x.example>\r\n", fields=fields))
    assert sent_to(root, returned_header(root)) == (
        "a@x.example",
        "b@x.example",
        "c@x.example",
        "d@x.example",
    )


def test_finds_addresses_in_prose() -> None:
    assert addresses_in("ask <a@x.example>, b+c@y.example: or d@z.example.") == (
        "a@x.example",
        "b+c@y.example",
        "d@z.example",
    )
