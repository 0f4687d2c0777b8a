from __future__ import annotations

import asyncio
import dataclasses
import io
import pickle
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from email import policy
from email.parser import BytesParser
from typing import Any

import pytest

from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.address import Address
from envoi.message.attachment import Attachment
from envoi.message.email import Email
from envoi.message.envelope import DeliveryOptions, Notify
from envoi.message.unsubscribe import Unsubscribe
from tests.message.strategies import STAMP


def mail(**fields: Any) -> Email:
    return Email(**{"sender": "a@example.org", "to": "b@example.org", "stamp": STAMP, **fields})


def fields(email: Email) -> Any:
    return BytesParser(policy=policy.default).parsebytes(email.to_bytes(), headersonly=True)


def test_date_and_identifier_are_fixed_when_it_is_made():
    email = mail()
    assert email.date == STAMP.at
    assert email.message_id == f"<{STAMP.token}@example.org>"
    assert Email(sender="a@b.c").message_id != Email(sender="a@b.c").message_id
    assert mail(sender="a@[192.0.2.1]").message_id == f"<{STAMP.token}@localhost>"


def test_date_and_identifier_can_be_given():
    date = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-5)))
    email = mail(date=date, message_id="1@x", in_reply_to="<0@x>", references=["<a@x>", "b@x"])
    read = fields(email)
    assert read["Date"] == "Fri, 02 Jan 2026 03:04:05 -0500"
    assert read["Message-ID"] == email.message_id == "<1@x>"
    assert (read["In-Reply-To"], read["References"]) == ("<0@x>", "<a@x> <b@x>")
    with pytest.raises(UsageError, match="time zone"):
        mail(date=datetime(2026, 1, 1))  # noqa: DTZ001


def test_several_authors_need_a_sender_field():
    read = fields(mail(from_=["c@example.org", "d@example.org"]))
    assert (read["From"], read["Sender"]) == ("c@example.org, d@example.org", "a@example.org")
    assert "Sender" not in fields(mail())
    with pytest.raises(InvalidAddress, match="not groups"):
        mail(from_="team: a@example.org;")


def test_wishes_become_fields():
    email = mail(
        cc="c@example.org",
        reply_to="r@example.org",
        priority="high",
        sensitivity="private",
        read_receipt=True,
        language="fr-CH, en",
        auto_submitted="auto-generated",
        unsubscribe="https://example.org/u/1",
        headers={"X-Campaign": "été", "List-Id": "<x.example.org>"},
    )
    assert dict(fields(email).items()) == {
        "From": "a@example.org",
        "Reply-To": "r@example.org",
        "To": "b@example.org",
        "Cc": "c@example.org",
        "Subject": "",
        "Date": "Sun, 22 Nov 2026 08:30:00 +0000",
        "Message-ID": f"<{STAMP.token}@example.org>",
        "X-Priority": "1",
        "Priority": "urgent",
        "Importance": "high",
        "Sensitivity": "private",
        "Disposition-Notification-To": "a@example.org",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "fr-CH, en",
        "List-Unsubscribe": "<https://example.org/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Campaign": "été",
        "List-Id": "<x.example.org>",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="us-ascii"',
        "Content-Transfer-Encoding": "7bit",
    }


def test_a_read_receipt_goes_to_whom_it_is_said():
    assert mail(read_receipt="r@example.org").read_receipt == Address(local="r", domain="example.org")
    assert mail(read_receipt=False).read_receipt is None
    assert mail(unsubscribe=Unsubscribe(mailto="u@example.org")).unsubscribe == Unsubscribe(
        mailto="u@example.org"
    )


def test_headers_may_repeat():
    assert fields(mail(headers=[("X-A", "1"), ("X-A", "2")])).get_all("X-A") == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Subject", "argument subject"),
        ("BCC", "argument bcc"),
        ("Content-Type", "reserved"),
        ("Received", "reserved"),
        ("Resent-Bcc", "reserved"),
        ("X-Priority", "argument priority"),
        ("A b", "no name"),
    ],
)
def test_reserved_headers_are_refused(name, reason):
    with pytest.raises(InvalidHeader, match=reason):
        mail(headers={name: "x"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": b"x"},
        {"text": "\ud800"},
        {"html": "\ud800"},
        {"attachments": ["report.pdf"]},
        {"attachments": [Attachment.from_bytes(b"", "a.png", inline=True)] * 2},
        {"priority": "urgent"},
        {"sensitivity": "secret"},
        {"auto_submitted": "no"},
        {"language": "not a language"},
        {"message_id": "<a b>"},
        {"references": "<a>b"},
        {"headers": {"X-A": "a\nb"}},
        {"subject": "a\r\nb"},
        {"to": "nobody"},
    ],
)
def test_values_are_checked_when_it_is_made(wrong):
    with pytest.raises(UsageError):
        mail(**wrong)


