from __future__ import annotations

import pytest

from envoi.message.reports import Action, read_report
from tests.message.reports.mails import bounce, read


def test_the_copy_of_the_message_does_not_count() -> None:
    text = "<a@x.example>: unknown user\n\n--- Original message follows.\nb@x.example: unknown user"
    assert [one.address for one in read(bounce(text)).recipients] == ["a@x.example"]


def test_lines_that_begin_with_an_address_come_before_mentions() -> None:
    text = "Write to help@x.example for help.\n\n  <a@x.example>\n    unknown user"
    assert [one.address for one in read(bounce(text)).recipients] == ["a@x.example"]


def test_mentions_count_when_there_is_nothing_better() -> None:
    assert [one.address for one in read(bounce("No, a@x.example is an unknown user.")).recipients] == [
        "a@x.example"
    ]


def test_the_addressee_of_the_bounce_is_no_recipient() -> None:
    assert read_report(bounce("To orders@shop.example: your mail was not delivered.")) is None


def test_failed_recipients_in_the_header_decide() -> None:
    fields = "From: x@y.example\nX-Failed-Recipients: b@x.example, c@x.example\nSubject: undeliverable\n"
    report = read(bounce("a@x.example\nb@x.example\n  550 mailbox full", fields=fields))
    assert [(one.address, one.status) for one in report.recipients] == [
        ("b@x.example", "5.2.2"),
        ("c@x.example", "5.2.2"),
    ]


def test_each_recipient_has_what_is_said_after_it() -> None:
    report = read(bounce("<a@x.example>:\n550 unknown user\n\n<b@x.example>:\n552 over quota"))
    assert [(one.status, one.diagnostic) for one in report.recipients] == [
        ("5.1.1", "550 unknown user"),
        ("5.2.2", "552 over quota"),
    ]


def test_a_reason_that_is_given_once_holds_for_all() -> None:
    report = read(bounce("550 unknown user, all of them:\n\n<a@x.example>\n<b@x.example>"))
    assert [one.status for one in report.recipients] == ["5.1.1", "5.1.1"]


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("Delivery has been delayed.", Action.DELAYED),
        ("THIS IS A WARNING MESSAGE ONLY.", Action.DELAYED),
        ("Delivery has been delayed, and failed permanently.", Action.FAILED),
        ("Undeliverable.", Action.FAILED),
    ],
)
def test_tells_delayed_from_failed(words: str, action: Action) -> None:
    assert read(bounce(f"{words}\n\na@x.example")).recipients[0].action is action


def test_a_person_who_quotes_a_bounce_has_not_bounced() -> None:
    text = "This message was created automatically by mail delivery software.\na@x.example: unknown user"
    assert read_report(bounce(text, fields="From: ada@x.example\nSubject: Undeliverable\n")) is None


def test_a_null_sender_makes_it_a_bounce_when_the_subject_says_so() -> None:
    fields = "Return-Path: <>\nFrom: robot@x.example\nSubject: =?utf-8?q?Mail_non_remis?=\n"
    assert read(bounce("a@x.example: 550 no", fields=fields)).format == "text"


def test_an_author_without_an_address_may_be_a_mail_system() -> None:
    report = read(
        bounce("<a@x.example>: unknown user", fields="From: MAILER-DAEMON\nSubject: failure notice\n")
    )
    assert report.format == "text"


def test_mail_of_a_system_about_something_else_is_no_bounce() -> None:
    assert read_report(bounce("a@x.example has logged in.", fields="From: postmaster@x.example\n")) is None


def test_there_is_an_end_to_recipients() -> None:
    assert len(read(bounce("\n".join(f"<a{n}@x.example>: gone" for n in range(500)))).recipients) == 100
