"""Reading the paths of MAIL and RCPT."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.smtp import commands
from envoi.smtp.server_events import split_path


@pytest.mark.parametrize(
    ("argument", "keyword", "expected_path"),
    [
        ("FROM:<a@example.org>", "FROM", ("a@example.org", {})),
        ("from: <a@example.org>", "FROM", ("a@example.org", {})),
        ("FROM:<>", "FROM", ("", {})),
        (
            "TO:<b@example.org> NOTIFY=NEVER orcpt=rfc822;b",
            "TO",
            ("b@example.org", {"NOTIFY": "NEVER", "ORCPT": "rfc822;b"}),
        ),
        ("FROM:<a@example.org> SMTPUTF8", "FROM", ("a@example.org", {"SMTPUTF8": ""})),
        ('TO:<"odd > one"@example.org>', "TO", ('"odd > one"@example.org', {})),
        (r'TO:<"a\"b"@example.org>', "TO", (r'"a\"b"@example.org', {})),
        ("TO:<b@example.org>", "FROM", None),
        ("FROM a@example.org", "FROM", None),
        ("FROM:a@example.org", "FROM", None),
        ("FROM:<a@example.org", "FROM", None),
        ("FROM:<a@example.org>SIZE=1", "FROM", None),
        ("FROM:<a b@example.org>", "FROM", None),
        ("", "FROM", None),
    ],
)
def test_reads_paths(argument: str, keyword: str, expected_path: tuple[str, dict[str, str]] | None) -> None:
    assert split_path(argument, keyword) == expected_path


@given(st.from_regex(r'\A("([^"\\\x00-\x1f\x7f]|\\[ -~])*"|[!-~]{1,20})@example\.org\Z'))
def test_a_path_that_the_client_writes_is_read_as_it_was(address: str) -> None:
    """Behaviour 86."""
    try:
        line = commands.rcpt(address, ["NOTIFY=NEVER"]).line
    except ValueError:
        return
    _, _, argument = line.decode().removesuffix("\r\n").partition(" ")
    assert split_path(argument, "TO") == (address, {"NOTIFY": "NEVER"})
