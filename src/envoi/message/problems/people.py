"""Checks of the addresses: can they be read, who is the author, and who does the reader think it is?

Forgery is recognised by a name that looks like somebody else's address, and by answers that go elsewhere;
honest programs produce both by accident. The grammar is that of `mailboxes`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.errors import InvalidAddress
from envoi.message.address import Address, Group
from envoi.message.mailboxes import parse_list
from envoi.message.problems.domains import same_organisation
from envoi.message.problems.outline import decoded
from envoi.message.problems.problem import Kind, fault, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["MANY", "addresses_of", "check_people"]

MANY = 50
"""Recipients from which on a message is a mailing."""
_FIELDS = ("From", "Sender", "Reply-To", "To", "Cc")
_ADDRESS_IN_NAME = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@([\w-]+(?:\.[\w-]+)+)")
_LONGEST_NAME = 200
_PRIVATE = re.compile(
    r"(?:[^.]+|.*\.(?:local|localdomain|lan|internal|invalid|home|corp|intranet))", re.IGNORECASE
)
_FREEMAIL = re.compile(
    r"(?:aol|gmail|gmx|googlemail|hotmail|icloud|live|mail|outlook|proton|protonmail|qq|web|yahoo|yandex)"
    r"\.(?:com|de|es|fr|it|me|net|ru|com?\.[a-z]{2})"
)


def addresses_of(root: Part, name: str) -> list[Address]:
    """The addresses in the fields of a name, those of groups included; none where they cannot be read."""
    return [one for field in root.all(name) for one in _read(field.text)]


def check_people(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the addresses of the header."""
    root = message.root
    for name in _FIELDS:
        yield from _of_grammar(root, name)
    authors = addresses_of(root, "From")
    senders = addresses_of(root, "Sender")
    if len(authors) > 1 and not senders:
        yield fault(
            Kind.SENDER,
            "From",
            f"it names {len(authors)} authors, and no Sender field says who sends",
            "Add Sender: with one address (RFC 5322 §3.6.2), or keep one author.",
        )
    for author in authors:
        yield from _of_author(author)
    yield from _of_sender(authors, senders)
    yield from _of_answers(root, authors)
    yield from _of_recipients(root)


def _read(text: str) -> list[Address]:
    try:
        found = parse_list(text)
    except InvalidAddress:
        return []
    return [one for value in found for one in (value.members if isinstance(value, Group) else (value,))]


def _of_grammar(root: Part, name: str) -> Iterator[Problem]:
    for field in root.all(name):
        try:
            found = parse_list(field.text)
        except InvalidAddress as error:
            make = fault if name == "From" and "comment" not in str(error) else warning
            yield make(
                Kind.ADDRESS,
                name,
                str(error),
                "Write each as user@example.org or Name <user@example.org>, with commas between them.",
            )
        else:
            if name in ("From", "Sender") and any(isinstance(one, Group) for one in found):
                yield warning(
                    Kind.ADDRESS,
                    name,
                    "it holds a group instead of an address",
                    "Name one address: most servers refuse a message without an author's address.",
                )


def _of_author(author: Address) -> Iterator[Problem]:
    name = decoded(author.name[:_LONGEST_NAME])
    claimed = _ADDRESS_IN_NAME.search(name)
    if claimed and not same_organisation(claimed[1], author.unicode_domain):
        yield warning(
            Kind.SPOOFED_NAME,
            "From",
            f"the name shown is the address {claimed[0]}, but the mail is from {author.spec}",
            "Use a person's or an organisation's name; filters take this for forgery.",
        )
    if not author.domain.startswith("[") and _PRIVATE.fullmatch(author.domain):
        yield warning(
            Kind.ADDRESS,
            "From",
            f"the domain {author.domain} does not exist in the public DNS",
            "Send from an address that can be answered: most servers refuse others (5.1.8).",
        )


def _of_sender(authors: list[Address], senders: list[Address]) -> Iterator[Problem]:
    for author in authors[:1]:
        for sender in senders[:1]:
            if not same_organisation(author.domain, sender.domain):
                yield hint(
                    Kind.SENDER,
                    "Sender",
                    f"it is of another domain ({sender.domain}) than From ({author.domain})",
                    "Outlook shows “on behalf of”; DMARC goes by From, whose domain should sign (DKIM).",
                )


def _of_answers(root: Part, authors: list[Address]) -> Iterator[Problem]:
    if root.all("List-Id") or not authors:
        return
    own = authors[0].domain
    for target in addresses_of(root, "Reply-To"):
        if _FREEMAIL.fullmatch(target.domain) and not _FREEMAIL.fullmatch(own):
            yield warning(
                Kind.REPLY_TO,
                "Reply-To",
                f"answers go to a free mail service ({target.spec}), though the mail is from {own}",
                "Take answers at the domain that sends; filters take this for fraud.",
            )
        elif not same_organisation(target.domain, own):
            yield hint(
                Kind.REPLY_TO,
                "Reply-To",
                f"answers go to another domain ({target.domain}) than the mail comes from ({own})",
                "Take answers at the domain that sends, if that is possible.",
            )


def _of_recipients(root: Part) -> Iterator[Problem]:
    visible = len(addresses_of(root, "To")) + len(addresses_of(root, "Cc"))
    if visible > MANY:
        yield warning(
            Kind.MANY_RECIPIENTS,
            "To",
            f"{visible} recipients see each other's addresses",
            "Send each of them a mail of their own (envoi merge), or put them into Bcc.",
        )
    if root.all("Bcc"):
        yield hint(
            Kind.BCC,
            "Bcc",
            "the hidden recipients stand in the header",
            "envoi leaves the field out when it sends; a program that does not will show them to everybody.",
        )
