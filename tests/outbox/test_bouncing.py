"""What follows from a report about a mail of the outbox."""

from __future__ import annotations

from datetime import UTC, datetime

from envoi.message.reports import (
    Action,
    Feedback,
    FeedbackType,
    RecipientReport,
    Report,
    ReportKind,
)
from envoi.outbox.bouncing import consequences, named
from envoi.outbox.model import MessageStatus, RecipientStatus, Stage, State

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def mail(*recipients: str) -> MessageStatus:
    return MessageStatus(
        id="0" * 32,
        message_id="<1@example.com>",
        account="work",
        sender="me@example.com",
        subject="Hello",
        key="",
        size=1,
        priority=5,
        stage=Stage.DONE,
        attempts=1,
        cancel_requested=False,
        created_at=NOW,
        due_at=NOW,
        expires_at=NOW,
        recipients=tuple(RecipientStatus(address=each, state=State.DELIVERED) for each in recipients),
    )


def bounce(*recipients: RecipientReport) -> Report:
    return Report(kind=ReportKind.DELIVERY, format="RFC 3464", recipients=recipients)


def feedback(kind: FeedbackType, *recipients: str) -> Report:
    return Report(
        kind=ReportKind.FEEDBACK, format="RFC 5965", feedback=Feedback(type=kind, recipients=recipients)
    )


def test_a_failure_is_recorded_under_the_address_that_was_written_to() -> None:
    one = RecipientReport(
        address="z@inside.example.org", original="Zoe@Example.org", action=Action.FAILED, status="5.1.1"
    )
    what = consequences(bounce(one), mail("zoe@example.org"), NOW)
    assert [(each.address, each.state) for each in what.results] == [("zoe@example.org", State.FAILED)]
    assert [each.address for each in what.suppressions] == ["zoe@example.org"]
    assert what.kind == "bounced"


def test_time_that_ran_out_fails_and_suppresses_nobody() -> None:
    one = RecipientReport(address="zoe@example.org", action=Action.FAILED, status="4.4.7")
    what = consequences(bounce(one), mail("zoe@example.org"), NOW)
    assert what.results[0].reply is not None
    assert what.results[0].reply.code == 450
    assert what.suppressions == ()


def test_the_codes_of_a_reply_are_not_said_twice() -> None:
    for said, kept, code in (
        ("550 5.1.1 <zoe@example.org>: unknown", "<zoe@example.org>: unknown", 550),
        ("550-5.1.1 No such 550-5.1.1 user, not at 550 550 5.1.1 here", "No such user, not at 550 here", 550),
        ("552 mailbox full", "mailbox full", 552),
        ("no such user", "no such user", 550),
    ):
        one = RecipientReport(
            address="zoe@example.org", action=Action.FAILED, status="5.1.1", diagnostic=said
        )
        (found,) = consequences(bounce(one), mail("zoe@example.org"), NOW).results
        assert found.reply is not None
        assert (found.reply.code, found.reply.text) == (code, kept)
        assert found.text == said


def test_everybody_is_named_as_he_was_written_to_first() -> None:
    one = RecipientReport(address="z@inside.example", original="zoe@example.org", action=Action.FAILED)
    assert named(bounce(one)) == ("zoe@example.org", "z@inside.example")
    assert named(feedback(FeedbackType.ABUSE, "a@example.org")) == ("a@example.org",)


def test_without_a_status_there_is_no_reply() -> None:
    one = RecipientReport(address="zoe@example.org", action=Action.FAILED)
    what = consequences(bounce(one), mail("zoe@example.org"), NOW)
    assert what.results[0].reply is None
    assert what.results[0].text == "it came back"


def test_a_delay_is_no_failure() -> None:
    one = RecipientReport(address="zoe@example.org", action=Action.DELAYED, status="4.4.1")
    assert consequences(bounce(one), mail("zoe@example.org"), NOW).results == ()


def test_strangers_are_left_alone() -> None:
    one = RecipientReport(address="victim@example.org", action=Action.FAILED, status="5.1.1")
    what = consequences(bounce(one), mail("zoe@example.org"), NOW)
    assert (what.results, what.suppressions) == ((), ())
    assert what.ignored == ("victim@example.org",)


def test_a_complaint_without_a_name_is_the_only_recipients() -> None:
    what = consequences(feedback(FeedbackType.ABUSE), mail("zoe@example.org"), NOW)
    assert [each.address for each in what.suppressions] == ["zoe@example.org"]
    assert what.results[0].state is State.DELIVERED
    assert not what.nameless
    nobodys = consequences(feedback(FeedbackType.ABUSE), mail("a@example.org", "b@example.org"), NOW)
    assert nobodys.results == ()
    assert nobodys.nameless
    praise = consequences(feedback(FeedbackType.NOT_SPAM), mail("a@example.org", "b@example.org"), NOW)
    assert not praise.nameless


def test_a_complaint_by_a_stranger_is_nobodys() -> None:
    what = consequences(feedback(FeedbackType.ABUSE, "x@example.org"), mail("zoe@example.org"), NOW)
    assert what.suppressions == ()
    assert what.ignored == ("x@example.org",)


def test_praise_suppresses_nobody() -> None:
    assert consequences(feedback(FeedbackType.NOT_SPAM), mail("zoe@example.org"), NOW).suppressions == ()
