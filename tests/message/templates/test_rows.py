from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import UsageError
from envoi.message.templates import rows as module
from envoi.message.templates.rows import Row, read_rows

if TYPE_CHECKING:
    from pathlib import Path

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


def rows_of(folder: Path, data: bytes | str, name: str = "people.csv", encoding: str = "utf-8") -> list[Row]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(read_rows(path, encoding=encoding))


def test_the_first_line_names_the_columns(tmp_path: Path) -> None:
    first, second = rows_of(tmp_path, 'email, name \na@b.example,"Ann, ""A"""\r\n\r\nc@d.example,\n')
    assert first == Row(
        number=1, place="people.csv, line 2", values={"email": "a@b.example", "name": 'Ann, "A"'}
    )
    assert (second.number, second.place, second.values["name"]) == (2, "people.csv, line 4", "")


def test_a_value_may_have_several_lines(tmp_path: Path) -> None:
    first, second = rows_of(tmp_path, 'a,b\n"one\ntwo",x\n3,4\n')
    assert first.values["a"] == "one\ntwo"
    assert second.place == "people.csv, line 4"


@pytest.mark.parametrize(("sign", "name"), [(";", "p.csv"), ("\t", "p.tsv"), ("|", "p.csv"), (",", "p.CSV")])
def test_finds_out_what_parts_the_columns(tmp_path: Path, sign: str, name: str) -> None:
    (row,) = rows_of(tmp_path, f'email{sign}"a,b;c"\nx{sign}y\n', name)
    assert row.values == {"email": "x", "a,b;c": "y"}


def test_a_mark_of_utf_8_is_no_part_of_the_name(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, b"\xef\xbb\xbfemail\nx\n")
    assert row.values == {"email": "x"}


def test_reads_the_encoding_that_is_named(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "name\nZoë\n".encode("cp1252"), encoding="cp1252")
    assert row.values == {"name": "Zoë"}


@pytest.mark.parametrize("cells", ["x", "x,y,z"])
def test_too_few_or_too_many_fields_are_one_row_s_problem(tmp_path: Path, cells: str) -> None:
    broken, good = rows_of(tmp_path, f"a,b\n{cells}\n1,2\n")
    assert str(broken.problem).startswith(
        f"people.csv, line 2 has {cells.count(',') + 1} fields instead of 2"
    )
    assert broken.values == {}
    assert good.values == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "people.csv is empty: its first line names the columns"),
        ("\n1,2\n", "people.csv is empty"),
        ("a,b,a\n1,2,3\n", "people.csv: two columns are named 'a'"),
        ("a,,b\n1,2,3\n", "people.csv: column 2 has no name"),
        (
            "a\nx\n\udce9".encode("utf-8", "surrogateescape"),
            "people.csv, line 3 is not text in utf-8 .octet 0xE9",
        ),
        ("a\n".encode("utf-16"), "people.csv is UTF-16: save it as CSV in UTF-8"),
        ('a,b\n"x"y,2\n', "people.csv, line 2: "),
        ('a,b\n1,2\n"x,2\n3,4\n', "people.csv, line 4: unexpected end of data"),
        ("a\n" + "x" * 200_000 + "\n", "people.csv, line 2: field larger than"),
    ],
)
def test_what_makes_the_rest_doubtful_ends_the_reading(
    tmp_path: Path, data: bytes | str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        rows_of(tmp_path, data)


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no encoding 'utf-9'"):
        rows_of(tmp_path, "a\n", encoding="utf-9")


def test_a_line_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST", 10)
    with pytest.raises(UsageError, match="line 2 is longer than 10 octets"):
        rows_of(tmp_path, "a\n" + "x" * 20)


def test_reads_json_lines(tmp_path: Path) -> None:
    first, second = rows_of(tmp_path, '{"email": "x", "tags": ["a"]}\n\n{"n": 1}', "p.jsonl")
    assert first == Row(number=1, place="p.jsonl, line 1", values={"email": "x", "tags": ["a"]})
    assert (second.number, second.place, second.values) == (2, "p.jsonl, line 3", {"n": 1})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "p.ndjson, line 1 is no JSON object: "),
        ("[1]", "p.ndjson, line 1 is no JSON object: it is list"),
        ('{"a": 1, "a": 2}', "a name occurs twice"),
        ('{"a": NaN}', "NaN is no value"),
        ("[" * 100_000, "p.ndjson, line 1 is no JSON object"),
    ],
)
def test_a_line_that_is_no_object_is_one_row_s_problem(tmp_path: Path, line: str, message: str) -> None:
    broken, good = rows_of(tmp_path, f'{line}\n{{"b": 1}}\n', "p.ndjson")
    assert message in str(broken.problem)
    assert good.values == {"b": 1}


def test_takes_any_mappings() -> None:
    first, second = read_rows([{"a": 1}, 5])  # type: ignore[list-item]
    assert first == Row(number=1, place="row 1", values={"a": 1})
    assert str(second.problem) == "row 2 is no mapping of names to values but int"


def test_other_files_are_refused() -> None:
    with pytest.raises(UsageError, match="neither CSV"):
        read_rows("people.xlsx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_rows(tmp_path / "p.csv"))


def test_values_are_not_in_the_repr() -> None:
    assert "secret" not in repr(Row(number=1, place="row 1", values={"a": "secret"}))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6))
def test_reads_what_the_standard_library_wrote(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *table])
    read = rows_of(tmp_path_factory.getbasetemp(), text.getvalue())
    assert [list(row.values.values()) for row in read] == table


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    for name in ("x.csv", "x.jsonl"):
        try:
            rows_of(tmp_path_factory.getbasetemp(), data, name)
        except UsageError as error:
            assert str(error).startswith(name)  # noqa: PT017


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers()), max_size=5))
def test_reads_the_json_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, table: list[dict[str, str | int]]
) -> None:
    data = "".join(json.dumps(row) + "\n" for row in table)
    assert [row.values for row in rows_of(tmp_path_factory.getbasetemp(), data, "y.jsonl")] == table
