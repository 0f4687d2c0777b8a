"""Ways for mail other than SMTP, both colours: what is kept is what was sent; refusals are errors of ours."""

from __future__ import annotations

import asyncio
import io
import json
import mailbox
import stat
from typing import TYPE_CHECKING, Any

import pytest

from envoi import (
    Accepted,
    Attachment,
    ConfigError,
    DeliveryError,
    Email,
    MessageRejected,
    Receipt,
    Retry,
    UsageError,
    transports,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from envoi.transports import Transport

    Send = Callable[..., Receipt]

MAIL = Email(
    sender="accounts@example.com",
    to="zoe@example.org",
    bcc="secret@example.org",
    subject="Été",
    text="Hello\nFrom here\n.\n",
)


@pytest.fixture(params=["blocking", "asyncio"])
def send(request: pytest.FixtureRequest) -> Send:
    """Send over a transport in either colour, and close it."""

    def blocking(transport: Transport, mail: Any, **options: Any) -> Receipt:
        with transport:
            return transport.send(mail, **options)

    def in_loop(transport: Transport, mail: Any, **options: Any) -> Receipt:
        async def run() -> Receipt:
            async with transports.asynchronous(transport) as other:
                return await other.send(mail, **options)

        return asyncio.run(run())

    return blocking if request.param == "blocking" else in_loop


def program(tmp_path: Path, script: str) -> str:
    path = tmp_path / "sendmail"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_memory_keeps_what_was_sent_to_whom(send: Send) -> None:
    transport, kept = transports.memory()
    told: list[int] = []
    receipt = send(transport, MAIL, progress=lambda sent, total: told.append(sent))
    (message,) = kept.messages
    assert receipt.accepted == message.recipients == ("zoe@example.org", "secret@example.org")
    assert receipt.message_id == message.email["Message-ID"] == MAIL.message_id
    assert (message.sender, receipt.server, receipt.reply.code) == ("accounts@example.com", "memory", 250)
    assert told == [len(message.data)]
    assert b"secret@example.org" not in message.data
    kept.clear()
    assert kept.messages == []


def test_a_maildir_gets_a_message_of_its_own(send: Send, tmp_path: Path) -> None:
    place = tmp_path / "Maildir"
    send(transports.maildir(place), MAIL)
    (message,) = mailbox.Maildir(place, create=False)
    assert message["Return-Path"] == "<accounts@example.com>"
    assert message.get_all("Delivered-To") == ["zoe@example.org", "secret@example.org"]
    assert message.get_payload() == "Hello\nFrom here\n.\n"


def test_an_mbox_quotes_lines_that_look_like_its_own(send: Send, tmp_path: Path) -> None:
    place = tmp_path / "mbox"
    send(transports.mbox(place), MAIL)
    send(transports.mbox(place), MAIL)
    assert b"\n>From here\n" in place.read_bytes()
    box = mailbox.mbox(place, create=False)
    assert len(box) == 2
    box.close()


def test_a_folder_gets_the_message_and_its_envelope(send: Send, tmp_path: Path) -> None:
    send(transports.folder(tmp_path / "out"), MAIL)
    envelope, message = sorted((tmp_path / "out").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert envelope.stem == message.stem
    assert json.loads(envelope.read_text()) == {
        "sender": "accounts@example.com",
        "recipients": ["zoe@example.org", "secret@example.org"],
    }
    assert Email.from_path(message).subject == "Été"


def test_a_console_shows_the_mail_and_no_control_characters(send: Send) -> None:
    screen = io.StringIO()
    send(
        transports.console(screen),
        b"Subject: x\r\n\r\nred \x1b[31m alert",
        sender="a@example.com",
        recipients=["b@example.org"],
    )
    assert screen.getvalue() == (
        "----- from <a@example.com> to b@example.org\nSubject: x\n\nred \\x1b[31m alert\n-----\n"
    )


def test_the_program_gets_envelope_and_message(send: Send, tmp_path: Path) -> None:
    path = program(tmp_path, f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/message')
    receipt = send(transports.sendmail(path), MAIL)
    assert (tmp_path / "arguments").read_text() == (
        "-i -f accounts@example.com -- zoe@example.org secret@example.org\n"
    )
    message = (tmp_path / "message").read_bytes()
    assert b"\r" not in message
    assert b"\n.\n" in message
    assert receipt.server == f"sendmail:{path}"
    send(transports.sendmail(path), b"Subject: x\r\n\r\n", sender="", recipients=["b@example.org"])
    assert (tmp_path / "arguments").read_text() == "-i -f <> -- b@example.org\n"


@pytest.mark.parametrize(
    ("status", "retry", "words"),
    [
        (75, Retry.LATER, "try again later"),
        (67, Retry.NEVER, "recipient is unknown"),
        (3, Retry.NEVER, "status 3"),
    ],
)
def test_the_programs_status_says_whether_to_try_again(
    send: Send, tmp_path: Path, status: int, retry: Retry, words: str
) -> None:
    path = program(tmp_path, f"cat > /dev/null; echo the queue is full; exit {status}")
    with pytest.raises(MessageRejected, match=words) as caught:
        send(transports.sendmail(path), MAIL)
    assert "the queue is full" in str(caught.value)
    assert caught.value.retry is retry
    assert caught.value.accepted is Accepted.NO


def test_a_silent_refusal_is_one_too(send: Send, tmp_path: Path) -> None:
    with pytest.raises(MessageRejected, match=r"it is not permitted$"):
        send(transports.sendmail(program(tmp_path, "exit 77")), MAIL)


def test_a_program_that_does_not_end_may_have_taken_it(send: Send, tmp_path: Path) -> None:
    with pytest.raises(MessageRejected, match="had not ended") as caught:
        send(transports.sendmail(program(tmp_path, "exec sleep 60"), timeout=0.05), MAIL)
    assert caught.value.accepted is Accepted.MAYBE


def test_a_program_that_is_not_there_is_a_matter_of_configuration(send: Send, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be run"):
        send(transports.sendmail(str(tmp_path / "none")), MAIL)


def test_places_that_cannot_be_used_say_so_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for made in (transports.maildir, transports.mbox, transports.folder):
        with pytest.raises(ConfigError, match="cannot be used as"):
            made(file / "below")


def test_a_full_or_vanished_place_refuses_the_message(send: Send, tmp_path: Path) -> None:
    transport = transports.folder(tmp_path / "out")
    (tmp_path / "out").rmdir()
    with pytest.raises(MessageRejected, match="did not take the message"):
        send(transport, MAIL)
    transport = transports.maildir(tmp_path / "Maildir")
    (tmp_path / "Maildir" / "tmp").rmdir()
    with pytest.raises(MessageRejected, match="did not take the message"):
        send(transport, MAIL)


def test_each_of_several_has_its_own_fate(tmp_path: Path) -> None:
    transport, kept = transports.memory()
    results = list(transport.send_all([MAIL, b"no envelope", MAIL]))
    assert [type(each) for each in results] == [Receipt, UsageError, Receipt]
    assert len(kept.messages) == 2

    async def both() -> list[type]:
        broken = transports.asynchronous(transports.sendmail(program(tmp_path, "exit 75")))
        other = transports.asynchronous(transport)
        return [type(each) async for each in other.send_all([MAIL, b"no envelope"])] + [
            type(each) async for each in broken.send_all([MAIL])
        ]

    assert asyncio.run(both()) == [Receipt, UsageError, MessageRejected]
    assert issubclass(MessageRejected, DeliveryError)


def test_asynchronous_attachments_need_the_asynchronous_colour() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"hello"

    mail = Email(
        sender="a@example.com",
        to="b@example.org",
        attachments=[Attachment.from_async_iterator(pieces, "a.txt")],
    )
    transport, kept = transports.memory()
    with pytest.raises(UsageError, match="asynchronous"):
        transport.send(mail)
    asyncio.run(transports.asynchronous(transport).send(mail))
    assert kept.messages[0].email.is_multipart()


def test_shows_where_it_leads(capsys: pytest.CaptureFixture[str]) -> None:
    assert repr(transports.console()) == "<Transport console>"
    assert repr(transports.asynchronous(transports.console())) == "<AsyncTransport console>"
