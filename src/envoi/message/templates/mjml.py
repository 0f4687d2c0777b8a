"""MJML to HTML, once, with Jinja's places left in (extra ``mjml``: mrml).

MJML is compiled when the template is loaded; doing so for every recipient would cost more than all the rest.
What belongs to Jinja is replaced by words that mean nothing to MJML, and put back afterwards. A place
that MJML would have to calculate with (``width="{{ w }}px"``) is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["to_html"]

_STRINGS = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?!{end}).)*?"""
_JINJA = re.compile(
    "|".join(
        (
            r"\{#.*?#\}",
            rf"\{{\{{{_STRINGS.format(end='}}}}')}\}}\}}",
            rf"\{{%{_STRINGS.format(end='%}}')}%\}}",
        )
    ),
    re.DOTALL,
)
_WORD = "envoiplace"
_PLACE = re.compile(rf"{_WORD}(\d+)x")


def to_html(source: str, name: str, includes: Mapping[str, str]) -> str:
    """The HTML of a document in MJML.

    Args:
        source: the document.
        name: what to call it in errors.
        includes: documents that ``<mj-include>`` may name.

    Raises:
        UsageError: mrml is not installed, the document is not well-formed, or MJML swallowed a place.
    """
    try:
        import mrml
    except ImportError as error:
        raise UsageError("MJML needs the package mrml: install envoi[mjml]") from error
    places = _Places()
    document = places.hide(source, name)
    own = places.count
    others = {path: places.hide(text, path) for path, text in includes.items()}
    options = mrml.ParserOptions(include_loader=mrml.memory_loader(others))
    try:
        html = mrml.to_html(document, options).content
    except OSError as error:
        raise UsageError(f"{name} is no MJML that can be read: {error}") from error
    places.check(html, own, name)
    return places.show(html)


class _Places:
    """What belongs to Jinja, in order."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: list[str] = []

    @property
    def count(self) -> int:
        return len(self._texts)

    def hide(self, source: str, name: str) -> str:
        if _WORD in source:
            raise UsageError(f"{name} contains the word {_WORD}, which envoi uses for its own purposes")
        return _JINJA.sub(self._hidden, source)

    def check(self, html: str, own: int, name: str) -> None:
        """Refuse a document of whose first `own` places one is gone: it was misplaced."""
        there = {int(number) for number in _PLACE.findall(html)}
        for at, text in enumerate(self._texts[:own]):
            if at not in there and not text.startswith("{#"):
                raise UsageError(
                    f"{name}: MJML has no use for {text} where it stands; sizes and the like must be fixed, "
                    "and nothing may stand outside mj-head and mj-body"
                )

    def show(self, html: str) -> str:
        """Put everything back."""
        return _PLACE.sub(lambda found: self._texts[int(found[1])], html)

    def _hidden(self, found: re.Match[str]) -> str:
        self._texts.append(found[0])
        return f"{_WORD}{len(self._texts) - 1}x"
