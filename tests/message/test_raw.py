from __future__ import annotations

import asyncio
import os
from email.message import EmailMessage, Message
from email.mime.text import MIMEText
from email.policy import SMTP

import pytest

from envoi.errors import InvalidAddress, NotSupportedByServer, UsageError
from envoi.message.content import Requirements, WireEncoding
from envoi.message.envelope import DeliveryOptions, Recipient
from envoi.message.raw import RawContent, RawEmail
from envoi.message.source import PIECE
from tests.message.signing.material import on_the_wire

SEVENBIT = WireEncoding()
EIGHTBIT = WireEncoding(eightbit=True)


def raw(message, **envelope):
    return RawEmail(message, **{"sender": "a@example.org", "recipients": ["b@example.org"], **envelope})


def octets(content, used=SEVENBIT):
    return b"".join(content.chunks(used))


def test_bytes_travel_as_they_are_without_a_copy():
    data = b"Subject: x\n\nbody\r without repair"
    (chunk,) = raw(data).chunks(SEVENBIT)
    assert chunk is data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"A: 1\r\n\r\nbody\r\n",
        b"A: 1\r\n\r\nbody",
        b"A: 1\n\nbody\n",
        b"A: 1\n\nbody\r\n",
        b"A: 1\n\nb\n\nc",
    ],
)
def test_the_size_is_that_on_the_wire(data, tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(data)
    assert raw(data).size(SEVENBIT) == raw(path).size(SEVENBIT) == len(on_the_wire(raw(data)))


def test_a_line_end_between_two_pieces_of_a_file_is_one(tmp_path):
    path = tmp_path / "mail.eml"
    for before in range(PIECE - 3, PIECE + 3):
        data = b"A: 1\r\n\r\n" + b"x" * before + b"\r\n" + b"y\n"
        path.write_bytes(data)
        assert raw(path).size(SEVENBIT) == len(data) + 1


def test_the_asynchronous_form_gives_the_same():
    async def collect(content):
        return [piece async for piece in content.achunks(SEVENBIT)]

    assert asyncio.run(collect(raw(b"x"))) == [b"x"]


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"A: 1\r\nBcc: x@y\r\n\r\nBcc: body", b"A: 1\r\n\r\nBcc: body"),
        (b"Bcc: x@y,\r\n z@y\r\nA: 1\r\n\r\n", b"A: 1\r\n\r\n"),
        (b"A: 1\nBCC : x@y,\n\tz@y\nResent-Bcc: q@y\nB: 2\n\nbody\r\n\r\n", b"A: 1\nB: 2\n\nbody\r\n\r\n"),
        (b"A: 1\r\nBcc: x@y", b"A: 1"),
        (b"X-Bcc: x@y\r\n\r\n", b"X-Bcc: x@y\r\n\r\n"),
        (b"Subject: bcc: is\r\n bcc: folded\r\n\r\n", b"Subject: bcc: is\r\n bcc: folded\r\n\r\n"),
    ],
)
def test_bcc_never_reaches_the_wire(data, sent):
    assert octets(raw(data)) == sent


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"A: 1\r\nMessage-ID: <1@x>\r\n\r\n", "<1@x>"),
        (b"message-id:\r\n <1@x>\n\n", "<1@x>"),
        (b"A: 1\n\nMessage-ID: <1@x>\n", None),
        (b"Message-ID: none", None),
    ],
)
def test_the_message_id_is_the_one_in_the_header(data, found):
    assert raw(data).message_id == found


def test_requirements_follow_the_octets():
    everything = WireEncoding(eightbit=True, binary=True, smtputf8=True)
    assert raw(b"A: 1\n\nx").requirements(everything) == Requirements()
    assert raw(b"A: 1\n\n\xff").requirements(EIGHTBIT) == Requirements(body="8bitmime")
    assert raw(b"A: \xff\n\nx").requirements(everything) == Requirements(body="8bitmime", smtputf8=True)
    with pytest.raises(NotSupportedByServer, match="8BITMIME"):
        raw(b"A: 1\n\n\xff").requirements(SEVENBIT)
    with pytest.raises(NotSupportedByServer, match="SMTPUTF8"):
        raw(b"A: \xff\n\nx").requirements(EIGHTBIT)


def test_the_envelope_can_take_other_options():
    options = DeliveryOptions(require_tls=True)
    email = raw(b"", recipients=[Recipient("b@example.org"), "b@EXAMPLE.org"])
    assert email.envelope().recipients == (Recipient("b@example.org"),)
    assert email.envelope(options).options is options
    assert raw(b"", options=options).envelope().options is options


def test_refuses_other_things_and_bad_envelopes():
    with pytest.raises(UsageError, match="not str"):
        raw("Subject: text")
    with pytest.raises(InvalidAddress):
        raw(b"", recipients=[])
    with pytest.raises(InvalidAddress):
        raw(b"", sender="a@b\r\n")


