"""Checks of what is read: plain text beside HTML, the order of alternatives, parts without content.

The best alternative stands last (RFC 2046 §5.1.4). What is in the HTML is checked in `html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.problems.problem import Kind, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_bodies"]

_ENVELOPES = ("multipart/report", "multipart/encrypted", "multipart/digest")
"""Which have their own rules."""


def check_bodies(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the texts of the message."""
    if message.root.kind in _ENVELOPES:
        return
    plain = [part for part in message.bodies if part.kind == "text/plain"]
    rich = [part for part in message.bodies if part.kind == "text/html"]
    if rich and not plain:
        yield warning(
            Kind.NO_PLAIN_TEXT,
            rich[0].where,
            "there is HTML and no plain text beside it",
            "Add the same as plain text (Email: text=; envoi[html] makes it of the HTML); filters count it.",
        )
    elif rich and _is_blank(plain) and not _is_blank(rich):
        yield warning(
            Kind.NO_PLAIN_TEXT,
            plain[0].where,
            "the plain text beside the HTML is empty",
            "Say the same in it: it is what previews, watches and screen readers show.",
        )
    for part in message.root.walk():
        if part.kind == "multipart/alternative":
            yield from _of_order(part)
    yield from _of_emptiness(message)


def _is_blank(parts: list[Part]) -> bool:
    return not any(part.text().strip() for part in parts)


def _of_order(alternatives: Part) -> Iterator[Problem]:
    kinds = [
        next((one.kind for one in part.walk() if not one.is_multipart), "") for part in alternatives.parts
    ]
    if "text/html" in kinds and "text/plain" in kinds[kinds.index("text/html") :]:
        yield warning(
            Kind.ALTERNATIVES,
            alternatives.where,
            "the plain text stands after the HTML",
            "Put it first: readers show the last alternative that they can (RFC 2046 §5.1.4).",
        )


def _of_emptiness(message: Outline) -> Iterator[Problem]:
    leaves = message.leaves
    if leaves and all(part.is_body for part in leaves) and _is_blank(leaves):
        yield warning(
            Kind.EMPTY,
            "message",
            "it says nothing",
            "Was the text left out by mistake? Filters count empty mails.",
        )
        return
    for part in leaves:
        if not part.octets and not part.is_body:
            yield hint(
                Kind.EMPTY,
                part.where,
                "the part is empty",
                "Is the file meant to be empty? Leave it out otherwise.",
            )
