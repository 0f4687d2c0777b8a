from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import pytest

from envoi.cli.composing import add_message_options, read_mail
from envoi.cli.terminal import Terminal
from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.raw import RawEmail
from tests.cli.conftest import Stream

if TYPE_CHECKING:
    from pathlib import Path


def read(data: bytes, *arguments: str) -> RawEmail:
    parser = ArgumentParser()
    add_message_options(parser)
    mail = read_mail(parser.parse_args(["--eml", "-", *arguments]), Terminal(Stream(data), None, None, {}))
    assert isinstance(mail, RawEmail)
    return mail


def envelope(mail: RawEmail) -> tuple[str, list[str]]:
    return mail.sender, [each.address for each in mail.recipients]


def test_takes_the_envelope_from_the_fields() -> None:
    mail = b"Sender: s@x.org\nFrom: a@x.org, b@x.org\nTo: =?utf-8?q?Zo=C3=AB?= <z@x.org>,\n y@x.org\n\n"
    assert envelope(read(mail)) == ("s@x.org", ["z@x.org", "y@x.org"])


def test_takes_addresses_beyond_ascii() -> None:
    assert envelope(read("From: a@x.org\nTo: zoë@x.org\n\n".encode())) == ("a@x.org", ["zoë@x.org"])


def test_follows_the_fields_of_a_resent_message() -> None:
    mail = b"Resent-Date: x\nResent-From: r@x.org\nResent-To: t@x.org\nFrom: a@x.org\nTo: b@x.org\n\n"
    assert envelope(read(mail)) == ("r@x.org", ["t@x.org"])
    assert envelope(read(mail, "--to", "q@x.org")) == ("r@x.org", ["q@x.org"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--from", "New <n@x.org>"), ("n@x.org", ["b@x.org"])),
        (("--to", "c@x.org, d@x.org", "--bcc", "e@x.org"), ("a@x.org", ["c@x.org", "d@x.org", "e@x.org"])),
        (("--to", "friends: c@x.org, d@x.org;"), ("a@x.org", ["c@x.org", "d@x.org"])),
        (("--from", "<>", "--to", "c@x.org"), ("", ["c@x.org"])),
        (("--from", "<>"), ("", ["b@x.org"])),
    ],
)
def test_gives_options_the_last_word(options: tuple[str, ...], expected: tuple[str, list[str]]) -> None:
    assert envelope(read(b"From: a@x.org\nTo: b@x.org\n\nhi", *options)) == expected


def test_needs_no_fields_when_the_options_say_it_all() -> None:
    assert envelope(read(b"hello", "--from", "a@x.org", "--to", "b@x.org")) == ("a@x.org", ["b@x.org"])


@pytest.mark.parametrize(
    "data", [b"", b"Subject: x\n\n", b"From: a@x.org\n\n", b"From: a@x.org, b@x.org\nTo: c@x.org\n\n"]
)
def test_does_not_guess_who_is_meant(data: bytes) -> None:
    with pytest.raises(InvalidHeader):
        read(data)


def test_refuses_half_an_address() -> None:
    with pytest.raises(InvalidAddress):
        read(b"From: a@x.org\nTo: nobody\n\n")


@pytest.mark.parametrize("option", [("--subject", "x"), ("--reply-to", "a@x.org"), ("--header", "A: b")])
def test_changes_nothing_in_it(option: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match=option[0]):
        read(b"From: a@x.org\nTo: b@x.org\n\n", *option)


def test_leaves_a_file_on_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(b"From: a@x.org\r\nTo: b@x.org\r\n\r\n" + bytes(1 << 21))
    parser = ArgumentParser()
    add_message_options(parser)
    mail = read_mail(parser.parse_args(["--eml", str(file)]), Terminal(None, None, None, {}))
    assert isinstance(mail, RawEmail)
    assert mail.content.file is not None
    assert len(mail.content.data) < 100
