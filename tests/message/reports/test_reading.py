from __future__ import annotations

from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import UsageError
from envoi.message.reports import ReportKind, read_report, suppressions_for
from tests.message.reports.mails import EXPECTED, NAMES, bounce, read, sample, with_part

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BY_FORMAT = {
    "RFC 5965": ReportKind.FEEDBACK,
    "RFC 8098": ReportKind.DISPOSITION,
    "RFC 3834": ReportKind.AUTO_REPLY,
}


def test_every_sample_has_an_expectation() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", NAMES)
def test_reads_a_sample(name: str, line_end: bytes) -> None:
    report = read(sample(name).replace(b"\n", line_end))
    said = [[one.address, one.action.value, one.status, one.remote_mta or ""] for one in report.recipients]
    found: dict[str, Any] = {
        "format": report.format,
        "message_id": report.message_id,
        "recipients": said,
        "suppressed": [one.address for one in suppressions_for(report, since=NOW)],
    }
    assert found == {"message_id": None, "recipients": [], "suppressed": [], **EXPECTED[name]}
    assert report.kind is BY_FORMAT.get(report.format, ReportKind.DELIVERY)


def test_keeps_the_words_and_the_date() -> None:
    report = read(sample("postfix-failed"))
    assert report.explanation.startswith("This is the mail system at host mx.relay.example.")
    assert report.reported_at == datetime(2026, 11, 22, 8, 31, 2, tzinfo=UTC)


def test_words_have_no_control_characters() -> None:
    report = read(bounce("lost@x.example: user unknown \x1b[31m\x00"))
    assert "\x1b" not in report.explanation
    assert "\x00" not in report.explanation


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n",
        b"From: ada@buyer.example\r\nSubject: Hello\r\n\r\nundeliverable: lost@x.example\r\n",
        b"From: shop@x.example\r\nAuto-Submitted: auto-generated\r\nSubject: Paid\r\n\r\nThank you.\r\n",
        b"From: postmaster@x.example\r\nSubject: Quarantine\r\n\r\n3 mails of ada@x.example wait.\r\n",
        b"Content-Type: text/html\r\n\r\n<p>Hello",
    ],
)
def test_other_mail_is_no_report(mail: bytes) -> None:
    assert read_report(mail) is None


def test_a_mail_with_a_bounce_attached_is_no_bounce() -> None:
    head = (
        b"From: ada@x.example\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n\r\nLo!\r\n"
    )
    attached = (
        b"--outer\r\nContent-Type: message/rfc822\r\n\r\n" + sample("postfix-failed") + b"\r\n--outer--\r\n"
    )
    assert read_report(head + attached) is None


def test_a_report_inside_another_multipart_is_found() -> None:
    head = b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
    tail = b"\r\n--outer\r\n\r\nScanned by the company.\r\n--outer--\r\n"
    assert read(head + sample("amazon-ses") + tail).recipients[0].address == "gone@buyer.example"


def test_an_empty_status_leaves_it_to_the_words() -> None:
    fields = "From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n"
    raw = with_part("message/delivery-status", "Reporting-MTA: dns; mx.example", fields=fields)
    report = read(raw.replace(b"Words.", b"<lost@x.example>:\r\n550 user unknown"))
    assert [one.status for one in report.recipients] == ["5.1.1"]


def test_the_words_complete_a_status_that_says_nothing() -> None:
    status = (
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; Lost@x.example\r\nAction: failed\r\nStatus: 5.0.0\r\n\r\n"
        "Final-Recipient: rfc822; full@x.example\r\nAction: failed\r\nDiagnostic-Code: smtp; 552 full"
    )
    raw = with_part("message/delivery-status", status, fields="X-Failed-Recipients: lost@x.example\r\n")
    report = read(raw.replace(b"Words.", b"Returned mail\r\n\r\n  lost@x.example\r\n    no such user here"))
    assert [one.diagnostic for one in report.recipients] == ["no such user here", "552 full"]
    assert [one.address for one in suppressions_for(report, since=NOW)] == ["Lost@x.example"]


def test_refuses_text() -> None:
    with pytest.raises(UsageError, match="not str: open the file as binary"):
        read_report("Subject: x")  # type: ignore[arg-type]


@given(st.binary(max_size=2000))
def test_any_octets_are_a_report_or_none(raw: bytes) -> None:
    read_report(raw)


@given(st.sampled_from(NAMES), st.data())
def test_a_damaged_report_is_a_report_or_none(name: str, data: st.DataObject) -> None:
    raw = sample(name)
    at = data.draw(st.integers(0, len(raw)))
    report = read_report(
        raw[:at] + data.draw(st.binary(max_size=40)) + raw[at + data.draw(st.integers(0, 60)) :]
    )
    if report is not None:
        repr(report).encode()  # no half surrogates
        suppressions_for(report, since=NOW)


MEGABYTE = 1 << 20
HOSTILE = {
    "boundaries": b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n" * (MEGABYTE // 2),
    "nested": b"".join(
        b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(9999)
    ),
    "fields": b"".join(b"X-%d: 1\n" % n for n in range(MEGABYTE // 8)),
    "one line": b"Subject: " + b"x" * 8 * MEGABYTE,
    "one line of a bounce": bounce("user " * (MEGABYTE // 5)),
    "addresses": bounce("a@b.example user " * (MEGABYTE // 20)),
    "ats": bounce("a@" * MEGABYTE),
    "dashes": bounce("-" * MEGABYTE),
    "tags": b"From: postmaster@x.example\nContent-Type: text/html\n\n" + b"<p " * MEGABYTE,
    "groups": with_part(
        "message/delivery-status", "Final-Recipient: a\nStatus: 5.1.1\n\n" * (MEGABYTE // 40)
    ),
    "words": b"From: postmaster@x.example\nSubject: "
    + b"=?utf-8?q?" * 99_999
    + b"\n\nundeliverable: a@b.example",
    "parameters": b"Content-Type: multipart/report" + b'; a="\\"' * 99_999 + b"\n\nx",
    "punycode": b"From: postmaster@x.example\nContent-Type: text/plain; charset=punycode\n\na-"
    + b"9" * MEGABYTE,
    "spaces": bounce(" " * MEGABYTE + "undeliverable"),
    "identifiers": bounce("Message-ID:\n" * (MEGABYTE // 12)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_takes_little_time(name: str) -> None:
    begun = process_time()
    read_report(HOSTILE[name])
    # Generous, for machines that are busy: what is quadratic takes minutes.
    assert process_time() - begun < 3
