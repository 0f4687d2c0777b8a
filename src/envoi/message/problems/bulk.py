"""Checks of mailings: can a recipient leave, and with one click (RFC 2369, RFC 8058)?

Gmail and Yahoo ask it of everybody who sends to many. A mailing is known by its fields or by the number of
its recipients; automatic answers say Precedence: bulk too, and are none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.problems.people import MANY
from envoi.message.problems.problem import Kind, fault, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_bulk"]

_URIS = re.compile(r"<([^<>]+)>")
_ONE_CLICK = re.compile(r"List-Unsubscribe\s*=\s*One-Click", re.IGNORECASE)
_HOW = "Name an https:// address of its own for each recipient (Email: unsubscribe=)."


def check_bulk(message: Outline, recipients: int) -> Iterator[Problem]:
    """Everything that is wrong with the way out of a mailing."""
    root = message.root
    uris = _URIS.findall(root.value("List-Unsubscribe"))
    if root.all("List-Unsubscribe"):
        yield from _of_uris(uris)
    elif reason := _is_mailing(root, recipients):
        yield warning(
            Kind.UNSUBSCRIBE,
            "List-Unsubscribe",
            f"it is missing, though this is a mailing ({reason})",
            f"{_HOW} Gmail and Yahoo refuse mailings without.",
        )
    if root.all("List-Unsubscribe-Post"):
        yield from _of_one_click(root, uris)
    elif _is_mailing(root, recipients) and _https(uris) and not root.all("List-Post"):
        yield warning(
            Kind.ONE_CLICK,
            "List-Unsubscribe-Post",
            "it is missing: nobody can leave with one click",
            "Add “List-Unsubscribe-Post: List-Unsubscribe=One-Click” and let a POST to the address be enough "
            "(RFC 8058).",
        )


def _is_mailing(root: Part, recipients: int) -> str:
    if root.value("Auto-Submitted").lower().startswith("auto-replied") or root.kind == "multipart/report":
        return ""
    precedence = root.value("Precedence").strip().lower()
    if precedence in ("bulk", "list"):
        return f"Precedence: {precedence}"
    if root.all("List-Id"):
        return "it has a List-Id"
    return f"{recipients} recipients" if recipients > MANY else ""


def _of_uris(uris: list[str]) -> Iterator[Problem]:
    if not uris:
        yield fault(
            Kind.UNSUBSCRIBE,
            "List-Unsubscribe",
            "there is no URI in angle brackets in it",
            "Write <https://…>, <mailto:…> or both with a comma between (RFC 2369 §2).",
        )
    elif not _https(uris) and not any(uri.lower().startswith("mailto:") for uri in uris):
        yield warning(
            Kind.UNSUBSCRIBE,
            "List-Unsubscribe",
            f"nobody follows {uris[0][:60]}: it is neither https: nor mailto:",
            _HOW,
        )


def _of_one_click(root: Part, uris: list[str]) -> Iterator[Problem]:
    if not _https(uris):
        yield fault(
            Kind.ONE_CLICK,
            "List-Unsubscribe-Post",
            "it promises one click, but List-Unsubscribe has no https:// address",
            f"{_HOW} (RFC 8058 §3.1)",
        )
    if not _ONE_CLICK.fullmatch(root.value("List-Unsubscribe-Post")):
        yield fault(
            Kind.ONE_CLICK,
            "List-Unsubscribe-Post",
            "it does not say what RFC 8058 §3.1 asks for",
            "Its value is “List-Unsubscribe=One-Click”, nothing else.",
        )
    signed = [_signed_fields(field.text) for field in root.all("DKIM-Signature")]
    if signed and not any({"list-unsubscribe", "list-unsubscribe-post"} <= names for names in signed):
        yield warning(
            Kind.ONE_CLICK,
            "DKIM-Signature",
            "no signature covers List-Unsubscribe and List-Unsubscribe-Post",
            "Sign both fields (RFC 8058 §4), or the button is not shown.",
        )


def _https(uris: list[str]) -> bool:
    return any(uri.lower().startswith("https://") for uri in uris)


def _signed_fields(signature: str) -> set[str]:
    found = re.search(r"(?:^|;)\s*h\s*=([^;]*)", signature)
    return {name.strip().lower() for name in found[1].split(":")} if found else set()
