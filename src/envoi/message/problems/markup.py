"""What there is in a piece of HTML: its words, pictures, links and elements. A reading, not a judgement.

The standard library's tokenizer, which never fails on what it does not know; what is good or bad is said in
`html`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Image", "Link", "Markup", "read_markup"]

_UNSEEN = frozenset({"head", "noscript", "script", "style", "template", "title"})
_REFERRING = ("src", "background", "href", "data", "poster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture: where from, and what is said instead of it (None when nothing is)."""

    source: str
    alternative: str | None
    is_pixel: bool


@dataclass(slots=True, kw_only=True)
class Link:
    """A link: where to, and what is shown of it."""

    target: str
    shown: str = ""


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
    """Read what there is; the rest of a document that breaks off is left out."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # "<![" and something that the tokenizer has never heard of
        pass
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Markup()
        self._unseen: list[str] = []
        self._link: Link | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.found.elements.add(tag)
        self.found.references += [values[name] for name in _REFERRING if name in values]
        self.found.references += [values["style"]] if "style" in values else []
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "img":
            self._image(values)
        elif tag == "a" and values.get("href"):
            self._link = Link(target=values["href"].strip())
            self.found.links.append(self._link)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None
        elif tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag == "body":
            self._unseen.clear()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            self.found.references += [data] if self._unseen[-1] == "style" else []
            return
        self.found.words += sum(map(len, data.split()))
        if self._link is not None:
            self._link.shown += data

    def _image(self, values: dict[str, str]) -> None:
        sides = {values.get("width", ""), values.get("height", "")}
        image = Image(
            source=values.get("src", "").strip(),
            alternative=values.get("alt"),
            is_pixel=bool(sides) and sides <= {"0", "1", "0px", "1px"},
        )
        self.found.images.append(image)
