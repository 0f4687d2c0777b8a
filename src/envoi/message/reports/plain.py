"""Bounces without a machine's part: qmail's, Exim's, Exchange's, and whatever else says it in words only.

Every one names the recipients at the beginning of a line, and what the server said after each; the copy of
the message below must not count. The table of `_FORMATS` tells who wrote it. Only what comes from a mail
system is looked at: a person who quotes a bounce has not bounced. What the words mean is in `phrases`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.reports.fields import decoded_words
from envoi.message.reports.phrases import status_of
from envoi.message.reports.report import Action, RecipientReport, Report, ReportKind
from envoi.message.reports.returned import ADDRESS, addresses_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.reports.fields import Fields
    from envoi.message.reports.structure import Part

__all__ = ["read_plain"]

_FORMATS = tuple(
    (name, re.compile(words, re.IGNORECASE | re.MULTILINE))
    for name, words in (
        ("QSBMF", r"\AHi\. This is the \S[^\n]{0,80} program at "),
        ("Exim", r"^This message was created automatically by mail delivery software"),
        ("Postfix", r"^This is the (?:\w+ program|mail system) at host "),
        ("Sendmail", r"^ *-{3,} (?:The following addresses had|Transcript of session follows)"),
        ("Yahoo", r"^Sorry, we were unable to deliver your message to the following address"),
        ("Amazon SES", r"^An error occurred while trying to deliver the mail to the following recipients"),
        ("Gmail", r"^Delivery to the following recipients? (?:failed|has been delayed)"),
        ("Gmail", r"^\*\* (?:Address|Delivery|Message|Recipient)[a-z ]{1,40} \*\*"),
        ("Mail.ru", r"^Это письмо создано автоматически"),
        ("Yandex", r"^Это письмо отправлено почтовым сервером"),
        ("Exchange", r"did not reach the following recipient|^Delivery has failed to these recipients"),
        ("Exchange", r"^Diagnostic information for administrators"),
        ("Exchange", r"^Your message to \S+ couldn[’']t be delivered"),
    )
)
_SYSTEMS = re.compile(r"mail(?:er)?[-_.]?daemon|daemon|postmaster|mdaemon|bounces?")
_UNDELIVERED = re.compile(
    r"undeliver|not (?:be |been |yet been )?(?:deliver|sent)|n[’']t (?:be )?deliver|delivery (?:has )?fail"
    r"|delivery (?:status|problem|incomplete|delay|has been)|returned mail|failure notice|mail delivery"
    r"|did not reach|unable to deliver|deliver the mail|не может быть|не доставлен|unzustellbar"
    r"|nicht (?:\w+ )?zugestellt|non remis|pas pu [êe]tre|no se ha podido entregar",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"not yet been delivered|has been delayed|delivery (?:is )?delayed|delivery incomplete|this is a warning"
    r"|warning message only|no action is required|you do not need to|will (?:keep|continue|retry|be retried)"
    r"|still being (?:retried|attempted)",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"permanent (?:fatal )?(?:error|failure)|failed permanently|giv(?:en|ing) up|not going to try"
    r"|will not (?:try|retry|be retried)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^-{2,}[^\n]{0,20}(?:copy of|original|undelivered|below|message header|header|message follows)"
    r"|^[ \t]*original message headers"
    r"|^(?:Received|Return-Path|X-Received|DKIM-Signature|MIME-Version|Message-ID):",
    re.IGNORECASE | re.MULTILINE,
)
_HEADED = re.compile(rf"^[ \t]*(?:\S[^\n]{{0,80}}\()?<?({ADDRESS.pattern})", re.MULTILINE)
_SAID = re.compile(r"(?<![\d.])[45]\d\d[ -][^\n]*(?:\n[^\n]+){0,5}")
_REMOTE = re.compile(r"\b(?:host|server for the recipient domain \S+ by|by) ([\w-]+(?:\.[\w-]+)+)\.?[ \t]*\[")
_HEAD = 20_000
"""Characters of the text that are looked at."""
_LONGEST_DIAGNOSTIC = 500
_MOST_RECIPIENTS = 100


def read_plain(root: Part, body: str) -> Report | None:
    """What a bounce says in words; None when this is none, or names nobody.

    Args:
        root: the message.
        body: its text.
    """
    system = _is_a_system(root.fields)
    if not system and not _is_automatic(root.fields):
        return None
    copy = _COPY.search(body)
    head = body[: min(copy.start() if copy else _HEAD, _HEAD)].strip("\n")
    name = next((name for name, words in _FORMATS if words.search(head)), None)
    subject = decoded_words(root.fields.first("Subject"))
    # A notice of absence may speak of undelivered mail, but not in its subject.
    if name is None and not _UNDELIVERED.search(f"{subject}\n{head}" if system else subject):
        return None
    action = Action.DELAYED if _DELAYED.search(head) and not _FINAL.search(head) else Action.FAILED
    found = tuple(_recipient(address, said, head, action) for address, said in _recipients(root, head))
    return Report(kind=ReportKind.DELIVERY, format=name or "text", recipients=found) if found else None


def _is_a_system(fields: Fields) -> bool:
    """Whether the author is a mail system."""
    author = next(iter(addresses_in(fields.first("From"))), fields.first("From"))
    return (
        bool(fields.first("X-Failed-Recipients"))
        or _SYSTEMS.fullmatch(author.partition("@")[0].strip().lower()) is not None
    )


def _is_automatic(fields: Fields) -> bool:
    """Whether no person sent it, by its envelope or by what it says of itself (RFC 3834 §5)."""
    return fields.first("Return-Path") == "<>" or fields.first("Auto-Submitted").lower().startswith("auto-")


def _recipients(root: Part, head: str) -> Iterator[tuple[str, str]]:
    """The recipients, and what is said after each until the next one."""
    named = addresses_in(" ".join(root.fields.all("X-Failed-Recipients")))
    ours = {address.lower() for field in ("From", "To") for address in addresses_in(root.fields.first(field))}
    places = _places(head, named, ours)
    ends = [start for start, _ in list(places.values())[1:]] + [len(head)]
    for (address, (_, begin)), end in zip(places.items(), ends, strict=False):
        yield address, head[begin:end]
    for address in named:
        if address not in places:
            yield address, head


def _places(head: str, named: tuple[str, ...], ours: set[str]) -> dict[str, tuple[int, int]]:
    """Where each recipient first stands: at the beginning of a line, or else anywhere."""
    places: dict[str, tuple[int, int]] = {}
    for pattern in (_HEADED, ADDRESS):
        for found in pattern.finditer(head):
            address = found[found.re.groups]
            if len(places) < _MOST_RECIPIENTS and (
                address in named if named else address.lower() not in ours
            ):
                places.setdefault(address, (found.start(), found.end()))
        if places:
            break
    return places


def _recipient(address: str, said: str, head: str, action: Action) -> RecipientReport:
    words = _SAID.search(said)
    diagnostic = " ".join((words[0] if words else said).split()).lstrip(">:.,) ")[:_LONGEST_DIAGNOSTIC]
    remote = _REMOTE.search(said)
    return RecipientReport(
        address=address,
        action=action,
        status=status_of(said) or status_of(head),
        diagnostic=diagnostic or None,
        diagnostic_type="smtp" if words else None,
        remote_mta=remote[1] if remote else None,
    )
