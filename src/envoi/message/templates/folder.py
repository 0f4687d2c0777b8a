"""The files of a template: of one name, in one folder.

``welcome.subject.txt`` is the subject, ``welcome.txt`` the text, ``welcome.html`` or ``welcome.mjml`` the
HTML; each may have ``.j2`` behind. Subject and one of the others are needed. Other files of the folder can be
included and extended; nothing outside of it is read. Only reading; compiling is in `template`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.characters import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

__all__ = ["Source", "Sources", "read_folder"]

_SUBJECT = ".subject.txt"
_SUFFIX = ".j2"
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file: its name and its text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a template is made of.

    Attributes:
        folder: where includes are; None when there are none.
        includes: documents that MJML may include, by name.
    """

    subject: Source
    text: Source | None = None
    html: Source | None = None
    mjml: Source | None = None
    folder: Path | None = None
    includes: Mapping[str, str]


def read_folder(folder: str | PathLike[str], name: str) -> Sources:
    """Read the files of a template.

    Raises:
        UsageError: there is no such template, a file of it is missing or twice there, or is no text.
    """
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(f"there is no folder {str(place)!r}")
    if Path(name).name != name:
        raise UsageError(
            f"the template name {shown(name)} has a path in it; give the folder and the name apart"
        )
    subject, html, mjml = (_find(place, name, ending) for ending in (_SUBJECT, ".html", ".mjml"))
    text = _find(place, name, ".txt")
    if subject is None and (text or html or mjml):
        raise UsageError(f"the template {name!r} has no subject: write it into {name}{_SUBJECT}")
    if subject is None:
        raise UsageError(f"there is no template {shown(name)} in {str(place)!r}{_others(place)}")
    if html is not None and mjml is not None:
        raise UsageError(f"the template {name!r} has both {html.name} and {mjml.name}; delete one")
    if text is None and html is None and mjml is None:
        raise UsageError(f"the template {name!r} has no body: write {name}.txt, {name}.html or {name}.mjml")
    includes = {} if mjml is None else _includes(place, mjml.name)
    return Sources(subject=subject, text=text, html=html, mjml=mjml, folder=place, includes=includes)


def _find(place: Path, name: str, ending: str) -> Source | None:
    plain, marked = (place / f"{name}{ending}{suffix}" for suffix in ("", _SUFFIX))
    if plain.is_file() and marked.is_file():
        raise UsageError(f"both {plain.name} and {marked.name} are in {str(place)!r}; delete one")
    for path in (plain, marked):
        if path.is_file():
            return _read(path)
    return None


def _includes(place: Path, document: str) -> dict[str, str]:
    return {one.name: _read(one).text for one in sorted(place.glob("*.mjml")) if one.name != document}


def _read(path: Path) -> Source:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the template {str(path)!r} is not text in UTF-8") from error
    except OSError as error:
        raise UsageError(f"the template {str(path)!r} cannot be read: {error.strerror}") from error
    return Source(name=path.name, text=text)


def _others(place: Path) -> str:
    found = sorted({path.name.partition(_SUBJECT)[0] for path in place.glob(f"*{_SUBJECT}*")})
    if not found:
        return f"; a template begins with a file NAME{_SUBJECT}"
    return f"; there is {', '.join(found[:_SHOWN])}{' and more' if len(found) > _SHOWN else ''}"
