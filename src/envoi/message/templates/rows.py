"""Rows for a mail merge: from CSV, JSON Lines, or any mappings, one at a time.

A row that is broken is a `Row` with a problem, so that the others can still be sent; what makes everything
after it doubtful (a wrong encoding, an open quotation mark, two columns of one name) ends the reading. Files
are decoded line by line, so that an error names its line and memory stays constant.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

__all__ = ["Row", "Rows", "read_rows"]

Rows: TypeAlias = "str | PathLike[str] | Iterable[Mapping[str, object]]"
"""A file (``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson``), or mappings."""

_LONGEST = 16 * 1024 * 1024
"""Octets of a line; a longer one is no row of a mail merge."""
_DELIMITERS = ",;\t|"
_JSON_LINES = (".jsonl", ".ndjson")
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        number: 1 for the first one below the header.
        place: where it is, for people: ``rows.csv, line 17``, or ``row 16``.
        values: by the names of the columns; not shown in `repr`.
        problem: why it cannot be used; then there are no values.
    """

    number: int
    place: str
    values: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
    problem: UsageError | None = None


def read_rows(rows: Rows, *, encoding: str = "utf-8") -> Iterator[Row]:
    """The rows of a file, or of an iterable.

    Args:
        rows: a file by its ending (``.csv``, ``.tsv``; ``.jsonl``, ``.ndjson``), or mappings.
        encoding: that of the file.

    Raises:
        UsageError: the file is of another kind, or cannot be read further; the text names file and line.
        OSError: there is no such file, or it may not be read.
    """
    if not isinstance(rows, (str, PathLike)):
        return _numbered(rows)
    path = Path(rows)
    ending = path.suffix.lower()
    if ending in (".csv", ".tsv"):
        return _from_csv(path, encoding)
    if ending in _JSON_LINES:
        return _from_json_lines(path, encoding)
    raise UsageError(f"{str(path)!r} is neither CSV (.csv, .tsv) nor JSON Lines (.jsonl, .ndjson)")


def _numbered(rows: Iterable[object]) -> Iterator[Row]:
    for number, values in enumerate(rows, 1):
        place = f"row {number}"
        if isinstance(values, Mapping):
            yield Row(number=number, place=place, values=cast("Mapping[str, object]", values))
        else:
            problem = UsageError(f"{place} is no mapping of names to values but {type(values).__name__}")
            yield Row(number=number, place=place, problem=problem)


def _from_csv(path: Path, encoding: str) -> Iterator[Row]:
    with path.open("rb") as file:
        lines = _lines(file, path, encoding)
        header = next(lines, "")
        reader = csv.reader(_then(header, lines), delimiter=_delimiter(header), strict=True)
        try:
            names = next(reader, list[str]())
            columns = _columns(names, path)
            line = reader.line_num + 1
            number = 0
            for cells in reader:
                if cells:
                    number += 1
                    yield _of_cells(cells, columns, number, f"{path.name}, line {line}")
                line = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"{path.name}, line {reader.line_num}: {error}; it cannot be read further"
            ) from error


def _of_cells(cells: list[str], columns: list[str], number: int, place: str) -> Row:
    if len(cells) == len(columns):
        return Row(number=number, place=place, values=dict(zip(columns, cells, strict=True)))
    problem = UsageError(
        f"{place} has {len(cells)} fields instead of {len(columns)}; quote what contains commas"
    )
    return Row(number=number, place=place, problem=problem)


def _columns(names: list[str], path: Path) -> list[str]:
    columns = [name.strip() for name in names]
    if not columns:
        raise UsageError(f"{path.name} is empty: its first line names the columns")
    for at, name in enumerate(columns, 1):
        if not name:
            raise UsageError(f"{path.name}: column {at} has no name in the first line")
        if name in columns[: at - 1]:
            raise UsageError(f"{path.name}: two columns are named {name!r}")
    return columns


def _delimiter(header: str) -> str:
    """What parts the names in the first line; spreadsheets of half of Europe write semicolons."""
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _from_json_lines(path: Path, encoding: str) -> Iterator[Row]:
    with path.open("rb") as file:
        number = 0
        for line, text in enumerate(_lines(file, path, encoding), 1):
            if not text.strip():
                continue
            number += 1
            place = f"{path.name}, line {line}"
            try:
                yield Row(number=number, place=place, values=_object(text))
            except (ValueError, RecursionError) as error:
                problem = UsageError(f"{place} is no JSON object: {error}")
                yield Row(number=number, place=place, problem=problem)


def _object(text: str) -> Mapping[str, object]:
    value: object = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    if not isinstance(value, dict):
        raise ValueError(f"it is {type(value).__name__}")  # noqa: TRY004 - the caller names the line
    return cast("dict[str, object]", value)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no value")


def _lines(file: BinaryIO, path: Path, encoding: str) -> Iterator[str]:
    number = 0
    while data := file.readline(_LONGEST + 1):
        number += 1
        if len(data) > _LONGEST:
            raise UsageError(f"{path.name}, line {number} is longer than {_LONGEST} octets")
        yield _decoded(data, path, number, encoding)


def _decoded(data: bytes, path: Path, number: int, encoding: str) -> str:
    if number == 1 and data[:2] in _BOMS:
        raise UsageError(f"{path.name} is {_BOMS[data[:2]]}: save it as CSV in UTF-8")
    if number == 1 and data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path.name}, line {number} is not text in {encoding} (octet 0x{data[error.start]:02X}); "
            "give the right encoding, such as cp1252, or save the file as UTF-8"
        ) from error
    except LookupError as error:
        raise UsageError(f"there is no encoding {encoding!r}") from error


def _then(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
