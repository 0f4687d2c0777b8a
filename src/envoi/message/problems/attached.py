"""Checks of the attachments: their kinds, their names, their identifiers.

Gmail, Outlook and most company gateways refuse what can run, also within an archive. How large they may be is
checked in `structure`, how they are encoded in `encodings`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from envoi.message.problems.outline import decoded
from envoi.message.problems.problem import Kind, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_attached"]

_REFUSED = frozenset(
    {"ade", "adp", "apk", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "diagcab",
     "diagcfg", "diagpack", "dll", "dmg", "ex_", "exe", "hta", "img", "ins", "iso", "isp", "jar",
     "jnlp", "js", "jse", "lib", "lnk", "mde", "mjs", "msc", "msi", "msix", "msixbundle", "msp", "mst",
     "nsh", "pif", "ps1", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "vhd", "vhdx", "vxd", "wsc",
     "wsf", "wsh", "xll"}
)  # fmt: skip
_NAMELESS = re.compile(r"text/.*|message/.*|multipart/.*|application/(?:pgp-|x?-?pkcs7-|ms-tnef).*")


def check_attached(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the attachments."""
    for part in message.leaves:
        if part.filename:
            yield from _of_name(part, decoded(part.filename))
        elif part.disposition == "attachment" and not _NAMELESS.fullmatch(part.kind):
            yield hint(
                Kind.ATTACHMENT,
                part.where,
                "the attached file has no name",
                "Name it, with its ending: readers show “noname” and cannot open it.",
            )
        if part.kind == "application/ms-tnef":
            yield warning(
                Kind.ATTACHMENT,
                part.where,
                "what is in a winmail.dat only Outlook can open",
                "Send in HTML or plain text instead of Outlook's rich text.",
            )
    counted = Counter(part.content_id for part in message.leaves if part.content_id)
    for name, times in counted.items():
        if times > 1:
            yield warning(
                Kind.CONTENT_ID,
                "message",
                f"{times} parts have the Content-ID {name[:60]}",
                "Give each its own: which one the HTML shows is a guess.",
            )


def _of_name(part: Part, name: str) -> Iterator[Problem]:
    ending = name.rstrip(" .").rpartition(".")[2].lower()
    if ending in _REFUSED and "." in name:
        yield warning(
            Kind.ATTACHMENT,
            part.where,
            f"Gmail and Outlook refuse files that end in .{ending}",
            "Send a link to it; within an archive it is refused as well.",
        )
    if re.search(r"[/\\]", name) or any(ord(character) < 32 or ord(character) == 127 for character in name):
        yield warning(
            Kind.ATTACHMENT,
            part.where,
            "its name has path separators or control characters",
            "Name the file alone, without its folder.",
        )
