from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi import Attachment, Email, UsageError
from envoi.cli.merging.journal import Entry, Journal, State, digest

if TYPE_CHECKING:
    from pathlib import Path

MAIL = Email(sender="me@example.com", to="a@example.org", subject="S", text="T")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sent.journal"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_remembers_what_became_of_each_row(path: Path) -> None:
    with Journal(path) as journal:
        for number, state in ((1, State.SENT), (2, State.REFUSED)):
            journal.begin(number, f"k{number}", MAIL)
            journal.end(number, state, "so" if state is State.REFUSED else "")
        journal.begin(3, "k3", MAIL)
    with Journal(path) as journal:
        identifier = MAIL.message_id
        assert journal.entry(1, "k1") == Entry(key="k1", message_id=identifier, state=State.SENT)
        assert journal.entry(2, "k2") == Entry(
            key="k2", message_id=identifier, state=State.REFUSED, reason="so"
        )
        assert journal.entry(3, "k3") == Entry(key="k3", message_id=identifier, state=State.SENDING)
        assert (journal.entry(4, "k4"), journal.last) == (None, 3)


def test_an_empty_journal_knows_nothing(path: Path) -> None:
    with Journal(path) as journal:
        assert journal.last == 0
    assert lines(path) == [{"journal": "envoi merge", "version": 1}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_only_what_is_on_disk_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.stat().st_size))
    with Journal(path) as journal:
        journal.begin(1, "k", MAIL)
        assert synced[-1] == path.stat().st_size
        assert lines(path)[-1]["state"] == "sending"
        journal.end(1, State.SENT)
        assert synced[-1] == path.stat().st_size


def test_a_row_that_changed_is_noticed(path: Path) -> None:
    with Journal(path) as journal:
        journal.begin(1, "k", MAIL)
        with pytest.raises(UsageError, match=r"row 1 is not what it was when sent\.journal was written"):
            journal.entry(1, "other")


@given(st.data())
def test_a_line_that_was_cut_off_says_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "j"
    with Journal(path) as journal:
        journal.begin(1, "k", MAIL)
        journal.end(1, State.SENT)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    left = path.read_bytes().count(b"\n")
    with Journal(path) as journal:
        known = journal.entry(1, "k")
        assert (known and known.state) == [None, None, State.SENDING, State.SENT][left]
        journal.begin(2, "k", MAIL)
    with Journal(path) as journal:
        assert journal.last == 2


@pytest.mark.parametrize(
    "data",
    [
        b"email,name\n",
        b"{}\n",
        b'{"journal": "envoi merge", "version": 2}\n',
        b'{"journal": "envoi merge", "version": 1}\n{"row": 1, "state": "sent"}\n',
        b'{"journal": "envoi merge", "version": 1}\n{"row": 1, "state": "lost"}\n',
        b'{"journal": "envoi merge", "version": 1}\n5\n',
        b"\xff" * 100,
    ],
)
def test_another_file_is_refused_and_kept(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(UsageError, match="is no journal of envoi merge"):
        Journal(path)
    assert path.read_bytes() == data


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_two_processes_cannot_use_it_at_once(path: Path) -> None:
    with Journal(path), pytest.raises(UsageError, match="another process uses the journal"):
        Journal(path)
    Journal(path).close()


def test_works_where_files_cannot_be_locked_nor_folders_synced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr("envoi.cli.merging.journal.os.name", "nt")
    journal = Journal(path)
    monkeypatch.undo()
    journal.close()


def mail(**changes: Any) -> Email:
    return Email(
        **{"sender": "me@example.com", "to": "a@example.org", "subject": "S", "text": "T", **changes}
    )


def test_the_digest_is_that_of_what_the_recipient_reads() -> None:
    assert digest(mail()) == digest(mail())
    others = [
        mail(to="b@example.org"),
        mail(sender="x@example.com"),
        mail(subject="s"),
        mail(text="t"),
        mail(html="H"),
        mail(headers={"X-A": "b"}),
        mail(unsubscribe="https://example.com/u"),
        mail(attachments=[Attachment.from_bytes(b"1", "a")]),
    ]
    assert len({digest(one) for one in [mail(), *others]}) == 1 + len(others)
