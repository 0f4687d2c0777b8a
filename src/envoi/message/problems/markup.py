"""What there is in a piece of HTML: its words, pictures, links and elements. A reading, not a judgement.

A tokenizer in time that grows with the text, whatever that is: the standard library's takes hours for half a
megabyte of unclosed tags. What is good or bad is said in `html`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

__all__ = ["Image", "Link", "Markup", "read_markup"]

_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/<>"']*+)((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>]++))?""")
_RAW = frozenset({"script", "style", "textarea", "title"})
"""Elements that hold text up to their end tag, whatever it looks like."""
_UNSEEN = frozenset({"head", "noscript", "template", *_RAW})
_DEEPEST = 50
_REFERRING = ("src", "background", "href", "data", "poster", "style")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture: where from, and what is said instead of it (None when nothing is)."""

    source: str
    alternative: str | None
    is_pixel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link: where to, and what is shown of it, piece by piece."""

    target: str
    pieces: list[str] = field(default_factory=list[str])

    @property
    def shown(self) -> str:
        """What is shown of it."""
        return "".join(self.pieces)


@dataclass(slots=True, kw_only=True)
class Markup:
    """What was found.

    Attributes:
        words: the characters that are shown, without spaces.
        images: the pictures.
        links: the links with a target.
        elements: the names of all elements.
        references: every target of an attribute, and the text of style sheets.
    """

    words: int = 0
    images: list[Image] = field(default_factory=list[Image])
    links: list[Link] = field(default_factory=list[Link])
    elements: set[str] = field(default_factory=set[str])
    references: list[str] = field(default_factory=list[str])


def read_markup(html: str) -> Markup:
    """Read what there is; a comment or a style sheet without an end goes to the end of the text."""
    reader = _Reader(html)
    reader.read()
    return reader.found


class _Reader:
    def __init__(self, html: str) -> None:
        self.found = Markup()
        self._html = html
        self._unseen: list[str] = []
        self._link: Link | None = None

    def read(self) -> None:
        position, end = 0, len(self._html)
        while position < end:
            start = self._html.find("<", position)
            self._text(self._html[position : start if start >= 0 else end])
            position = end if start < 0 else self._markup(start)

    def _markup(self, start: int) -> int:
        """Take what begins with "<"; gives where it ends."""
        if self._html.startswith("<!--", start):
            return self._after("-->", start + 4)
        if self._html.startswith(("<!", "<?"), start):
            return self._after(">", start + 2)
        tag = _TAG.match(self._html, start)
        if tag is None:
            self._text("<")
            return start + 1
        name = tag[2].lower()
        if tag[1]:
            self._close(name)
            return tag.end()
        self._open(name, tag[3])
        return self._raw(name, tag.end()) if name in _RAW else tag.end()

    def _after(self, mark: str, start: int) -> int:
        found = self._html.find(mark, start)
        return len(self._html) if found < 0 else found + len(mark)

    def _raw(self, name: str, start: int) -> int:
        found = re.compile(f"</{name}", re.IGNORECASE).search(self._html, start)
        end = len(self._html) if found is None else found.start()
        if name == "style":
            self.found.references.append(self._html[start:end])
        return end

    def _open(self, name: str, attributes: str) -> None:
        self.found.elements.add(name)
        values = {key.lower(): _unquoted(value) for key, value in _ATTRIBUTE.findall(attributes)}
        self.found.references += [values[key] for key in _REFERRING if key in values]
        if name in _UNSEEN:
            self._unseen += [name] if len(self._unseen) < _DEEPEST else []
        elif name == "img":
            self._image(values)
        elif name == "a" and values.get("href"):
            self._link = Link(target=values["href"].strip())
            self.found.links.append(self._link)

    def _close(self, name: str) -> None:
        if name == "a":
            self._link = None
        elif name == "body":
            self._unseen.clear()
        elif name in self._unseen:
            del self._unseen[self._unseen.index(name) :]

    def _text(self, text: str) -> None:
        if self._unseen or not text:
            return
        shown = _unescaped(text)
        self.found.words += sum(map(len, shown.split()))
        if self._link is not None:
            self._link.pieces.append(shown)

    def _image(self, values: dict[str, str]) -> None:
        sides = {values.get("width", ""), values.get("height", "")}
        image = Image(
            source=values.get("src", "").strip(),
            alternative=values.get("alt"),
            is_pixel=sides <= {"0", "1", "0px", "1px"},
        )
        self.found.images.append(image)


def _unquoted(value: str) -> str:
    return _unescaped(value[1:-1] if value[:1] in ('"', "'") else value)


def _unescaped(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits
        return text
