"""One mail per row: `merge` for programs, `merged` for whoever wants to know which row became which mail.

Rows are taken one at a time, and nothing of a finished one is kept: memory does not grow with their number.
A row that cannot become a mail is a `RowFailure`; whether that ends the merge is the caller's choice. Sending
is the session's: ``session.send_all(merge(template, rows))``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import EnvoiError, UsageError
from envoi.message.templates.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi.message.email import Email
    from envoi.message.templates.rows import Row, Rows
    from envoi.message.templates.template import Template

__all__ = ["Merged", "RowFailure", "merge", "merged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFailure:
    """A row that became no mail.

    Attributes:
        number: 1 for the first row.
        place: where it is, for people: ``rows.csv, line 17``.
        address: what it has as address; None when it has none.
        error: why.
    """

    number: int
    place: str
    address: str | None
    error: EnvoiError

    def __str__(self) -> str:
        whose = "" if self.address is None else f" ({self.address})"
        reason = str(self.error)
        return reason if reason.startswith(self.place) else f"{self.place}{whose}: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A row and its mail."""

    row: Row
    email: Email


def merged(template: Template, rows: Rows, *, encoding: str = "utf-8") -> Iterator[Merged | RowFailure]:
    """Each row with its mail, or why there is none.

    Raises:
        UsageError: the rows cannot be read further.
        OSError: the file cannot be read.
    """
    for row in read_rows(rows, encoding=encoding):
        try:
            if row.problem is not None:
                raise row.problem
            email = template.render(row.values)
        except UsageError as error:
            yield RowFailure(
                number=row.number, place=row.place, address=template.address(row.values), error=error
            )
        else:
            yield Merged(row=row, email=email)


def merge(
    template: Template,
    rows: Rows,
    *,
    encoding: str = "utf-8",
    on_failure: Callable[[RowFailure], object] | None = None,
) -> Iterator[Email]:
    """One mail per row, made when it is asked for.

    Args:
        template: what they say.
        rows: the path of a CSV (``.csv``, ``.tsv``; the first line names the columns) or JSON Lines file
            (``.jsonl``, ``.ndjson``), or any iterable of mappings.
        encoding: that of the file.
        on_failure: told of each row that becomes no mail, and the merge goes on: ``failures.append``. Without
            it the first one ends the merge.

    Raises:
        UsageError: a row cannot become a mail and there is no `on_failure`, or rows cannot be read further.
        OSError: the file cannot be read.
    """
    for found in merged(template, rows, encoding=encoding):
        if isinstance(found, Merged):
            yield found.email
        elif on_failure is not None:
            on_failure(found)
        else:
            raise UsageError(str(found)) from found.error