def test_content_does_not_show_in_reprs():
    assert "secret" not in repr(raw(b"Subject: secret\r\n\r\nsecret"))


def message(text="déjà vu") -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"] = "a@example.org"
    made["To"] = "b@example.org"
    made["Bcc"] = "hidden@example.org"
    made["Message-ID"] = "<1@x>"
    made.set_content(text, cte="8bit")
    return made


def test_a_standard_library_message_adapts_to_the_server():
    email = raw(message())
    assert email.message_id == "<1@x>"
    assert email.requirements(EIGHTBIT) == Requirements(body="8bitmime")
    assert email.requirements(SEVENBIT) == Requirements()
    assert "déjà".encode() in octets(email, EIGHTBIT)
    assert octets(email, SEVENBIT).isascii()
    for used in (SEVENBIT, EIGHTBIT):
        assert email.size(used) == len(octets(email, used))
        assert b"hidden" not in octets(email, used)


def test_a_standard_library_message_is_taken_as_it_is_now():
    made = message("before")
    email = raw(made)
    made.set_content("after")
    assert b"before" in octets(email)
    assert made["Bcc"] == "hidden@example.org"


def test_an_address_beyond_ascii_in_a_standard_library_message_needs_smtputf8():
    made = message()
    made["Cc"] = "ü@example.org"
    assert raw(made).requirements(WireEncoding(eightbit=True, smtputf8=True)).smtputf8


def test_takes_messages_of_the_older_interface():
    made: Message = MIMEText("déjà vu", "plain", "utf-8")
    made["Subject"] = "x"
    assert octets(raw(made)).startswith(b"Content-Type: text/plain")
    assert b"\r\n" in octets(raw(made))


def test_names_what_the_standard_library_cannot_serialise():
    made = Message()
    made.set_payload(["not a message"])
    made["Content-Type"] = "multipart/mixed"
    with pytest.raises(UsageError, match="cannot serialise"):
        raw(made)


def test_a_file_is_read_while_it_is_sent(tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(b"A: 1\r\nBcc: x@y\r\nMessage-ID: <1@x>\r\n\r\n" + b"x" * 200_000)
    email = raw(path)
    assert email.message_id == "<1@x>"
    assert octets(email) == b"A: 1\r\nMessage-ID: <1@x>\r\n\r\n" + b"x" * 200_000
    assert email.size(SEVENBIT) == len(on_the_wire(email))
    assert email.requirements(SEVENBIT) == Requirements()


def test_octets_above_127_in_a_file_are_seen(tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(b"A: 1\r\n\r\n" + b"x" * 200_000 + b"\xff")
    assert raw(path).requirements(EIGHTBIT).body == "8bitmime"


def test_a_file_that_changed_is_not_sent(tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(b"A: 1\r\n\r\nbefore")
    email = raw(path)
    path.write_bytes(b"A: 1\r\n\r\nafterwards")
    with pytest.raises(UsageError, match=r"mail\.eml.*changed"):
        octets(email)


def test_a_file_without_a_header_is_no_mail(tmp_path):
    path = tmp_path / "data.bin"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 2 << 20)
    with pytest.raises(UsageError, match="no mail message"):
        RawContent.of(path)
    with pytest.raises(UsageError, match="cannot be read"):
        RawContent.of(tmp_path / "none.eml")


def test_the_same_octets_are_looked_through_once() -> None:
    octets = b"Subject: hi\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"
    first = RawEmail(octets, sender="a@example.org", recipients=["b@example.org"])
    again = RawEmail(octets, sender="a@example.org", recipients=["c@example.org"])
    assert again.content is first.content
    assert again.envelope().recipients[0].address == "c@example.org"
    other = RawEmail(octets[:-7] + b"Adieu\r\n", sender="a@example.org", recipients=["c@example.org"])
    assert b"Adieu" in b"".join(other.chunks(WireEncoding()))


@pytest.mark.parametrize(
    ("octets", "plain"),
    [
        (b"Subject: hi\r\n\r\nHello\r\n", True),
        (b"Subject: hi\r\n\r\nHello", False),
        (b"Subject: hi\n\nHello\n", False),
        (b"Subject: hi\r\n\r\nH\xc3\xa9llo\r\n", False),
        (b"Bcc: c@example.org\r\n\r\nHello\r\n", True),
    ],
)
def test_knows_octets_that_any_server_takes_as_they_are(octets: bytes, plain: bool) -> None:
    content = RawContent.of(octets)
    assert (content.plain is not None) is plain
    if plain:
        assert content.plain == b"".join(content.chunks(WireEncoding()))
        assert b"Bcc" not in (content.plain or b"")
