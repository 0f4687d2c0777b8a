"""Messages as they are met: what is read of them, and whether it stays that way."""

from __future__ import annotations

import tomllib
import warnings
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import UsageError
from envoi.message.address import Group
from envoi.message.email import Email
from envoi.message.problems import Severity, examine
from tests.message.corpora import SAMPLES, published, samples

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((SAMPLES / "expected.toml").read_text("utf-8"))
READ_ANOTHER_WAY = {
    "charset-unknown": "the standard library refuses it",
    "charset-wrong": "where the text is damaged is for each to say",
    "damaged-base64": "likewise",
    "encoded-words-split-in-characters": "the standard library reads two halves",
    "header-broken-by-a-line": "likewise",
    "internationalised-address": "the standard library does not decode it",
    "mbox-line": "the standard library takes the line for its own",
    "raw-latin1-header": "where the text is damaged is for each to say",
    "uuencoded": "the standard library decodes it",
}


def name_of(path: Path) -> str:
    return path.stem


@pytest.fixture(params=samples(), ids=name_of)
def sample(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def content(email: Email) -> dict[str, Any]:
    """All that is said in a mail, with newlines between lines and none at the end."""
    text, html = ((one or "").replace("\r", "\n").rstrip("\n") for one in (email.text, email.html))
    people = (email.sender, email.from_, email.to, email.cc, email.reply_to)
    files = [(one.filename, one.content_type, one.content_id, octets(one)) for one in email.attachments]
    calendar = email.calendar and (email.calendar.method, email.calendar.text.rstrip())
    return {
        "people": people,
        "subject": email.subject,
        "bodies": (text, html),
        "files": files,
        "calendar": calendar,
        "identity": (email.date, email.message_id, email.in_reply_to, email.references),
        "headers": email.headers,
    }


def octets(attachment: Any) -> bytes:
    if attachment.message is not None:
        return bytes(attachment.message.data).rstrip(b"\r\n")
    return b"".join(attachment.source.chunks())


def test_every_sample_says_what_is_expected_of_it() -> None:
    assert sorted(EXPECTED) == [path.stem for path in samples()]
    assert len(EXPECTED) >= 40


def test_reads_what_is_in_a_sample(sample: Path) -> None:
    expected = EXPECTED[sample.stem]
    email = Email.from_path(sample)
    found = {
        "subject": email.subject,
        "sender": str(email.sender),
        "to": [str(one) for one in email.to],
        "attachments": [one.filename or "" for one in email.attachments],
        "calendar": email.calendar and email.calendar.method,
    }
    for key in found.keys() & expected.keys():
        assert found[key] == expected[key]
    assert (email.text or "").startswith(expected.get("text", ""))
    assert expected.get("html", "") in (email.html or "")
    assert bool(email.attachments) == ("attachments" in expected)


def test_finds_in_a_sample_what_is_wrong_with_it_and_nothing_else(sample: Path) -> None:
    found = examine(sample.read_bytes(), now=NOW)
    kinds = {problem.kind.value for problem in found if problem.severity is not Severity.HINT}
    expected = set(EXPECTED[sample.stem].get("problems", ()))
    if "unseen-text" in expected:  # which is only a hint
        kinds |= {problem.kind.value for problem in found} & {"unseen-text"}
    assert kinds == expected


def test_reads_the_same_of_what_was_composed_again(sample: Path) -> None:
    first = Email.from_path(sample)
    second = Email.from_bytes(first.to_bytes())
    assert content(second) == content(first) | {"identity": content(second)["identity"]}
    assert content(Email.from_bytes(second.to_bytes())) == content(second)


@pytest.mark.parametrize(
    "sample", [path for path in samples() if path.stem not in READ_ANOTHER_WAY], ids=name_of
)
def test_agrees_with_the_standard_library(sample: Path) -> None:
    email, other = Email.from_path(sample), message_from_bytes(sample.read_bytes(), policy=policy.default)
    assert email.subject == plain(str(other["Subject"]))
    specs = [
        member.spec
        for field in (email.from_, email.to, email.cc)
        for one in field
        for member in (one.members if isinstance(one, Group) else (one,))
    ]
    assert specs == [one.addr_spec for name in ("From", "To", "Cc") for one in mailboxes(other, name)]
    body = other.get_body(("plain",))
    if body is not None and not email.flowed:
        assert (email.text or "").rstrip("\n") == str(body.get_content()).replace("\r\n", "\n").rstrip("\n")


def mailboxes(message: Any, name: str) -> list[Any]:
    return [
        one for field in message.get_all(name, []) for one in field.addresses if one.domain and one.username
    ]


def plain(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def test_takes_a_header_line_of_a_megabyte() -> None:
    raw = b"From: ann@example.org\r\nSubject: " + b"word " * 200_000 + b"\r\n\r\nHello\r\n"
    email = Email.from_bytes(raw)
    assert len(email.subject.strip()) == 5 * 200_000 - 1
    assert max(map(len, email.to_bytes().split(b"\r\n"))) <= 78
    assert {problem.kind.value for problem in examine(raw)} >= {"large-header", "long-line"}


def test_never_fails_on_a_part_of_a_sample(sample: Path) -> None:
    raw = sample.read_bytes()
    for cut in range(0, len(raw), 149):
        examine(raw[:cut])
        examine(raw[cut:])


def test_there_are_published_messages_to_try() -> None:
    if not published():
        pytest.skip("this Python comes without its `test` package, and ENVOI_CORPORA names no folder")
    assert len(published()) >= 30


@pytest.mark.parametrize("path", published(), ids=name_of)
def test_reads_published_messages_or_says_why_not(path: Path) -> None:
    raw = path.read_bytes()
    for problem in examine(raw, now=NOW):
        assert problem.remedy
    try:
        first = Email.from_bytes(raw)
    except UsageError:  # the only reason there may be
        with pytest.raises(UsageError, match="it has no From field with an address"):
            Email.from_bytes(raw)
        return
    second = Email.from_bytes(first.to_bytes())
    assert content(Email.from_bytes(second.to_bytes())) == content(second)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [one.kind.value for one in second.problems(now=second.date)].count("boundary") == 0
