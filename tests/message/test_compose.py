from __future__ import annotations

import re
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesParser
from typing import Any

import mailparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envoi.errors import NotSupportedByServer
from envoi.message.address import Address, Group
from envoi.message.attachment import Attachment
from envoi.message.calendar import Event
from envoi.message.content import Requirements, WireEncoding
from envoi.message.email import Email
from envoi.message.mailboxes import parse_address
from envoi.message.raw import RawEmail
from tests.message import strategies as some

SEVENBIT = WireEncoding()
EIGHTBIT = WireEncoding(eightbit=True)
EVERYTHING = WireEncoding(eightbit=True, binary=True, smtputf8=True)
encodings = st.sampled_from([SEVENBIT, EIGHTBIT, WireEncoding(smtputf8=True), EVERYTHING])


def mail(**fields: Any) -> Email:
    return Email(**{"sender": "a@example.org", "to": "b@example.org", "stamp": some.STAMP, **fields})


def read(data: bytes) -> Any:
    return BytesParser(policy=policy.default).parsebytes(data)


def composed(email: Email, encoding: WireEncoding = SEVENBIT) -> bytes:
    return b"".join(email.chunks(encoding))


def as_read(text: str) -> str:
    """Line ends as every mail has them, the last one included."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def spaceless(name: str) -> str:
    """A name without its spaces: the standard library adds and drops some in names (not elsewhere)."""
    return "".join(name.split())


def shape(part: Any) -> Any:
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        return (part.get_content_subtype(), *map(shape, part.iter_parts()))
    return part.get_content_type()


def content_of(part: Any) -> str:
    text: str = part.get_payload(decode=True).decode(part.get_content_charset())
    return text.replace("\r\n", "\n")


@given(
    subject=some.line,
    sender=some.addresses,
    to=st.lists(some.addresses | some.groups, max_size=4),
    bare=encodings,
)
@settings(max_examples=400)
def test_headers_are_read_back_as_they_were_given(subject, sender, to, bare):
    message = read(composed(mail(subject=subject, sender=sender, to=to), bare))
    assert str(message["Subject"]) == subject
    assert not message["Subject"].defects
    people = [sender]
    found = [message["From"].addresses[0]]
    if to:
        people += [a for v in to for a in (v.members if isinstance(v, Group) else (v,))]
        found += message["To"].addresses
        team = [g.display_name for g in message["To"].groups if g.display_name]
        assert list(map(spaceless, team)) == [spaceless(v.name) for v in to if isinstance(v, Group)]
    assert [(spaceless(a.display_name), a.username, a.domain) for a in found] == [
        (spaceless(a.name), a.local, a.domain) for a in people
    ]


@given(some.names.filter(bool).map(lambda name: Address(local="a", domain="example.org", name=name)))
@settings(max_examples=400)
def test_display_names_are_read_back_to_the_last_space(address):
    field = dict(read(composed(mail(sender=address))).raw_items())["From"]
    phrase = re.sub(r"\r?\n", "", field).rpartition(" <")[0].strip()
    if phrase.startswith('"'):
        phrase = re.sub(r"\\(.)", r"\1", phrase[1:-1])
    assert str(make_header(decode_header(phrase))) == address.name


@given(
    text=st.none() | some.bodies,
    html=st.none() | some.bodies,
    attachments=st.lists(some.attachments, max_size=3),
    encoding=encodings,
)
@settings(max_examples=400)
def test_bodies_and_attachments_are_read_back_as_they_were_given(text, html, attachments, encoding):
    email = mail(text=text if text is not None or html is None else "", html=html, attachments=attachments)
    message = read(composed(email, encoding))
    leaves = [part for part in message.walk() if not part.is_multipart()]
    assert not [defect for part in message.walk() for defect in part.defects]
    bodies = [part for part in leaves if part.get_content_disposition() is None]
    files = [part for part in leaves if part.get_content_disposition() == "attachment"]
    expected = [body for body in (email.text, email.html) if body is not None]
    if len(expected) == 2 and not email.text:
        del expected[0]  # an empty text beside HTML says that there is none
    if not expected and not attachments:
        expected = [""]
    assert [content_of(part) for part in bodies] == [as_read(body) for body in expected]
    given = [(a.filename, b"".join(a.source.chunks())) for a in attachments]
    # Not get_filename(), which takes quotation marks off a second time.
    names = [part["Content-Disposition"].params.get("filename") for part in files]
    assert list(zip(names, [part.get_payload(decode=True) for part in files], strict=True)) == given


@given(
    email=st.builds(
        mail,
        subject=some.line,
        sender=some.addresses,
        to=st.lists(some.addresses | some.groups, max_size=3),
        text=some.bodies,
        attachments=st.lists(some.attachments, max_size=2),
        headers=st.lists(st.tuples(st.sampled_from(["X-One", "Comments", "List-Id"]), some.line), max_size=2),
    ),
    encoding=encodings,
)
@settings(max_examples=300)
def test_bytes_are_the_same_each_time_have_the_announced_size_and_keep_to_the_limits(email, encoding):
    data = composed(email, encoding)
    assert composed(email, encoding) == data
    assert email.size(encoding) == len(data)
    lines = data.split(b"\r\n")
    assert lines[-1] == b""
    if not encoding.binary:
        assert max(map(len, lines)) <= 998
        assert b"\0" not in data
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", data)
    if not encoding.eightbit:
        assert data.isascii()


@given(
    field=st.sampled_from(
        ["subject", "language", "in_reply_to", "references", "message_id", "sender", "to", "reply_to"]
    ),
    before=st.text(max_size=5),
    end=st.sampled_from(["\r\n", "\n", "\r", "\0", "\x0b", "\x1e"]),
)
def test_no_field_can_forge_another(field, before, end):
    value = f"{before}{end}Bcc: victim@example.org"
    with pytest.raises(ValueError, match=r".") as caught:
        mail(**{field: value})
    assert "\n" not in str(caught.value)


def test_text_alone_is_one_part():
    assert shape(read(composed(mail(text="x")))) == "text/plain"


def test_a_mail_without_anything_is_an_empty_text():
    message = read(composed(mail()))
    assert (shape(message), message.get_content()) == ("text/plain", "")


def test_text_and_html_are_alternatives():
    assert shape(read(composed(mail(text="x", html="<p>x")))) == ("alternative", "text/plain", "text/html")


def test_inline_images_are_related_to_the_html_and_files_stand_beside():
    image = Attachment.from_bytes(b"x", "logo.png", inline=True)
    file = Attachment.from_bytes(b"x", "report.pdf")
    message = read(composed(mail(text="x", html='<img src="cid:logo.png">', attachments=[file, image])))
    alternative = ("alternative", "text/plain", ("related", "text/html", "image/png"))
    assert shape(message) == ("mixed", alternative, "application/pdf")
    related = list(message.walk())[3]
    assert related.get_param("type") == "text/html"
    assert list(related.iter_parts())[1]["Content-ID"] == "<logo.png>"


def test_an_inline_image_without_html_stands_beside_the_text():
    message = read(
        composed(mail(text="x", attachments=[Attachment.from_bytes(b"x", "logo.png", inline=True)]))
    )
    assert shape(message) == ("mixed", "text/plain", "image/png")
    assert list(message.iter_parts())[1].get_content_disposition() == "inline"


def test_attachments_need_no_text():
    assert shape(read(composed(mail(attachments=[Attachment.from_bytes(b"x")])))) == (
        "mixed",
        "application/octet-stream",
    )


def test_an_invitation_is_the_last_alternative_and_a_file():
    event = Event(
        uid="1@example.org",
        start=datetime(2026, 12, 1, 9, tzinfo=UTC),
        end=datetime(2026, 12, 1, 10, tzinfo=UTC),
        summary="Réunion",
        organizer=parse_address("Zoë <a@example.org>"),
    )
    message = read(composed(mail(text="x", html="x", calendar=event.invitation(made_at=some.STAMP.at))))
    alternative = ("alternative", "text/plain", "text/html", "text/calendar")
    assert shape(message) == ("mixed", alternative, "application/ics")
    part = list(message.walk())[4]
    assert part.get_param("method") == "REQUEST"
    assert "SUMMARY:Réunion\n" in content_of(part)


def test_flowed_text_says_so():
    message = read(composed(mail(text="word " * 40, flowed=True)))
    assert message.get_param("format") == "flowed"
    assert max(map(len, message.get_content().split("\n"))) <= 78


def test_descriptions_and_charsets_of_attachments_are_written():
    attachment = Attachment(
        filename="a.txt", content_type="text/plain", charset="latin-1", description="Übersicht"
    )
    part = next(read(composed(mail(attachments=[attachment]))).iter_parts())
    assert (part.get_content_charset(), str(part["Content-Description"])) == ("latin-1", "Übersicht")


@pytest.mark.parametrize(
    ("text", "offered", "transfer", "body"),
    [
        ("plain\n", EVERYTHING, "7bit", "7bit"),
        ("déjà vu, and on it goes\n", SEVENBIT, "quoted-printable", "7bit"),
        ("déjà vu\n", EIGHTBIT, "8bit", "8bitmime"),
        ("日本語", SEVENBIT, "base64", "7bit"),
        ("日本語", EIGHTBIT, "8bit", "8bitmime"),
        ("é" * 999, EIGHTBIT, "base64", "7bit"),
        ("x" * 998, SEVENBIT, "7bit", "7bit"),
        ("x" * 999, EIGHTBIT, "quoted-printable", "7bit"),
        ("nul\0", EIGHTBIT, "quoted-printable", "7bit"),
    ],
)
def test_the_transfer_encoding_suits_content_and_server(text, offered, transfer, body):
    email = mail(text=text)
    assert read(composed(email, offered))["Content-Transfer-Encoding"] == transfer
    assert email.requirements(offered) == Requirements(body=body)


def test_binary_attachments_travel_as_they_are_where_the_server_takes_them():
    email = mail(text="x", attachments=[Attachment.from_bytes(b"\0\r\xff\n" * 9, "x.bin")])
    assert email.requirements(EVERYTHING).body == "binarymime"
    data = composed(email, EVERYTHING)
    assert b"\0\r\xff\n" * 9 in data
    assert len(data) == email.size(EVERYTHING)


@pytest.mark.parametrize("field", ["sender", "to", "cc", "reply_to", "read_receipt", "from_"])
def test_an_address_beyond_ascii_needs_smtputf8_and_is_named(field):
    email = mail(**{field: "jürgen@example.org"})
    with pytest.raises(NotSupportedByServer, match=r"jürgen@example\.org needs SMTPUTF8"):
        email.requirements(EIGHTBIT)
    needs = email.requirements(EVERYTHING)
    assert needs == Requirements(body="8bitmime", smtputf8=True)
    assert "jürgen@example.org".encode() in composed(email, needs.encoding)


def test_a_group_member_beyond_ascii_needs_smtputf8():
    with pytest.raises(NotSupportedByServer):
        mail(to="team: a@example.org, ü@example.org;").requirements(SEVENBIT)


def test_bcc_is_in_the_envelope_only():
    email = mail(bcc="hidden@example.org")
    assert b"hidden" not in composed(email)
    assert [one.address for one in email.envelope().recipients] == ["b@example.org", "hidden@example.org"]


@given(some.bodies)
def test_a_boundary_never_occurs_in_a_part(text):
    hostile = f"--=_1_{some.STAMP.token}\n{text}--=_1_{some.STAMP.token}x1--\n--=_2_{some.STAMP.token}\n"
    email = mail(text=hostile, html=hostile, attachments=[Attachment.from_bytes(hostile.encode())])
    message = read(composed(email))
    assert shape(message) == ("mixed", ("alternative", "text/plain", "text/html"), "application/octet-stream")
    assert content_of(list(message.walk())[2]) == as_read(hostile)


@pytest.mark.parametrize("encoding", [SEVENBIT, EIGHTBIT, EVERYTHING])
def test_an_attached_message_adapts_to_the_server(encoding):
    inner = mail(subject="Inner", text="déjà vu", attachments=[Attachment.from_bytes(b"\xff")])
    email = mail(text="outer", attachments=[Attachment.from_email(inner, "inner.eml")])
    data = composed(email, encoding)
    part = list(read(data).iter_parts())[1]
    assert part.get_content_type() == "message/rfc822"
    assert part.get_filename() == "inner.eml"
    assert part.get_payload(0)["Subject"] == "Inner"
    assert composed(inner, inner.requirements(encoding).encoding) in data
    assert email.size(encoding) == len(data)
    assert email.requirements(encoding).body == inner.requirements(encoding).body


def test_an_attached_message_with_utf8_headers_is_global():
    inner = RawEmail("Subject: é\r\n\r\nx".encode(), sender="", recipients=["a@example.org"])
    email = mail(attachments=[Attachment.from_email(inner)])
    assert email.requirements(EVERYTHING) == Requirements(body="8bitmime", smtputf8=True)
    assert b"Content-Type: message/global\r\n" in composed(email, EVERYTHING)
    with pytest.raises(NotSupportedByServer):
        email.requirements(EIGHTBIT)


@given(
    subject=some.names,
    text=st.text(st.characters(codec="latin-1", min_codepoint=32), min_size=1),
    name=some.file_names,
)
@settings(max_examples=60)
def test_a_second_reader_agrees(subject, text, name):
    email = mail(subject=subject, text=text, attachments=[Attachment.from_bytes(b"\x00\xff", name)])
    message = mailparser.parse_from_bytes(composed(email))
    assert spaceless(str(message.subject).replace("\r\n", "")) == spaceless(subject)
    assert [as_read(one) for one in message.text_plain] == [as_read(text)]
    assert message.from_ == [("", "a@example.org")]
    assert len(message.attachments) == 1
