from __future__ import annotations

import sys
import tracemalloc
from email import message_from_bytes, policy
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.address import Address
from envoi.message.attachment import Attachment
from envoi.message.shared import SharedSource
from envoi.message.spool import Spool
from envoi.message.templates.template import Template
from envoi.message.unsubscribe import Unsubscribe

if TYPE_CHECKING:
    from email.message import EmailMessage

    from envoi.message.email import Email

MIB = 1 << 20
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


def made(**options: Any) -> Template:
    given: dict[str, Any] = {"subject": "Hi", "text": "x", "sender": "me@example.com", **options}
    return Template(**given)


def read(email: Email) -> EmailMessage:
    return message_from_bytes(email.to_bytes(), policy=policy.default)


def body(email: Email, subtype: str) -> str:
    part = read(email).get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_puts_values_into_subject_text_and_html() -> None:
    template = made(subject="Hi {{ name }}", text="Dear {{ name }}", html="<p>{{ name }}</p>")
    email = template.render({"email": "ann@example.org", "name": "Ann & Bob"})
    assert (email.subject, email.text, email.html) == (
        "Hi Ann & Bob",
        "Dear Ann & Bob",
        "<p>Ann &amp; Bob</p>",
    )
    assert [str(one) for one in email.to] == ["ann@example.org"]


def test_takes_values_by_keyword_as_well() -> None:
    assert made(text="{{ a }}{{ b }}").render({"a": 1}, b=2, email="a@example.org").text == "12"


def test_every_mail_is_one_of_its_own() -> None:
    template = made(text="{{ n }}")
    first, second = (template.render(email=f"{n}@example.org", n=n) for n in "ab")
    assert first.message_id != second.message_id
    assert first.stamp.token != second.stamp.token
    assert first.to_bytes() != second.to_bytes()
    assert first.to_bytes() == first.to_bytes()


def test_undefined_names_are_errors_with_place() -> None:
    template = made(text="Dear all,\n\nyours {{ nmae }}\n")
    with pytest.raises(UsageError, match=r"^text\.txt, line 3: 'nmae' is undefined$"):
        template.render(email="a@example.org", name="x")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ row['first name'] }}", "has no attribute 'first name'"),
        ("{{ name.x.y }}", "has no attribute 'x'"),
        ("{{ none }}", "a value is None"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{% include 'foot.txt' %}", "there is no 'foot.txt' in its folder"),
        ("{{ name.__class__ }}", "unsafe"),
        ("{{ row.update(a=1) }}", "unsafe"),
        ("{{ range(10**9) }}", "Range too big"),
    ],
)
def test_whatever_fails_is_named_with_its_line(source: str, message: str) -> None:
    template = made(text=f"\n{source}")
    with pytest.raises(UsageError, match=r"^text\.txt, line 2: ") as caught:
        template.render(email="a@example.org", name="x")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "source", ["{{ name", "{% if %}", "{% for %}", "{% nonsense %}", "{{ 1 | nonsense }}"]
)
def test_a_template_that_is_not_well_formed_is_refused_when_it_is_made(source: str) -> None:
    with pytest.raises(UsageError, match=r"^text\.txt, line 1: "):
        made(text=source)


def test_nothing_is_left_to_chance() -> None:
    with pytest.raises(UsageError, match="random"):
        made(text="{{ [1, 2] | random }}")


def test_columns_of_any_name_are_reached_through_row() -> None:
    template = made(text="{{ row['First name'] }}")
    assert template.render({"email": "a@example.org", "First name": "Ann"}).text == "Ann"


def test_a_line_with_a_block_tag_alone_leaves_no_line() -> None:
    template = made(text="a\n{% if yes %}\nb\n  {% endif %}\nc\n")
    assert template.render(email="a@example.org", yes=True).text == "a\nb\nc\n"


