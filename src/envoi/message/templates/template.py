"""`Template`: subject, text and HTML with places for the values of a row; compiled once, rendered for each.

What all recipients have in common (sender, attachments, headers) is given when the template is made, and is
checked and encoded once; a row gives the address and the words. Rows are read in `rows` and gone through in
`merging`; Jinja is in `sandbox`, files are in `folder`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypedDict

from envoi.errors import InvalidAddress, UsageError
from envoi.message.address import Address
from envoi.message.email import Email
from envoi.message.shared import SharedSource
from envoi.message.templates.folder import Source, Sources, read_folder
from envoi.message.templates.mjml import to_html
from envoi.message.templates.woven import Letter, Threads
from envoi.message.unsubscribe import Unsubscribe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike
    from typing import Required, Self, Unpack

    from envoi.message.attachment import Attachment
    from envoi.message.calendar import Invitation
    from envoi.message.checks import Addresses
    from envoi.message.email import AutoSubmitted, Priority, Sensitivity
    from envoi.message.templates.sandbox import Compiled, Sandbox

__all__ = ["Template", "TemplateOptions"]

_ADDRESS_COLUMNS = ("email", "e-mail", "to")
_HELD = 32 * 1024 * 1024
"""Octets of attachments whose base64 is held in memory: what servers take. That of others is spooled."""


class TemplateOptions(TypedDict, total=False):
    """What all mails of a template have in common; the names are those of `Email`, and these.

    Attributes:
        to_column: the column with the address; without it the one named email, e-mail or to, in any case.
        name_column: the column with the name to show beside it.
        unsubscribe: fixed, or a template of its own: ``https://example.com/bye/{{ token | urlencode }}``.
    """

    sender: Required[str | Address]
    to_column: str | None
    name_column: str | None
    unsubscribe: str | Unsubscribe | None
    attachments: Iterable[Attachment]
    cc: Addresses
    bcc: Addresses
    reply_to: Addresses
    from_: Addresses
    headers: Mapping[str, str] | Iterable[tuple[str, str]]
    priority: Priority | None
    sensitivity: Sensitivity | None
    read_receipt: bool | str | Address | None
    delivery_receipt: bool
    language: str | None
    calendar: Invitation | None
    auto_submitted: AutoSubmitted | None
    flowed: bool


class Template:
    """A mail with places for values, in Jinja.

    Values are escaped in HTML and nowhere else. An undefined name is an error, as is printing None; templates
    are sandboxed. A line that has nothing but a block tag leaves no empty line.

    Args:
        subject: the template of one line.
        text: that of the plain text; made from the HTML for each mail when envoi[html] is installed.
        html: that of the HTML.
        mjml: that of the HTML, in MJML; compiled to HTML here, once.
        options: what all mails have in common; see `TemplateOptions`. `sender` is needed.

    Raises:
        UsageError: a template is not well-formed, or envoi[templates] is not installed; the text says where.
        InvalidAddress: as for `Email`.
        InvalidHeader: as for `Email`.
    """

    __slots__ = (
        "_html",
        "_model",
        "_name_column",
        "_sandbox",
        "_subject",
        "_text",
        "_threads",
        "_to_column",
        "_way_out",
    )

    def __init__(
        self,
        *,
        subject: str,
        text: str | None = None,
        html: str | None = None,
        mjml: str | None = None,
        **options: Unpack[TemplateOptions],
    ) -> None:
        if (text is None and html is None and mjml is None) or (html is not None and mjml is not None):
            raise UsageError(
                "a template needs a text, an HTML (html or mjml, not both), or a text and an HTML"
            )
        self._compile(
            Sources(
                subject=Source(name="subject.txt", text=subject),
                text=None if text is None else Source(name="text.txt", text=text),
                html=None if html is None else Source(name="html.html", text=html),
                mjml=None if mjml is None else Source(name="html.mjml", text=mjml),
                includes={},
            ),
            options,
        )

    @classmethod
    def from_folder(cls, folder: str | PathLike[str], name: str, **options: Unpack[TemplateOptions]) -> Self:
        """The template of this name in a folder: ``welcome.subject.txt``, ``welcome.txt``, ``welcome.html``.

        Instead of the HTML there may be ``welcome.mjml``; each file may have ``.j2`` behind its name.
        Templates can include and extend others of the folder; MJML has ``<mj-include path="…">`` for that.

        Raises:
            UsageError: there is no such template, or a file of it cannot be used; else as for the class.
        """
        template = cls.__new__(cls)
        template._compile(read_folder(folder, name), options)  # noqa: SLF001 - our own
        return template

    def render(self, row: Mapping[str, object] | None = None, /, **values: object) -> Email:
        """The mail for one recipient.

        Args:
            row: values by the names of their columns; all of it is `row` in the template.
            values: further ones.

        Raises:
            InvalidAddress: the row has no address, or something else in its place.
            InvalidHeader: a value brings a line end into the subject.
            UsageError: a name is undefined, or the template fails; the text names template and line.
        """
        given = {**(row or {}), **values}
        to = self._address(given)
        names = self._sandbox.values(given)
        subject = self._subject.text(names)
        plain = None if self._text is None else self._text.pieces(names)
        html = None if self._html is None else self._html.pieces(names)
        return self._model.personalised(
            to,
            subject=subject,
            text=None if plain is None else "".join(plain),
            html=None if html is None else "".join(html),
            unsubscribe=None if self._way_out is None else Unsubscribe.of(self._way_out.text(names)),
            prepared=Letter(
                plain=None if plain is None else self._threads.pieces(plain),
                html=None if html is None else self._threads.pieces(html),
            ),
        )

    def address(self, row: Mapping[str, object]) -> str | None:
        """What a row has where its address should be, for reports; None when it has nothing."""
        try:
            value = row.get(self._column(row))
        except InvalidAddress:
            return None
        return None if value is None else str(value)

    def _compile(self, sources: Sources, options: TemplateOptions) -> None:
        fixed = dict(options)
        self._to_column: str | None = options.get("to_column")
        self._name_column: str | None = options.get("name_column")
        way_out = options.get("unsubscribe")
        for name in ("to_column", "name_column", *(["unsubscribe"] if isinstance(way_out, str) else [])):
            fixed.pop(name, None)
        fixed["attachments"] = tuple(_shared(options.get("attachments", ())))
        self._model = Email(**fixed)  # type: ignore[arg-type]
        self._sandbox = _sandbox(sources)
        # The line end of the file is no part of the subject; any other one is refused.
        self._subject = self._sandbox.compile(sources.subject.text.rstrip("\r\n"), sources.subject.name)
        self._text = self._compiled(sources.text)
        self._html = self._compiled(sources.html or _from_mjml(sources))
        self._way_out = self._sandbox.compile(way_out, "unsubscribe") if isinstance(way_out, str) else None
        self._threads = Threads(self._sandbox.fixed)

    def _compiled(self, source: Source | None) -> Compiled | None:
        return None if source is None else self._sandbox.compile(source.text, source.name)

    def _address(self, row: Mapping[str, object]) -> Address:
        column = self._column(row)
        address = Address.parse(_filled(row, column))
        name = "" if self._name_column is None else str(row.get(self._name_column) or "")
        return replace(address, name=name) if name.strip() else address

    def _column(self, row: Mapping[str, object]) -> str:
        if self._to_column is not None:
            if self._to_column not in row:
                raise InvalidAddress(f"there is no column {self._to_column!r}; there is {_listed(row)}")
            return self._to_column
        found = _address_column(tuple(row))
        if found is not None:
            return found
        raise InvalidAddress(
            f"no column is named email or to: say which one with to_column; there is {_listed(row)}"
        )


@lru_cache(maxsize=64)
def _address_column(names: tuple[str, ...]) -> str | None:
    lowered = {name.lower(): name for name in reversed(names)}
    return next((lowered[name] for name in _ADDRESS_COLUMNS if name in lowered), None)


def _filled(row: Mapping[str, object], column: str) -> str | Address:
    value = row[column]
    if isinstance(value, Address):
        return value
    if not isinstance(value, str) or not value.strip():
        raise InvalidAddress(f"there is no address in the column {column!r}")
    return value.strip(" ")


def _listed(row: Mapping[str, object]) -> str:
    return ", ".join(repr(name) for name in row) or "none at all"


def _sandbox(sources: Sources) -> Sandbox:
    try:
        from envoi.message.templates.sandbox import Sandbox
    except ImportError as error:
        raise UsageError("templates need the package jinja2: install envoi[templates]") from error
    return Sandbox(sources.folder)


def _from_mjml(sources: Sources) -> Source | None:
    if sources.mjml is None:
        return None
    name = sources.mjml.name
    return Source(name=name, text=to_html(sources.mjml.text, name, sources.includes))


def _shared(attachments: Iterable[Attachment]) -> Iterator[Attachment]:
    """The attachments, those with a source that can be encoded once for all recipients."""
    room = _HELD
    for one in attachments:
        size = one.size
        if size is None or one.is_async:
            yield one
            continue
        held = size <= room
        room -= size if held else 0
        name = f"the attachment {one.filename!r}" if one.filename else "an attachment"
        yield replace(one, source=SharedSource(one.source, name=name, held=held))
