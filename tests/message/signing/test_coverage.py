from __future__ import annotations

import pytest

from envoi.errors import InvalidHeader
from envoi.message.signing.coverage import OVERSIGNED, SIGNED, Coverage


def listed(coverage: Coverage, header: bytes) -> list[str]:
    tag, _ = coverage.of(header)
    return tag.decode().removeprefix("h=").removesuffix(";").replace("\r\n ", "").split(":")


def test_lists_a_field_once_more_than_it_occurs() -> None:
    coverage = Coverage(signed=(), oversigned=("From", "Subject", "Cc"))
    assert listed(coverage, b"From: a\r\nSubject: b") == ["from", "from", "subject", "subject", "cc"]


def test_lists_other_fields_as_often_as_they_occur() -> None:
    coverage = Coverage(signed=("List-Id", "X-Tag"), oversigned=())
    assert listed(coverage, b"X-Tag: 1\r\nFrom: a\r\nX-TAG: 2") == ["from", "from", "x-tag", "x-tag"]


def test_takes_the_last_of_several_fields_first() -> None:  # RFC 6376 §5.4.2
    _, lines = Coverage(signed=("X-Tag",), oversigned=()).of(b"X-Tag: 1\r\nX-Tag: 2\r\nX-Tag: 3")
    assert lines == b"x-tag:3\r\nx-tag:2\r\nx-tag:1\r\n"


def test_always_covers_the_author() -> None:
    assert "From" in Coverage(signed=("Subject",), oversigned=()).oversigned


def test_oversigns_a_name_in_both_lists() -> None:
    assert listed(Coverage(signed=("from",), oversigned=("From",)), b"From: a") == ["from", "from"]


def test_covers_the_way_out_of_a_mailing() -> None:  # RFC 8058 §4 wants both
    names = listed(Coverage(), b"From: a\r\nList-Unsubscribe: <x>\r\nList-Unsubscribe-Post: y")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)


def test_never_covers_what_servers_add_or_change() -> None:
    covered = {name.lower() for name in (*SIGNED, *OVERSIGNED)}
    assert not covered & {"received", "return-path", "bcc", "dkim-signature", "authentication-results"}


def test_folds_the_list() -> None:
    tag, _ = Coverage().of(b"From: a")
    lines = tag.split(b"\r\n")
    assert len(lines) > 1
    assert all(len(line) <= 76 for line in lines)
    assert all(line.endswith(b":") for line in lines[:-1])


@pytest.mark.parametrize("name", ["", "Sub ject", "Subject:", "Été", "a\r\nb"])
def test_refuses_what_is_no_field_name(name: str) -> None:
    with pytest.raises(InvalidHeader, match="no name of a header field"):
        Coverage(signed=(name,))
