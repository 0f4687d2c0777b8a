"""Help with HTML: its plain text, its style sheets, its pictures. Done by libraries of the extra `html`.

Clients strip `<style>` and do not load local files, so that both are put where they work: rules into `style`
attributes, pictures into the message. Nothing is fetched from anywhere but the folder that is named. The
parts that come out of it are arranged in `compose`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from envoi.errors import UsageError
from envoi.message.attachment import Attachment

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["embed_images", "inline_css", "to_text"]

_IMAGE = re.compile(
    r"""<img\b(?:[^>"']|"[^"]*"|'[^']*')*?\ssrc\s*=\s*(?P<quote>["'])(?P<src>.*?)(?P=quote)""",
    re.IGNORECASE | re.DOTALL,
)


def to_text(html: str) -> str | None:
    """The plain text of the HTML, or None when envoi[html] is not installed."""
    converter = _converter()
    return None if converter is None else converter(html).strip("\n") + "\n"


def inline_css(html: str) -> str:
    """The HTML with the rules of its `<style>` elements in `style` attributes; nothing is loaded.

    Raises:
        UsageError: envoi[html] is not installed, or the style sheet is broken.
    """
    try:
        from css_inline import CSSInliner, InlineError
    except ImportError as error:
        raise UsageError("inlining CSS needs the package css-inline: install envoi[html]") from error
    try:
        return CSSInliner(load_remote_stylesheets=False).inline(html)
    except InlineError as error:
        raise UsageError(f"the style sheet of the HTML cannot be inlined: {error}") from error


def embed_images(html: str, folder: str | Path) -> tuple[str, tuple[Attachment, ...]]:
    """The HTML with its local pictures turned into references, and the inline attachments they refer to.

    Args:
        html: a document whose `<img src>` may name files relative to the folder.
        folder: the only place pictures are taken from.

    Raises:
        UsageError: a picture is missing, cannot be read, or lies outside the folder.
    """
    root = Path(folder).resolve()
    found: dict[Path, Attachment] = {}

    def reference(match: re.Match[str]) -> str:
        path = _local_file(unescape(match["src"]).strip(), root)
        if path is None:
            return match[0]
        if path not in found:
            found[path] = Attachment.from_path(path, inline=True, content_id=f"image{len(found) + 1}")
        start, end = (at - match.start() for at in match.span("src"))
        return f"{match[0][:start]}cid:{found[path].content_id}{match[0][end:]}"

    written = _IMAGE.sub(reference, html)
    return written, tuple(found.values())


def _local_file(source: str, root: Path) -> Path | None:
    parts = urlsplit(source)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    path = (root / unquote(parts.path)).resolve()
    if not path.is_relative_to(root):
        raise UsageError(f"the picture {source!r} lies outside the folder {str(root)!r}")
    return path


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], str] | None:
    try:
        from inscriptis import get_text  # pyright: ignore[reportMissingTypeStubs]
        from inscriptis.model.config import ParserConfig  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        return None
    config = ParserConfig(display_links=True)
    return lambda html: get_text(html, config)