@pytest.mark.parametrize("value", ["x\nBcc: b@example.org", "x\r\ny", "x\r", "x\0y", "x\n"])
def test_no_value_brings_a_line_into_the_subject(value: str) -> None:
    with pytest.raises(InvalidHeader, match="subject"):
        made(subject="{{ v }}").render(email="a@example.org", v=value)


def test_the_line_end_of_the_subject_file_is_no_part_of_it() -> None:
    assert made(subject="Hi\n").render(email="a@example.org").subject == "Hi"


@pytest.mark.parametrize(
    "value",
    [
        "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org",
        "team: a@example.org;",
        "nobody",
        "<a@b",
    ],
)
def test_no_value_brings_a_second_address(value: str) -> None:
    with pytest.raises(InvalidAddress):
        made().render(email=value)


@pytest.mark.parametrize("column", ["email", "Email", "E-Mail", "TO", "to"])
def test_finds_the_column_of_the_address(column: str) -> None:
    assert str(made().render({"x": "1", column: " Ann <a@example.org> "}).to[0]) == "Ann <a@example.org>"


def test_prefers_email_to_to() -> None:
    assert str(made().render({"to": "b@example.org", "email": "a@example.org"}).to[0]) == "a@example.org"


def test_takes_another_column_and_a_name() -> None:
    template = made(to_column="Mail", name_column="Who")
    email = template.render({"Mail": "a@example.org", "Who": 'Ann "<b@example.org>", Inc.'})
    assert email.to == (Address(local="a", domain="example.org", name='Ann "<b@example.org>", Inc.'),)
    assert template.render({"Mail": "a@example.org", "Who": ""}).to == (Address.parse("a@example.org"),)


def test_takes_an_address_that_is_one_already() -> None:
    address = Address.parse("Ann <a@example.org>")
    assert made().render(email=address).to == (address,)


@pytest.mark.parametrize(
    ("options", "row", "message"),
    [
        ({}, {"name": "x"}, "no column is named email or to.* there is 'name'"),
        ({}, {}, "none at all"),
        ({"to_column": "mail"}, {"email": "a@example.org"}, "there is no column 'mail'; there is 'email'"),
        ({}, {"email": " "}, "there is no address in the column 'email'"),
        ({}, {"email": None}, "there is no address in the column 'email'"),
    ],
)
def test_a_row_without_address_is_an_error_that_says_so(
    options: dict[str, str], row: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidAddress, match=message):
        made(**options).render(row)


def test_says_what_stands_for_an_address_in_reports() -> None:
    template = made()
    assert template.address({"email": "nobody"}) == "nobody"
    assert template.address({"email": None}) is None
    assert template.address({"x": "y"}) is None


def test_keeps_what_all_mails_have_in_common() -> None:
    template = made(
        reply_to="help@example.com",
        headers={"X-Campaign": "spring"},
        language="fr",
        unsubscribe="https://example.com/u?x={{ token | urlencode }}",
    )
    parsed = read(template.render(email="a@example.org", token="ä b"))
    assert parsed["Reply-To"] == "help@example.com"
    assert parsed["X-Campaign"] == "spring"
    assert parsed["Content-Language"] == "fr"
    assert parsed["List-Unsubscribe"] == "<https://example.com/u?x=%C3%A4%20b>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_fixed_way_out_stays() -> None:
    way_out = Unsubscribe(mailto="bye@example.com")
    assert made(unsubscribe=way_out).render(email="a@example.org").unsubscribe == way_out


def test_no_value_breaks_out_of_the_way_out() -> None:
    with pytest.raises(InvalidHeader, match="URI"):
        made(unsubscribe="https://example.com/{{ t }}").render(email="a@example.org", t="x>\r\nBcc: b@c.d")


def test_the_text_is_made_of_the_html_when_there_is_none() -> None:
    email = made(text=None, html="<p>Dear {{ name }}</p>").render(email="a@example.org", name="Ann")
    assert email.text == "Dear Ann\n"


