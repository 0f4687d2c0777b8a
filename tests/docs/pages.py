"""The pages of the documentation as values: their blocks, headings and links.

Reading only; what is done with a block is in `session`, what names on the pages mean in `world`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "ROOT", "Block", "anchors", "blocks", "links", "pages", "written_pages"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NOT_PAGES = {"_build", "_extensions", "_static", "pictures", "tools"}
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|:{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)(?P=fence)`*$",
    re.MULTILINE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"\{code-block\}\s*(\S+)")
_CAPTION = re.compile(r"\A:caption: (\S+)\n\n?")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*(?:\n[^\]\n]*)?\]\((?P<target>[^)\s]+)\)|<(?P<plain>https?://[^>\s]+)>")
_PICTURE = re.compile(r"!\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_EXPLICIT = re.compile(r"^\((?P<name>[a-z0-9-]+)\)=$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes:
        language: the first word behind the fence.
        caption: the name of the file that the block is.
        text: what stands in it.
        line: where it begins on its page.
        follows: whether nothing but blank lines is between it and the block before.
    """

    language: str
    caption: str | None
    text: str
    line: int
    follows: bool = False


def pages() -> list[Path]:
    """Every page of the folder, and the texts beside the sources."""
    below = [path for path in DOCS.rglob("*.md") if not NOT_PAGES & set(path.relative_to(DOCS).parts)]
    return sorted([*ROOT.glob("*.md"), *below])


def written_pages() -> list[Path]:
    """The pages whose examples are run: all but records of decisions and measurements."""
    records = {DOCS / "decisions", DOCS / "benchmarks"}
    return [path for path in pages() if not records & set(path.parents)]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    end = 0
    for match in _FENCE.finditer(page):
        info, text = match["info"].strip(), match["text"]
        directive = _DIRECTIVE.match(info)
        language = directive[1] if directive else info.split(" ")[0]
        caption = _CAPTION.match(text) if directive else None
        if caption:
            text = text[caption.end() :]
        found.append(
            Block(
                language=language,
                caption=caption[1] if caption else None,
                text=_dedented(text, len(match["indent"])),
                line=page.count("\n", 0, match.start()) + 1,
                follows=bool(found) and not page[end : match.start()].strip(),
            )
        )
        end = match.end()
    return found


def links(page: str) -> list[str]:
    """The targets of all links and pictures."""
    prose = _FENCE.sub("", page)
    prose = re.sub(r"`[^`\n]*`", "", prose)
    targets = [match["target"] or match["plain"] for match in _LINK.finditer(prose)]
    return targets + [match["target"] for match in _PICTURE.finditer(page)]


def anchors(page: str) -> set[str]:
    """What a link to this page may have behind the ``#``, as GitHub and MyST name headings."""
    prose = _FENCE.sub("", page)
    return {_slug(heading) for heading in _HEADING.findall(prose)} | set(_EXPLICIT.findall(prose))


def _slug(heading: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def _dedented(text: str, indent: int) -> str:
    return "".join(
        line[indent:] if line[:indent].isspace() else line for line in text.splitlines(keepends=True)
    )
