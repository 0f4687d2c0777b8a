"""What a delivery report says to people: what happened, to which mail, for whom, and what comes next.

Plain words first, the server's own words after them, for whoever runs the mail. For machines the same is said
in `status_fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.reports.fields import decoded_words
from envoi.message.reports.report import Action
from envoi.message.reports.suppression import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envoi.message.reports.fields import Fields
    from envoi.message.reports.report import RecipientReport

__all__ = ["status_words", "subject_for"]

# The worst first: the subject is about that one.
_SUBJECTS = {
    Action.FAILED: "Your mail could not be delivered",
    Action.DELAYED: "Your mail is delayed",
    Action.EXPANDED: "Your mail was sent on to several addresses",
    Action.RELAYED: "Your mail was passed on",
    Action.DELIVERED: "Your mail was delivered",
}
_BEFORE = {
    Action.FAILED: "could not be delivered to",
    Action.DELAYED: "has not been delivered yet to",
    Action.EXPANDED: "was sent on to several addresses for",
    Action.RELAYED: "was passed on to a server that reports nothing further for",
    Action.DELIVERED: "was delivered to",
}
_AFTER = {
    Action.FAILED: "Nothing more will be tried. Check the address, or reach the recipient another way.",
    Action.DELAYED: "It is tried again by itself; there is nothing to do.",
}
_LONGEST_SUBJECT = 200


def subject_for(recipients: Sequence[RecipientReport]) -> str:
    """The subject of the report."""
    actions = {recipient.action for recipient in recipients}
    return next(subject for action, subject in _SUBJECTS.items() if action in actions)


def status_words(recipients: Sequence[RecipientReport], original: Fields, reporting_mta: str) -> str:
    """The text of the report.

    Args:
        recipients: what became of the message for each.
        original: the header of the message.
        reporting_mta: the host name of the reporter.
    """
    return (
        "\n\n".join(
            [f"This is an automatic report of the mail system at {reporting_mta}.", *_about(original)]
            + [text for action in _SUBJECTS for text in _outcome(action, recipients)]
        )
        + "\n"
    )


def _about(original: Fields) -> Iterator[str]:
    subject = " ".join(decoded_words(original.first("Subject")).split())
    lines = [f"    Subject: {subject[:_LONGEST_SUBJECT]}" if subject else ""]
    lines += [f"    {name}: {original.first(name)[:100]}" for name in ("To", "Date") if original.first(name)]
    yield "Your mail"
    if any(lines):
        yield "\n".join(filter(None, lines))


def _outcome(action: Action, recipients: Sequence[RecipientReport]) -> Iterator[str]:
    concerned = [recipient for recipient in recipients if recipient.action is action]
    if concerned:
        yield _BEFORE[action]
        yield from map(_recipient, concerned)
        if action in _AFTER:
            yield _AFTER[action]


def _recipient(recipient: RecipientReport) -> str:
    lines = [_line(recipient.original or recipient.address)]
    why = judge(recipient).why
    if why:
        lines.append(f"    {why[0].upper()}{why[1:]}.")
    if recipient.diagnostic:
        server = f"The server {_line(recipient.remote_mta)}" if recipient.remote_mta else "The server"
        lines.append(f"    {server} said: {_line(recipient.diagnostic)}")
    if recipient.retry_until is not None:
        lines.append(f"    It is tried until {recipient.retry_until:%Y-%m-%d %H:%M %Z}.")
    return "    " + "\n".join(lines)


def _line(text: str) -> str:
    """The text on one line, without what only terminals understand."""
    return " ".join("".join([one if one.isprintable() else " " for one in text]).split())
