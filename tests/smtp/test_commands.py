"""Commands: their octets, what of them may be shown, and that no argument can end a line early."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidAddress, LocalProtocolError
from envoi.smtp import commands
from envoi.smtp.commands import Command, Verb

if TYPE_CHECKING:
    from collections.abc import Callable

ARGUMENTS: dict[str, Callable[[str], Command]] = {
    "the name of EHLO": commands.ehlo,
    "the name of LHLO": lambda text: commands.ehlo(text, Verb.LHLO),
    "a mechanism": lambda text: commands.auth(text, None),
    "a sender": lambda text: commands.mail(f"{text}@example.org"),
    "a quoted sender": lambda text: commands.mail(f'"{text}"@example.org'),
    "a recipient": lambda text: commands.rcpt(f"a@{text}.example"),
    "a parameter of MAIL": lambda text: commands.mail("a@example.org", [f"ENVID={text}"]),
    "a parameter of RCPT": lambda text: commands.rcpt("a@example.org", [f"ORCPT={text}"]),
    "the argument of VRFY": commands.vrfy,
}


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (commands.ehlo("client.example"), b"EHLO client.example\r\n"),
        (commands.ehlo("[IPv6:2001:db8::1]", Verb.LHLO), b"LHLO [IPv6:2001:db8::1]\r\n"),
        (commands.ehlo("client.example", Verb.HELO), b"HELO client.example\r\n"),
        (commands.starttls(), b"STARTTLS\r\n"),
        (commands.mail(""), b"MAIL FROM:<>\r\n"),
        (
            commands.mail("a@example.org", ["SIZE=5", "SMTPUTF8"]),
            b"MAIL FROM:<a@example.org> SIZE=5 SMTPUTF8\r\n",
        ),
        (commands.mail("zoë@example.org"), "MAIL FROM:<zoë@example.org>\r\n".encode()),
        (commands.rcpt("b@example.org"), b"RCPT TO:<b@example.org>\r\n"),
        (commands.rcpt('"odd > one"@example.org'), b'RCPT TO:<"odd > one"@example.org>\r\n'),
        (commands.rcpt(r'"a\"b\\"@example.org'), b'RCPT TO:<"a\\"b\\\\"@example.org>\r\n'),
        (commands.data(), b"DATA\r\n"),
        (commands.bdat(0, last=True), b"BDAT 0 LAST\r\n"),
        (commands.bdat(65536, last=False), b"BDAT 65536\r\n"),
        (commands.rset(), b"RSET\r\n"),
        (commands.noop(), b"NOOP\r\n"),
        (commands.vrfy("postmaster"), b"VRFY postmaster\r\n"),
        (commands.vrfy("zoë", smtputf8=True), "VRFY zoë SMTPUTF8\r\n".encode()),
        (commands.quit_(), b"QUIT\r\n"),
    ],
)
def test_says(command: Command, line: bytes) -> None:
    """Behaviour 66 among others: the null sender."""
    assert command.line == line
    assert command.shown == line.decode().rstrip("\r\n")


@pytest.mark.parametrize("put", ARGUMENTS.values(), ids=ARGUMENTS.keys())
@pytest.mark.parametrize("bad", ["\r", "\n", "\r\nRSET", "\0", "\x01", "\x1f", "\x7f", "\udc80"])
def test_refuses_what_could_end_a_line_in_every_argument(put: Callable[[str], Command], bad: str) -> None:
    """Behaviours 13 and 85."""
    with pytest.raises((InvalidAddress, LocalProtocolError)):
        put(f"x{bad}y")


@given(st.sampled_from(sorted(ARGUMENTS)), st.text(st.characters(), min_size=1))
def test_every_command_is_one_line(argument: str, text: str) -> None:
    """Behaviour 85: whatever is put into it."""
    try:
        line = ARGUMENTS[argument](text).line
    except (InvalidAddress, LocalProtocolError):
        return
    assert line.endswith(b"\r\n")
    assert not set(line[:-2]) & {*range(32), 127}


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org> SIZE=1",
        "a@example.org>\r\nRCPT TO:<b@example.org",
        "<a@example.org",
        "a b@example.org",
        "a@example.org SMTPUTF8",
        '"a@example.org',
        '"a" "b"@example.org',
        "a\\@example.org",
        "a\u00a0b@example.org",
        "a\u2028b@example.org",
        "",
    ],
)
def test_refuses_an_address_with_parameters_in_it(address: str) -> None:
    """Behaviour 86."""
    with pytest.raises(InvalidAddress):
        commands.rcpt(address)


def test_an_address_has_254_octets_at_most() -> None:
    assert commands.rcpt(f"{'a' * 242}@example.org").line
    with pytest.raises(InvalidAddress, match="254 octets"):
        commands.rcpt(f"{'a' * 243}@example.org")
    with pytest.raises(InvalidAddress, match="254 octets"):
        commands.rcpt(f"{'é' * 122}@example.org")


@pytest.mark.parametrize("name", ["", "two words", "café.example", "tab\there"])
def test_refuses_a_name_that_is_no_domain(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="introduce ourselves"):
        commands.ehlo(name)


def test_auth_carries_the_initial_response() -> None:
    command = commands.auth("PLAIN", b"\0alice\0open sesame")
    assert command.line == b"AUTH PLAIN " + b64encode(b"\0alice\0open sesame") + b"\r\n"


def test_auth_may_come_without_one() -> None:
    assert commands.auth("LOGIN", None).line == b"AUTH LOGIN\r\n"


def test_an_empty_initial_response_is_an_equals_sign() -> None:
    assert commands.auth("EXTERNAL", b"").line == b"AUTH EXTERNAL =\r\n"


def test_no_initial_response_makes_the_line_longer_than_512_octets() -> None:
    # "AUTH PLAIN " and CRLF leave room for 496 characters of base64, which carry 372 octets.
    fits, too_long = commands.auth("PLAIN", bytes(372)), commands.auth("PLAIN", bytes(373))
    assert len(fits.line) <= 512
    assert fits.shown == "AUTH PLAIN <redacted>"
    assert too_long.line == b"AUTH PLAIN\r\n"


def test_no_command_shows_a_secret() -> None:
    """Behaviour 64."""
    for command in (commands.auth("PLAIN", b"open sesame"), commands.auth_response(b"open sesame")):
        assert b64encode(b"open sesame") in command.line
        assert "b3Blbi" not in f"{command!r} {command.shown} {command}"


def test_an_error_about_a_secret_does_not_quote_it() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        commands.auth("PLAIN\nopen sesame", None)
    assert "sesame" not in str(caught.value)


def test_a_response_may_be_empty() -> None:
    assert commands.auth_response(b"").line == b"\r\n"


@pytest.mark.parametrize("sender", ["a@example.org", ""])
@pytest.mark.parametrize("chunk", [None, 0, 4711])
def test_a_transaction_in_one_go_has_the_octets_of_its_commands(sender: str, chunk: int | None) -> None:
    people = ["b+tag@example.org", "c'd@sub.example.org"]
    end = commands.data() if chunk is None else commands.bdat(chunk, last=True)
    each = [commands.mail(sender, ["SIZE=1"]), *map(commands.rcpt, people), end]
    octets = b"".join(command.line for command in each)
    assert commands.transaction(sender, people, " SIZE=1", chunk) == octets


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.booleans())
def test_a_transaction_in_one_go_is_for_ordinary_addresses(text: str, as_sender: bool) -> None:
    address = f"{text}@example.org"
    sender, person = (address, "b@example.org") if as_sender else ("a@example.org", address)
    octets = commands.transaction(sender, [person], "", None)
    if octets is not None:
        each = [commands.mail(sender), commands.rcpt(person), commands.data()]
        assert octets == b"".join(command.line for command in each)


@pytest.mark.parametrize(
    "address",
    ["a", '"a b"@x.example', "a@x.example\r\n", "a@b@c.example", "é@x.example", "a" * 65 + "@x.example"],
)
def test_a_transaction_in_one_go_leaves_the_rest_to_others(address: str) -> None:
    assert commands.transaction("a@example.org", ["b@example.org", address], "", None) is None
    assert commands.transaction(address, ["b@example.org"], "", None) is None
