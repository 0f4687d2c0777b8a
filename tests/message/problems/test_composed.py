from __future__ import annotations

from datetime import UTC, datetime, timedelta

from envoi import Attachment, Email, RawEmail
from envoi.message.problems import Kind
from envoi.message.stamp import Stamp

STAMP = Stamp(at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC), token="t0")


def mail(**changes) -> Email:
    said = {
        "sender": "ann@example.org",
        "to": "bob@example.org",
        "subject": "Report",
        "text": "Hello\n",
        "stamp": STAMP,
    }
    return Email(**{**said, **changes})


def kinds(email: Email, **arguments) -> list[Kind]:
    return [one.kind for one in email.problems(**arguments)]


def test_finds_nothing_wrong_with_a_good_mail():
    logo = Attachment.from_bytes(b"x" * 100, "logo.png", inline=True)
    html = '<p>See the report, which is attached to this mail, as ever.</p><img alt="" src="cid:logo.png">'
    report = Attachment.from_bytes(b"x" * 100, "report.pdf")
    assert kinds(mail(html=html, attachments=[logo, report])) == []


def test_wants_a_recipient():
    assert kinds(mail(to=()))[0] is Kind.NO_RECIPIENT
    assert Kind.NO_RECIPIENT not in kinds(mail(to=(), bcc="bob@example.org"))


def test_counts_hidden_recipients_and_members_of_groups():
    many = [f"a{number}@example.org" for number in range(30)]
    assert kinds(mail(bcc=many, cc=f"us: {', '.join(many)};")) == [Kind.UNSUBSCRIBE]


def test_holds_the_date_against_the_making_of_the_mail():
    assert kinds(mail(date=STAMP.at + timedelta(days=2))) == [Kind.DATE]
    assert kinds(mail(), now=STAMP.at + timedelta(days=30)) == [Kind.DATE]


def test_reads_no_attachment(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * (12 << 20))
    email = mail(attachments=[Attachment.from_path(path)])
    path.unlink()
    assert kinds(email) == [Kind.SIZE]


def test_finds_empty_files_and_takes_messages_as_they_are():
    inner = Attachment.from_email(mail())
    assert kinds(mail(attachments=[inner, Attachment.from_bytes(b"", "empty.pdf")])) == [Kind.EMPTY]


def test_asks_nothing_of_asynchronous_attachments():
    async def pieces():
        yield b"x"

    assert kinds(mail(attachments=[Attachment.from_async_iterator(pieces(), "a.pdf")])) == []


def test_looks_through_raw_mails_as_well(tmp_path):
    raw = mail(subject="").to_bytes()
    path = tmp_path / "mail.eml"
    path.write_bytes(raw)
    for content in (raw, path):
        found = RawEmail(content, sender="ann@example.org", recipients=["bob@example.org"]).problems()
        assert [one.kind for one in found] == [Kind.SUBJECT]
    crowd = [f"a{number}@example.org" for number in range(60)]
    found = RawEmail(raw, sender="ann@example.org", recipients=crowd).problems(
        now=STAMP.at + timedelta(days=9)
    )
    assert [one.kind for one in found] == [Kind.SUBJECT, Kind.DATE, Kind.UNSUBSCRIBE]