def test_the_envelope_has_everybody_once():
    email = mail(
        to="t: a@example.org, b@example.org;", cc=["B@example.org", "b@EXAMPLE.org"], bcc="c@example.org"
    )
    envelope = email.envelope()
    assert envelope.sender == "a@example.org"
    assert [one.address for one in envelope.recipients] == [
        "a@example.org",
        "b@example.org",
        "B@example.org",
        "c@example.org",
    ]
    assert email.envelope(sender="").sender == ""
    with pytest.raises(InvalidAddress, match="no recipient"):
        Email(sender="a@example.org").envelope()


def test_a_delivery_receipt_is_asked_for_in_the_envelope():
    email = mail(delivery_receipt=True)
    assert email.envelope().options.notify == frozenset({Notify.SUCCESS, Notify.DELAY, Notify.FAILURE})
    never = DeliveryOptions(notify=frozenset({Notify.NEVER}))
    assert email.envelope(never).options is never


def test_asynchronous_attachments_need_achunks():
    async def pieces():
        yield b"x" * 100
        yield b"y" * 100

    inner = mail(attachments=[Attachment.from_async_iterator(pieces, "x.bin", size=200)])
    email = mail(text="x", attachments=[Attachment.from_email(inner)])
    for each in (inner, email):
        assert each.is_async
        with pytest.raises(UsageError, match="asynchronous"):
            each.chunks()

        async def collect(asked: Email) -> bytes:
            return b"".join([piece async for piece in asked.achunks()])

        assert len(asyncio.run(collect(each))) == each.size()


def test_both_forms_give_the_same_octets(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"x" * 100_000)
    email = mail(text="é", attachments=[Attachment.from_path(path), Attachment.from_bytes(b"", "empty")])

    async def collect(encoding: Any) -> bytes:
        return b"".join([piece async for piece in email.achunks(encoding)])

    from envoi.message.content import WireEncoding

    for encoding in (WireEncoding(), WireEncoding(eightbit=True, binary=True)):
        assert asyncio.run(collect(encoding)) == b"".join(email.chunks(encoding))


def test_the_size_is_unknown_when_an_attachment_does_not_know():
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert mail(attachments=[Attachment.from_file(Stream(b"x"))]).size() is None


def test_replacing_keeps_the_message_the_same():
    email = mail(text="before")
    email.to_bytes()
    changed = dataclasses.replace(email, text="after")
    assert changed.message_id == email.message_id
    assert b"after" in changed.to_bytes()


def test_it_is_a_value():
    assert mail() == mail()
    assert hash(mail()) == hash(mail())
    assert pickle.loads(pickle.dumps(mail(text="x"))) == mail(text="x")
    with pytest.raises(AttributeError):
        setattr(mail(), "subject", "x")  # noqa: B010


def test_its_repr_is_one_line_without_content():
    shown = repr(mail(subject="a" * 200, text="secret"))
    assert "secret" not in shown
    assert len(shown) < 250


def test_saving_and_reading_back(tmp_path):
    email = mail(subject="été", text="x\n", attachments=[Attachment.from_bytes(b"\xff", "été.bin")])
    email.save(tmp_path / "mail.eml")
    assert Email.from_path(tmp_path / "mail.eml") == email
    assert [path.name for path in tmp_path.iterdir()] == ["mail.eml"]


def test_saving_leaves_nothing_half(tmp_path):
    source = tmp_path / "x.bin"
    source.write_bytes(b"x")
    email = mail(attachments=[Attachment.from_path(source)])
    source.unlink()
    with pytest.raises(UsageError, match=r"x\.bin"):
        email.save(tmp_path / "mail.eml")
    assert list(tmp_path.iterdir()) == []


MEASURE = """
import sys
from envoi.message.email import Email, Attachment
attachment = Attachment.from_path(sys.argv[1])
email = Email(sender="a@example.org", to="b@example.org", text="x", attachments=[attachment])
email.size()
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
before = peak()
total = sum(map(len, email.chunks()))
assert total == email.size()
print(total, peak() - before, peak())
"""


@pytest.mark.slow
def test_half_a_gibibyte_is_composed_in_constant_memory(tmp_path):
    path = tmp_path / "big.bin"
    with path.open("wb") as file:
        file.truncate(512 << 20)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    total, grown, peak = map(int, done.stdout.split())
    assert total > 700_000_000
    assert grown < 4096  # KiB
    assert peak < 32 * 1024


@pytest.mark.parametrize("octets", [0, 1000, 3_000_000])
def test_the_whole_is_its_chunks_whatever_its_size(octets: int) -> None:
    attached = Attachment.from_bytes(b"x" * octets, filename="x.bin")
    mail = Email(sender="a@example.org", to="b@example.org", text="Hello", attachments=[attached])
    assert mail.to_bytes() == b"".join(mail.chunks())
