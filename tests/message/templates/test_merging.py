from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from envoi.errors import InvalidAddress, UsageError
from envoi.message.templates.merging import Merged, RowFailure, merge, merged
from envoi.message.templates.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def template() -> Template:
    return Template(subject="Hi {{ name }}", text="Dear {{ name }}", sender="me@example.com")


ROWS: list[dict[str, object]] = [
    {"email": "a@example.org", "name": "Ann"},
    {"email": "nobody", "name": "Bob"},
    {"email": "c@example.org"},
    {"email": "d@example.org", "name": "Dan"},
]


def test_makes_a_mail_of_each_row(template: Template) -> None:
    mails = list(merge(template, [ROWS[0], ROWS[3]]))
    assert [(mail.subject, str(mail.to[0])) for mail in mails] == [
        ("Hi Ann", "a@example.org"),
        ("Hi Dan", "d@example.org"),
    ]


def test_the_first_failure_ends_it(template: Template) -> None:
    mails = merge(template, ROWS)
    next(mails)
    with pytest.raises(UsageError, match=r"^row 2 \(nobody\): the address 'nobody' has no @") as caught:
        next(mails)
    assert isinstance(caught.value.__cause__, InvalidAddress)


def test_failures_can_be_collected(template: Template) -> None:
    failures: list[RowFailure] = []
    assert len(list(merge(template, ROWS, on_failure=failures.append))) == 2
    assert [(one.number, one.address) for one in failures] == [(2, "nobody"), (3, "c@example.org")]
    assert str(failures[1]) == "row 3 (c@example.org): subject.txt, line 1: 'name' is undefined"


def test_a_broken_row_is_a_failure_as_well(template: Template, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("email,name\na@example.org\nb@example.org,Bob\n")
    broken, good = merged(template, path)
    assert isinstance(broken, RowFailure)
    assert str(broken).startswith("p.csv, line 2 has 1 fields instead of 2")
    assert isinstance(good, Merged)
    assert good.row.number == 2


def test_a_mail_is_made_when_it_is_asked_for(template: Template) -> None:
    taken = []

    def rows() -> Iterator[dict[str, object]]:
        for row in ROWS:
            taken.append(row["email"])
            yield row

    mails = merge(template, rows())
    assert taken == []
    next(mails)
    assert taken == ["a@example.org"]


def test_memory_does_not_grow_with_the_rows(template: Template) -> None:
    def rows(count: int) -> Iterator[dict[str, object]]:
        return ({"email": f"u{n}@example.org", "name": f"N{n}" * 30} for n in range(count))

    for mail in merge(template, rows(6000)):  # caches are full
        mail.to_bytes()
    tracemalloc.start()
    try:
        for mail in merge(template, rows(6000)):
            mail.to_bytes()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * 1024 * 1024
