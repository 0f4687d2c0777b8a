from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envoi.message.reports import Action, RecipientReport, ReportKind, read_report
from envoi.message.reports.delivery_status import bare_address, typed
from tests.message.reports.mails import read, sample, with_part

STATUS = "message/delivery-status"


def test_reads_every_field_about_the_message() -> None:
    report = read(sample("every-field"))
    assert report.kind is ReportKind.DELIVERY
    assert report.envelope_id == "order=42+1"
    assert report.reporting_mta == "gate.example"
    assert report.gateway == "x400.example"
    assert report.received_from_mta == "submit.shop.example"
    assert report.arrived_at == datetime(2026, 11, 22, 8, 59, tzinfo=UTC)
    assert report.extensions == (("x-loop", "7"),)


def test_reads_every_field_about_a_recipient() -> None:
    assert read(sample("every-field")).recipients[3] == RecipientReport(
        address="carl@slow.example",
        action=Action.DELAYED,
        status="4.4.1",
        diagnostic="421 4.4.1 try again",
        diagnostic_type="smtp",
        remote_mta="mx.slow.example",
        log_id="77A1",
        attempted_at=datetime(2026, 11, 22, 8, 59, 30, tzinfo=UTC),
        retry_until=datetime(2026, 11, 27, 8, 59, tzinfo=UTC),
        extensions=(("x-queue", "deferred"),),
    )


def test_keeps_the_original_recipient_beside_the_final_one() -> None:
    first = read(sample("every-field")).recipients[0]
    assert (first.original, first.address) == ("ada@buyer.example", "ada@mail.buyer.example")


def test_the_original_recipient_stands_in_for_a_missing_final_one() -> None:
    report = read(
        with_part(STATUS, "Original-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.0.0")
    )
    assert report.recipients[0].address == "a@x.example"


def test_reads_international_addresses_in_both_forms() -> None:
    only = read(sample("international")).recipients[0]
    assert (only.original, only.address) == ("zoë@buyer.example", "zoë@buyer.example")
    assert only.diagnostic == "550 5.1.1 boîte inconnue"


def test_one_group_may_hold_it_all() -> None:
    report = read(
        with_part(
            STATUS, "Reporting-MTA: dns; mx.example\r\nFinal-Recipient: rfc822;a@x.example\r\nAction: failed"
        )
    )
    assert report.reporting_mta == "mx.example"
    assert [(one.address, one.status) for one in report.recipients] == [("a@x.example", None)]


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("Action: FAILED (giving up)", Action.FAILED),
        ("Status: 5.1.1", Action.FAILED),
        ("Action: bounced\r\nStatus: 4.2.2", Action.DELAYED),
        ("Status: 2.0.0", Action.DELIVERED),
    ],
)
def test_the_status_stands_in_for_a_missing_action(said: str, action: Action) -> None:
    report = read(with_part(STATUS, f"Final-Recipient: rfc822; a@x.example\r\n{said}"))
    assert report.recipients[0].action is action


@pytest.mark.parametrize(
    "body", ["", "Reporting-MTA: dns; x", "Final-Recipient: rfc822; a@x.example", "Action: failed"]
)
def test_a_status_about_nobody_is_none(body: str) -> None:
    assert read_report(with_part(STATUS, body)) is None


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("dns; mx.example", ("dns", "mx.example")),
        ("SMTP;550 no; really", ("smtp", "550 no; really")),
        ("mx.example", (None, "mx.example")),
        ("dns;", ("dns", None)),
        ("", (None, None)),
    ],
)
def test_types_stand_before_a_semicolon(value: str, parts: tuple[str | None, str | None]) -> None:
    assert typed(value) == parts


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; <a@x.example>", "a@x.example"),
        ("rfc822; a\\x{E9}@x.example", "a\\x{E9}@x.example"),
        ("utf-8; a\\x{E9}\\x{1F600}@x.example", "aé😀@x.example"),
        ("utf-8; a\\x{0A}\\x{D800}\\x{110000}@x.example", "a\\x{0A}\\x{D800}\\x{110000}@x.example"),
        ("rfc822; <>", None),
        ("", None),
    ],
)
def test_addresses_are_bare(value: str, address: str | None) -> None:
    assert bare_address(value) == address
