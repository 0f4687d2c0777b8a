from __future__ import annotations

from email import policy
from email.parser import BytesParser

from hypothesis import example, given

from envoi.message.parameters import disposition_field, type_field
from tests.message import strategies as some


def read(field: str):
    return BytesParser(policy=policy.default).parsebytes(f"{field}\r\n".encode("ascii"))


@given(some.file_names)
@example('""')
def test_file_names_are_read_back_on_lines_of_78_columns(name):
    field = disposition_field("attachment", name)
    # Not get_filename(), which takes quotation marks off a second time.
    assert read(field)["Content-Disposition"].params["filename"] == name
    assert max(map(len, field.split("\r\n"))) <= 78


@given(some.file_names)
def test_the_copy_for_outlook_is_read_back_too(name):
    field = type_field("application/pdf", (), name)
    assert (read(field)["Content-Type"].params["name"]).replace(" ", "") == name.replace(" ", "")
    assert max(map(len, field.split("\r\n"))) <= 78


def test_plain_names_are_written_plainly():
    assert (
        disposition_field("attachment", "report.pdf")
        == "Content-Disposition: attachment; filename=report.pdf\r\n"
    )
    assert (
        disposition_field("inline", "my report.pdf")
        == 'Content-Disposition: inline; filename="my report.pdf"\r\n'
    )
    assert disposition_field("inline") == "Content-Disposition: inline\r\n"


def test_others_are_written_twice():
    assert disposition_field("attachment", "été.pdf") == (
        "Content-Disposition: attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf\r\n"
    )
    assert type_field("application/pdf", (), "été.pdf") == (
        'Content-Type: application/pdf; name="=?utf-8?b?w6l0w6kucGRm?="\r\n'
    )


def test_long_ones_are_written_in_pieces():
    assert "filename*0*=utf-8''report-xxx" in disposition_field("attachment", f"report-{'x' * 80}")
    assert "filename*0*=utf-8''my%20xxx" in disposition_field("attachment", f"my {'x' * 80}")
    field = disposition_field("attachment", "é" * 30)
    assert "filename*0*=utf-8''" in field
    assert "filename*1*=%C3" in field
