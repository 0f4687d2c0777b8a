"""Checks of the HTML: pictures that do not arrive, links that pretend, elements that readers remove.

Mail is not the web: no scripts, no forms, no files of the author's disk, and Gmail shows 102 KiB of it. What
is in the HTML is read by `markup`; the parts that it shows are found here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from envoi.message.problems.domains import same_organisation
from envoi.message.problems.markup import read_markup
from envoi.message.problems.problem import Kind, fault, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.markup import Markup
    from envoi.message.problems.outline import Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_html"]

_CID = re.compile(r"cid:([^\s\"'()<>]+)", re.IGNORECASE)
_HOST_SHOWN = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/:?#]\S*)?", re.IGNORECASE)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_FEW_WORDS = 20
"""Characters; a short answer with a logo below it has more."""
_CLIPPED = 102 * 1024
_REMOVED = {
    "script": "scripts",
    "iframe": "frames",
    "form": "forms",
    "object": "objects",
    "embed": "objects",
    "applet": "objects",
}
_FILES = frozenset({"bmp", "gif", "jpeg", "jpg", "png", "svg", "webp"})
_SHORTENERS = frozenset({"bit.ly", "goo.gl", "is.gd", "ow.ly", "t.ly", "tiny.cc", "tinyurl.com"})


def check_html(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the HTML and what belongs to it."""
    pages = [(part, read_markup(part.text())) for part in message.bodies if part.kind == "text/html"]
    for part, found in pages:
        yield from _of_page(part, found)
        yield from _of_images(part, found)
        yield from _of_links(part, found)
    if pages:
        yield from _of_references(message, pages)


def _of_page(part: Part, found: Markup) -> Iterator[Problem]:
    pictures = [image for image in found.images if not image.is_pixel]
    if pictures and found.words < _FEW_WORDS:
        yield warning(
            Kind.IMAGE_ONLY,
            part.where,
            "there is hardly any text, only pictures",
            "Say in words what the pictures say: most readers load none before they are asked to, and "
            "filters cannot read them.",
        )
    removed = sorted({name for element, name in _REMOVED.items() if element in found.elements})
    if removed:
        yield warning(
            Kind.MARKUP,
            part.where,
            f"it has {' and '.join(removed)}, which readers remove",
            "Leave them out, and link to a page; filters take them for an attack.",
        )
    size = len(part.content())
    if size > _CLIPPED:
        yield warning(
            Kind.CLIPPED,
            part.where,
            f"it has {size / 1024:.0f} KiB",
            "Keep it below 102 KiB: Gmail cuts off the rest, the link to unsubscribe included.",
        )


def _of_images(part: Part, found: Markup) -> Iterator[Problem]:
    sources = [image.source for image in found.images]
    local = next((source for source in sources if _is_local(source)), None)
    if local is not None:
        yield fault(
            Kind.IMAGE,
            part.where,
            f"the picture {local[:60]} is on the author's machine only",
            "Attach it inline and refer to it by cid: (embed_images does both), or put it on a web server.",
        )
    if any(source[:5].lower() == "data:" for source in sources):
        yield warning(
            Kind.IMAGE,
            part.where,
            "a picture is written into the HTML (data:)",
            "Attach it inline and refer to it by cid:; Gmail and Outlook do not show data: pictures.",
        )
    silent = sum(image.alternative is None and not image.is_pixel for image in found.images)
    if silent:
        yield hint(
            Kind.IMAGE,
            part.where,
            f"{silent} of {len(sources)} pictures have no alt text",
            'Add alt="…", or alt="" to those that only decorate; it is shown until pictures are loaded.',
        )


def _is_local(source: str) -> bool:
    if re.match(r"(?:file:|[a-z]:\\)", source, re.IGNORECASE):
        return True
    try:
        parts = urlsplit(source)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and parts.path.rpartition(".")[2].lower() in _FILES


def _of_links(part: Part, found: Markup) -> Iterator[Problem]:
    for link in found.links:
        host = _host(link.target)
        shown = _HOST_SHOWN.fullmatch(link.shown.strip())
        if not host:
            continue
        if shown and not same_organisation(shown[1], host):
            yield warning(
                Kind.LINK,
                part.where,
                f"a link shows {shown[1]} and leads to {host}",
                "Show words, or the place it leads to; filters take this for fraud.",
            )
        elif _ADDRESS.fullmatch(host):
            yield warning(
                Kind.LINK,
                part.where,
                f"a link leads to the bare address {host}",
                "Give the place a name in the DNS.",
            )
        elif host in _SHORTENERS:
            yield warning(
                Kind.LINK,
                part.where,
                f"a link goes through {host}, which hides where it leads",
                "Link to the place itself; abused shorteners are on block lists.",
            )


def _host(target: str) -> str:
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""


def _of_references(message: Outline, pages: list[tuple[Part, Markup]]) -> Iterator[Problem]:
    used = {
        unquote(name): part.where
        for part, found in pages
        for text in found.references
        for name in _CID.findall(text)
    }
    there = {part.content_id: part for part in message.leaves if part.content_id}
    for name in sorted(used.keys() - there.keys()):
        yield fault(
            Kind.CONTENT_ID,
            used[name],
            f"it shows cid:{name[:60]}, and no part has this Content-ID",
            "Add the picture (Attachment: inline=True, content_id=…), or take it out of the HTML.",
        )
    places = {place for _, found in pages for place in found.references}
    for name, part in there.items():
        if name not in used and _is_inline_image(part) and part.value("Content-Location") not in places:
            yield warning(
                Kind.UNUSED_INLINE,
                part.where,
                f"no HTML shows it (cid:{name[:60]})",
                "Refer to it, or attach it as a file; readers show it as a stray attachment, or not at all.",
            )


def _is_inline_image(part: Part) -> bool:
    return part.kind.startswith("image/") and part.disposition != "attachment"
