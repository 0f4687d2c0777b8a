"""``envoi bounce``: what comes back finds its mail, is recorded, and stops what is hopeless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import Email, Outbox, RawEmail
from envoi.message.reports import verp_sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]

SECRET = "sixteen octets at least"


def report(message_id: str, *, recipient: str = "zoe@example.org", to: str = "me@example.com") -> bytes:
    return f"""\
From: MAILER-DAEMON@mx.example.org
To: {to}
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
""".encode()


def complaint(message_id: str) -> bytes:
    return f"""\
From: feedback@provider.example
To: me@example.com
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

Somebody complained.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: provider/1
Version: 1

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
""".encode()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/outbox.db"


@pytest.fixture
def bounce(envoi: Run, url: str) -> Run:
    def run(data: bytes, *options: str, **environ: str) -> Outcome:
        return envoi("bounce", *options, stdin=data, environ={"ENVOI_OUTBOX": url, **environ})

    return run


def submit(url: str, *, to: str = "zoe@example.org", **options: str) -> tuple[str, str]:
    mail = Email(sender="me@example.com", to=to, subject="Hello", text="Hello")
    with Outbox(url) as outbox:
        ticket = outbox.submit(mail, **options)  # type: ignore[arg-type]
        return ticket.id, ticket.message_id


def test_a_bounce_finds_its_mail_by_its_message_id(bounce: Run, url: str) -> None:
    ticket, message_id = submit(url)
    done = bounce(report(message_id), "--json")
    assert done.code == 0
    assert done.json["id"] == ticket
    assert done.json["recipients"] == done.json["suppressed"] == ["zoe@example.org"]
    with Outbox(url) as outbox:
        (recipient,) = outbox.status(ticket).recipients
        assert recipient.state.value == "failed"
        assert recipient.reply is not None
        assert (recipient.reply.code, recipient.reply.enhanced) == (550, "5.1.1")
        assert [each.address for each in outbox.suppressions()] == ["zoe@example.org"]
        assert "bounced" in [event.kind for event in outbox.events()]


def test_a_signed_address_finds_its_mail_by_the_key(bounce: Run, url: str) -> None:
    sender = verp_sender("bounces@example.com", "order.42", secret=SECRET.encode())
    ticket, _ = submit(url, key="order.42", sender=sender)
    done = bounce(
        report("<unknown@x>", to=sender), "--base", "bounces@example.com", ENVOI_BOUNCE_SECRET=SECRET
    )
    assert done.code == 0
    assert ticket in done.out
    assert "Suppressed" in done.out


def test_a_signed_address_finds_its_mail_by_the_ticket(bounce: Run, url: str) -> None:
    ticket, _ = submit(url)
    to = verp_sender("b@example.com", ticket, secret=SECRET.encode())
    done = bounce(report("<x@x>", to=to), "--base", "b@example.com", "--json", ENVOI_BOUNCE_SECRET=SECRET)
    assert done.json["id"] == ticket


def test_a_forged_address_finds_nothing(bounce: Run, url: str) -> None:
    submit(url, key="order.42")
    to = verp_sender("b@example.com", "order.42", secret=b"another secret of somebody")
    done = bounce(report("<x@x>", to=to), "--base", "b@example.com", ENVOI_BOUNCE_SECRET=SECRET)
    assert done.code == 1
    assert "no mail of this outbox" in done.out


def test_the_base_needs_its_secret(bounce: Run) -> None:
    done = bounce(report("<x@x>"), "--base", "b@example.com")
    assert done.code == 78
    assert "ENVOI_BOUNCE_SECRET" in done.err


def test_a_report_is_believed_about_its_own_recipients_alone(bounce: Run, url: str) -> None:
    _, message_id = submit(url)
    done = bounce(report(message_id, recipient="victim@example.org"))
    assert "not a recipient of this mail; ignored" in done.out
    with Outbox(url) as outbox:
        assert list(outbox.suppressions()) == []


def test_a_complaint_stops_further_mail_and_leaves_the_delivery(bounce: Run, url: str) -> None:
    ticket, message_id = submit(url)
    done = bounce(complaint(message_id), "--json")
    assert done.json["kind"] == "complained"
    with Outbox(url) as outbox:
        assert outbox.status(ticket).recipients[0].state.value != "failed"
        assert [each.address for each in outbox.suppressions()] == ["zoe@example.org"]


def test_a_complaint_of_one_of_many_is_said_to_be_nobodys(bounce: Run, url: str) -> None:
    _, message_id = submit(url, to="zoe@example.org, bob@example.org")
    done = bounce(complaint(message_id))
    assert done.code == 1
    assert "several recipients" in done.out
    with Outbox(url) as outbox:
        assert list(outbox.suppressions()) == []


def test_of_mails_with_one_message_id_it_is_the_one_to_the_recipient(bounce: Run, url: str) -> None:
    raw = b"From: me@example.com\r\nMessage-ID: <same@example.com>\r\n\r\nHello\r\n"
    with Outbox(url) as outbox:
        tickets = [
            outbox.submit(RawEmail(raw, sender="me@example.com", recipients=[f"{name}@example.org"])).id
            for name in ("zoe", "bob")
        ]
    for ticket, name in zip(tickets, ("zoe", "bob"), strict=True):
        done = bounce(report("<same@example.com>", recipient=f"{name}@example.org"), "--json")
        assert (done.json["id"], done.json["recipients"]) == (ticket, [f"{name}@example.org"])
    assert bounce(report("<same@example.com>", recipient="no address")).code == 0


def test_a_delay_is_nothing_to_record(bounce: Run, url: str) -> None:
    _, message_id = submit(url)
    delay = report(message_id).replace(b"failed", b"delayed").replace(b"5.1.1", b"4.4.1")
    assert "nothing to record" in bounce(delay).out
    assert bounce(delay, "--json").json["kind"] is None


def test_a_dry_run_records_nothing(bounce: Run, url: str) -> None:
    ticket, message_id = submit(url)
    assert "dry run" in bounce(report(message_id), "--dry-run").out
    with Outbox(url) as outbox:
        assert outbox.status(ticket).recipients[0].state.value == "pending"
        assert list(outbox.suppressions()) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"From: a@example.org\r\nSubject: lunch\r\n\r\nAt noon?\r\n", "no report"),
        (
            (
                b"From: a@example.org\r\nTo: me@example.com\r\nAuto-Submitted: auto-replied\r\n"
                b"Subject: Out of office\r\n\r\nBack on Monday.\r\n"
            ),
            "The mail arrived",
        ),
    ],
)
def test_what_is_no_bounce_changes_nothing(bounce: Run, data: bytes, words: str) -> None:
    done = bounce(data)
    assert done.code == 0
    assert words in done.out


def test_a_report_may_be_in_a_file(envoi: Run, url: str, tmp_path: Path) -> None:
    _, message_id = submit(url)
    file = tmp_path / "report.eml"
    file.write_bytes(report(message_id))
    assert envoi("bounce", str(file), "--outbox", url).code == 0
    assert envoi("bounce", str(tmp_path / "none"), "--outbox", url).code == 66