@pytest.mark.parametrize("options", [{"text": None}, {"html": "x", "mjml": "y"}])
def test_needs_a_body_and_one_html(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a template needs"):
        made(**options)


def test_checks_what_is_common_when_it_is_made() -> None:
    with pytest.raises(InvalidHeader):
        made(headers={"X": "a\nb"})
    with pytest.raises(InvalidAddress):
        made(sender="nobody")


def test_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoi.message.templates.sandbox", None)
    with pytest.raises(UsageError, match=r"envoi\[templates\]"):
        made()


def shared_by(attachment: Attachment) -> SharedSource:
    assert isinstance(attachment.source, SharedSource)
    return attachment.source


def test_what_cannot_be_shared_is_attached_as_it_is() -> None:
    def unknown() -> Any:
        return SimpleNamespace(read=lambda _: b"", seekable=lambda: False)

    email = made(attachments=[Attachment.from_file(unknown(), "a")]).render(email="a@example.org")
    assert not isinstance(email.attachments[0].source, SharedSource)


def test_shared_attachments_are_encoded_once() -> None:
    template = made(attachments=[Attachment.from_bytes(b"x" * 100_000, "a.bin")])
    pieces = [
        next(piece for piece in template.render(email="a@example.org").chunks() if len(piece) > 70_000)
        for _ in range(2)
    ]
    assert pieces[0] is pieces[1]


class Counting(BytesIO):
    """A file that tells how many octets were read from it."""

    octets = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.octets += len(piece)
        return piece


def test_an_attachment_is_read_once_for_many_mails_whatever_its_size() -> None:
    large = 33 * MIB
    file = Counting(bytes(large))
    template = made(attachments=[Attachment.from_file(file, "a.bin")])
    tracemalloc.start()
    try:
        sizes = {sum(map(len, template.render(email="a@example.org").chunks())) for _ in range(3)}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert file.octets == large
    assert min(sizes) > large * 4 / 3
    assert peak < MIB


def test_attachments_beyond_the_bound_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envoi.message.templates.template._HELD", 10)
    small, large = Attachment.from_bytes(b"123456", "a"), Attachment.from_bytes(b"1234567", "b")
    email = made(attachments=[small, large, small]).render(email="a@example.org")
    kept = [type(shared_by(one).encoded()) for one in email.attachments]
    assert kept == [tuple, Spool, Spool]
    assert [part.get_content() for part in read(email).iter_attachments()] == [
        b"123456",
        b"1234567",
        b"123456",
    ]


def test_a_message_is_attached_as_it_is() -> None:
    inner = made().render(email="a@example.org")
    email = made(attachments=[Attachment.from_email(inner)]).render(email="b@example.org")
    (part,) = read(email).iter_attachments()
    assert part.get_content_type() == "message/rfc822"


@given(ANY_TEXT, ANY_TEXT)
def test_any_value_arrives_as_it_is(name: str, word: str) -> None:
    template = made(text="Été {{ name }} {{ word }}!\n{{ name }}\n", html="<p>{{ word }}</p>\n{{ name }}")
    email = template.render(email="a@example.org", name=name, word=word)
    plain = made(text="x")._model
    expected = type(plain)(sender="me@example.com", to="a@example.org", text=email.text, html=email.html)
    assert body(email, "plain") == body(expected, "plain")
    assert body(email, "html") == body(expected, "html")
    assert max(map(len, email.to_bytes().split(b"\r\n"))) <= 998


@given(ANY_TEXT)
def test_no_value_forges_a_field(value: str) -> None:
    template = made(subject="Hi {{ v }}", text="x {{ v }}", name_column="v")
    try:
        email = template.render(email="a@example.org", v=value)
    except (InvalidHeader, InvalidAddress):
        return
    parsed = read(email)
    assert sorted(parsed.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding",
        ]
    )
    (to,) = parsed["To"].addresses
    assert to.addr_spec == "a@example.org"


def test_half_a_character_is_refused_where_it_is_used() -> None:
    with pytest.raises(UsageError, match="surrogate"):
        made(text="{{ v }}").render(email="a@example.org", v="\ud800")
