"""``envoi outbox list``, ``show`` and ``export``."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from tests.cli.outbox.conftest import MAIL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.outbox.conftest import Run


def test_an_empty_outbox_is_said_to_be_empty(outbox: Run) -> None:
    assert outbox("list").out == "0 mails\n"


def test_filters_choose(outbox: Run) -> None:
    outbox("submit", *MAIL, "--key", "k1")
    outbox("submit", "--to", "ann@example.org", "--to", "bob@example.org", "--text", "x")
    assert "and 1 more" in outbox("list").out
    for chosen in (("--to", "zoe@example.org"), ("--key", "k1")):
        (only,) = outbox("list", *chosen, "--json").json["messages"]
        assert only["subject"] == "Été"
    assert outbox("list", "--state", "failed", "--json").json["messages"] == []
    assert outbox("list", "--stage", "held").out == "0 mails\n"
    assert len(outbox("list", "--since", "1h", "--account", "work", "--json").json["messages"]) == 2
    assert outbox("list", "--before", "1h", "--json").json["messages"] == []
    limited = outbox("list", "--limit", "1")
    assert limited.out.startswith("The newest 1; more with --limit")
    for limit in ("-1", "0", "many"):
        assert outbox("list", f"--limit={limit}").code == 64


def test_shows_everything_about_one(outbox: Run) -> None:
    ticket = outbox("submit", *MAIL, "--json").json
    shown = outbox("show", ticket["id"])
    for words in ("zoe@example.org", "pending", "Été", ticket["message_id"], "me@example.org"):
        assert words in shown.out
    assert outbox("show", ticket["id"], "--json").json["message_id"] == ticket["message_id"]


def test_an_unknown_ticket_is_an_error(outbox: Run) -> None:
    done = outbox("show", "0" * 32)
    assert done.code == 66
    assert "0" * 32 in done.err


def test_one_mail_is_printed_as_it_is(outbox: Run) -> None:
    ticket = outbox("submit", *MAIL, "--json").json["id"]
    assert (
        outbox("export", ticket).octets.startswith(b"Date:") or b"Subject:" in outbox("export", ticket).octets
    )


def test_a_program_gets_a_mail_as_json(outbox: Run, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * 400_000)
    for more in ([], ["--attach", str(large)]):
        ticket = outbox("submit", *MAIL, *more, "--json").json["id"]
        report = outbox("export", ticket, "--json").json
        assert (report["id"], report["encoding"]) == (ticket, "base64")
        assert b64decode(report["content"]) == outbox("export", ticket).octets


def test_mails_without_content_keep_nobody_from_the_others(outbox: Run, tmp_path: Path) -> None:
    gone, there = (outbox("submit", *MAIL, "--json").json["id"] for _ in range(2))
    outbox("cancel", gone)
    folder = str(tmp_path / "out")
    done = outbox("export", "--folder", folder)
    assert done.code == 0
    assert done.out.startswith("1 mail written; the content of 1 mail is gone")
    done = outbox("export", gone, there, "--folder", folder, "--json")
    assert done.code == 66, "that one was asked for by name"
    assert done.json == {"files": [f"{folder}/{there}.eml"], "without_content": [gone]}
    assert gone in outbox("export", gone, there, "--folder", folder).out


def test_several_go_into_a_folder(outbox: Run, tmp_path: Path) -> None:
    tickets = [outbox("submit", *MAIL, "--json").json["id"] for _ in range(2)]
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * 400_000)
    tickets.append(outbox("submit", *MAIL, "--attach", str(large), "--json").json["id"])
    done = outbox("export", "--account", "work", "--folder", str(tmp_path / "out"))
    assert "3 mails written" in done.out
    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == sorted(tickets)
    assert len(outbox("export", tickets[2]).octets) > 400_000
    assert outbox("export").code == 64
