from __future__ import annotations

import csv
import json
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from envoi import Email, SMTPSession
from envoi.cli.merging.journal import Journal, State
from envoi.session.submit import MAYBE_REMEDY
from envoi.testing import FakeClock, SMTPServer, faults
from tests.cli.conftest import LOGIN, Outcome, options_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.session.receipt import Receipt

    Run = Callable[..., Outcome]

PEOPLE = "email,name\nann@example.org,Ann\nzoe@example.org,Zoë\nbob@example.org,Bob\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a template and three rows, and the present one."""
    (tmp_path / "w.subject.txt").write_text("Hi {{ name }}\n", "utf-8")
    (tmp_path / "w.txt").write_text("Dear {{ name }},\n\nwelcome.\n", "utf-8")
    (tmp_path / "w.html").write_text('<p>Dear {{ name }}<img src="cid:l.png"><img src="cid:no"></p>', "utf-8")
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    (tmp_path / "l.png").write_bytes(b"PNG")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The time that the command goes by."""
    found = FakeClock()
    monkeypatch.setattr("envoi.cli.merge.BlockingRuntime", lambda: type("Runtime", (), {"clock": found}))
    return found


MERGE = ("merge", "w", "people.csv", "--from", "Me <me@example.com>")


def sent_to(server: SMTPServer) -> list[str]:
    return [message.recipients[0] for message in server.messages]


def test_looks_through_all_rows_and_sends_nothing(envoi: Run, desk: Path, server: SMTPServer) -> None:
    done = envoi(*MERGE, *options_for(server), environ=LOGIN)
    assert done.code == 0
    assert "Hi Ann" in done.out
    assert "✓ 3 of 3 mails ready" in done.out
    assert done.err == "envoi: nothing was sent; --send does that, --output DIR writes files\n"
    assert server.messages == []


def test_lists_the_rows_that_cannot_become_mails(envoi: Run, desk: Path) -> None:
    (desk / "people.csv").write_text("email,name\nnobody,N\na@example.org\nb@example.org,B\n")
    done = envoi(*MERGE, "--report", "r.jsonl")
    assert done.code == 1
    assert "! 1 of 3 mails ready" in done.err
    assert "✗ row 1  nobody" in done.err
    assert "people.csv, line 3 has 1 fields instead of 2" in done.err
    assert [json.loads(line)["row"] for line in (desk / "r.jsonl").read_text().splitlines()] == [1, 2]


def test_nothing_to_show_when_every_row_is_wrong(envoi: Run, desk: Path) -> None:
    (desk / "people.csv").write_text("email,name\nnobody,N\n")
    done = envoi(*MERGE, "--json")
    assert (done.code, done.json["ready"], done.json["failed"]) == (65, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--html", "h.html"], 64, "--html goes with --preview"),
        (["--preview", "0"], 64, "counts rows from 1"),
        (["--limit", "0"], 64, "at least one row"),
        (["--resume", "j"], 64, "--resume goes with --send"),
        (["--resend-unknown"], 64, "--resend-unknown goes with --resume"),
        (["--preview", "9"], 64, "there is no row 9 in people.csv"),
        (["--report", "r.txt"], 64, "ends in neither .csv nor .jsonl"),
        (["--attach", "nope.pdf"], 66, "nope.pdf"),
        (["--header", "nonsense"], 65, "is no header field"),
        (["--send"], 78, "through which server?"),
        (["--window", "2"], 64, "--window goes with --send"),
        (["--send", "--window", "0"], 64, "at least one mail"),
        (["--send", "--window", "2", "--resume", "j"], 64, "neither with --resume nor with --rate"),
        (["--send", "--window", "2", "--rate", "5/s"], 64, "neither with --resume nor with --rate"),
        (["--rate", "5"], 64, "is no rate"),
        (["--send", "--preview"], 64, "not allowed with"),
        (["--encoding", "nope"], 64, "there is no encoding 'nope'"),
        (["--unsubscribe", "{{ x"], 64, "unsubscribe, line 1"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_said(
    envoi: Run, desk: Path, arguments: list[str], code: int, words: str
) -> None:
    done = envoi(*MERGE, *arguments)
    assert done.code == code
    assert words in done.err


def test_names_templates_and_files_that_are_not_there(envoi: Run, desk: Path) -> None:
    done = envoi("merge", "nope", "people.csv", "--from", "me@example.com")
    assert done.code == 64
    assert "there is no template 'nope' in '.'; there is w" in done.err
    done = envoi("merge", "w", "nope.csv", "--from", "me@example.com")
    assert done.code == 66
    assert "nope.csv" in done.err


def test_a_column_that_is_there_twice_ends_it_before_anything_is_sent(
    envoi: Run, desk: Path, server: SMTPServer
) -> None:
    (desk / "people.csv").write_text("email,name,email\na@example.org,A,b@example.org\n")
    done = envoi(*MERGE, "--send", *options_for(server), environ=LOGIN)
    assert done.code == 64
    assert "people.csv: two columns are named 'email'" in done.err
    assert server.messages == []


@pytest.mark.parametrize("name", ["w", "w.", "w.txt", "w.subject.txt", "./w.html.j2"])
def test_the_template_may_be_named_by_one_of_its_files(envoi: Run, desk: Path, name: str) -> None:
    assert envoi("merge", name, "people.csv", "--from", "me@example.com").code == 0


def test_previews_one_mail(envoi: Run, desk: Path) -> None:
    done = envoi(
        *MERGE, "--preview", "2", "--reply-to", "help@example.com", "--inline", "l.png",
        "--attach", "people.csv", "--header", "X-A: b",
        "--unsubscribe", "https://example.com/bye/{{ name | urlencode }}",
    )  # fmt: skip
    assert done.code == 0
    lines = [line.strip() for line in done.out.splitlines()]
    assert lines[0] == "Hi Zoë"
    assert {
        "Row 2",
        "From         Me <me@example.com>",
        "To           zoe@example.org",
        "Reply-To     help@example.com",
        "Unsubscribe  https://example.com/bye/Zo%C3%AB",
        "X-A          b",
        "Dear Zoë,",
        "text/plain  21 octets",
        "image/png   l.png, 3 octets",
        f"text/csv    people.csv, {len(PEOPLE.encode())} octets",
    } <= set(lines)
    assert lines[-1].startswith("in all")


def test_writes_html_with_pictures_for_the_browser(envoi: Run, desk: Path) -> None:
    done = envoi(*MERGE, "--preview", "--html", "h.html", "--inline", "l.png", "--json")
    assert (done.code, done.json["row"], done.json["subject"]) == (0, 1, "Hi Ann")
    assert [part["filename"] for part in done.json["parts"]] == [None, None, "l.png"]
    html = (desk / "h.html").read_text("utf-8")
    assert html == '<p>Dear Ann<img src="data:image/png;base64,UE5H"><img src="cid:no"></p>'


def test_there_may_be_no_html_to_look_at(envoi: Run, desk: Path) -> None:
    (desk / "w.html").unlink()
    done = envoi(*MERGE, "--preview", "--html", "h.html")
    assert done.code == 64
    assert "has no HTML" in done.err


def test_no_value_steers_the_terminal(envoi: Run, desk: Path) -> None:
    (desk / "people.csv").write_text("email,name\na@example.org,\x9b31mred\u202e\n", "utf-8")
    done = envoi(*MERGE, "--preview")
    assert "Dear \ufffd31mred\ufffd," in done.out
    assert "\x9b" not in done.out


def test_says_why_a_row_has_no_preview(envoi: Run, desk: Path) -> None:
    (desk / "people.csv").write_text("email,name\nnobody,N\n")
    done = envoi(*MERGE, "--preview")
    assert done.code == 65
    assert "✗ row 1  nobody" in done.err


def test_writes_every_mail_to_a_file(envoi: Run, desk: Path) -> None:
    (desk / "people.csv").write_text(PEOPLE + "nobody,N\n", "utf-8")
    done = envoi(*MERGE, "--output", "out/deep", "--quiet")
    assert (done.code, done.out) == (1, "")
    folder = desk / "out" / "deep"
    assert sorted(path.name for path in folder.iterdir()) == ["0001.eml", "0002.eml", "0003.eml"]
    assert Email.from_path(folder / "0002.eml").subject == "Hi Zoë"


def test_writes_into_an_empty_folder_only(envoi: Run, desk: Path) -> None:
    done = envoi(*MERGE, "--output", ".")
    assert done.code == 64
    assert "the folder '.' is not empty" in done.err


def test_takes_as_many_rows_as_it_is_told(envoi: Run, desk: Path) -> None:
    assert envoi(*MERGE, "--limit", "2", "--output", "out").out == "✓ 2 of 2 mails written\n"


def test_reads_another_encoding_and_other_columns(envoi: Run, desk: Path) -> None:
    (desk / "people.csv").write_bytes("Courriel;name\nzoe@example.org;Zoë\n".encode("cp1252"))
    done = envoi(
        *MERGE,
        "--encoding",
        "cp1252",
        "--to-column",
        "Courriel",
        "--name-column",
        "name",
        "--preview",
        "--json",
    )
    assert done.json["to"] == ["Zoë <zoe@example.org>"]


def test_sends_a_mail_to_each(envoi: Run, desk: Path, server: SMTPServer) -> None:
    done = envoi(*MERGE, "--send", *options_for(server), environ=LOGIN)
    assert (done.code, done.out, done.err) == (0, "✓ 3 of 3 mails sent\n", "")
    assert sent_to(server) == ["ann@example.org", "zoe@example.org", "bob@example.org"]
    assert [message.email["Subject"] for message in server.messages] == ["Hi Ann", "Hi Zoë", "Hi Bob"]
    assert len(server.dialogues) == 1


def test_one_refused_row_is_reported_and_the_others_sent(envoi: Run, desk: Path, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="zoe@example.org"))
    (desk / "people.csv").write_text(PEOPLE + "nobody,N\n", "utf-8")
    done = envoi(*MERGE, "--send", "--report", "r.csv", *options_for(server), "--json", environ=LOGIN)
    assert done.code == 1
    assert (done.json["rows"], done.json["sent"], done.json["failed"], done.json["unknown"]) == (4, 2, 2, 0)
    with (desk / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["address"], row["state"]) for row in rows] == [
        ("2", "zoe@example.org", "failed"),
        ("4", "nobody", "failed"),
    ]
    assert "no such user" in rows[0]["reason"]


def test_counts_rows_in_their_order_though_mails_are_under_way(
    envoi: Run, desk: Path, server: SMTPServer
) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="ann@example.org"))
    (desk / "people.csv").write_text(PEOPLE + "nobody,N\nlast@example.org,Last\nno one,O\n", "utf-8")
    done = envoi(*MERGE, "--send", "--window", "64", *options_for(server), "--json", environ=LOGIN)
    assert [failure["row"] for failure in done.json["failures"]] == [1, 4, 6]
    assert sent_to(server) == ["zoe@example.org", "bob@example.org", "last@example.org"]


def test_stops_streaming_when_nothing_more_can_work(envoi: Run, desk: Path, server: SMTPServer) -> None:
    done = envoi(*MERGE, "--send", *options_for(server), environ={"ENVOI_PASSWORD": "wrong"})
    assert done.code == 77
    assert "✗ 0 of 3 mails sent" in done.err
    assert done.err.count("✗ row") == 1


def test_sends_nothing_when_a_row_is_wrong_and_that_is_wished(
    envoi: Run, desk: Path, server: SMTPServer
) -> None:
    (desk / "people.csv").write_text(PEOPLE + "nobody,N\n", "utf-8")
    done = envoi(*MERGE, "--send", "--on-failure", "stop", *options_for(server), environ=LOGIN)
    assert done.code == 65
    assert "✗ row 4  nobody" in done.err
    assert "nothing was sent" in done.err
    assert server.messages == []


def test_keeps_to_the_rate(envoi: Run, desk: Path, server: SMTPServer, clock: FakeClock) -> None:
    done = envoi(*MERGE, "--send", "--rate", "6/m", *options_for(server), environ=LOGIN)
    assert done.code == 0
    assert clock.monotonic() == 20.0


def test_stops_when_nothing_more_can_work(envoi: Run, desk: Path, server: SMTPServer) -> None:
    done = envoi(*MERGE, "--send", "--resume", "j", *options_for(server), environ={"ENVOI_PASSWORD": "wrong"})
    assert done.code == 77
    assert "✗ 0 of 3 mails sent" in done.err
    assert done.err.count("✗ row") == 1
    done = envoi(*MERGE, "--send", "--resume", "j", *options_for(server), environ=LOGIN)
    assert (done.code, done.out) == (0, "✓ 3 of 3 mails sent\n")


def test_resuming_sends_nobody_twice(envoi: Run, desk: Path, server: SMTPServer) -> None:
    server.faults.extend(
        [
            faults.reply("RCPT", "550 5.1.1 no such user", address="zoe@example.org"),
            faults.reply("RCPT", "450 4.2.0 later", address="bob@example.org", times=1),
        ]
    )
    send = (*MERGE, "--send", "--resume", "j", *options_for(server))
    assert envoi(*send, environ=LOGIN).code == 1
    assert sent_to(server) == ["ann@example.org"]
    done = envoi(*send, environ=LOGIN)
    assert done.code == 1
    assert sent_to(server) == ["ann@example.org", "bob@example.org"]
    assert "! 1 of 3 mails sent" in done.err
    assert "Skipped" in done.err
    assert "row 2  zoe@example.org  refused before: " in done.err


def test_what_may_have_been_accepted_is_not_sent_again_unless_wished(
    envoi: Run, desk: Path, server: SMTPServer
) -> None:
    fault = faults.drop("CONTENT", before_reply=True, nth=2)
    server.faults.append(fault)
    send = (*MERGE, "--send", "--resume", "j", *options_for(server))
    done = envoi(*send, environ=LOGIN)
    assert done.code == 74
    assert "? 2 of 3 mails sent" in done.err
    assert "? row 2  zoe@example.org" in done.err
    server.faults.clear()
    done = envoi(*send, "--json", environ=LOGIN)
    assert (done.code, done.json["sent"], done.json["skipped"], done.json["unknown"]) == (74, 0, 2, 1)
    with Journal(desk / "j") as journal:
        entry = journal._entries[2]
        assert entry.state is State.UNKNOWN
    done = envoi(*send, "--resend-unknown", environ=LOGIN)
    assert (done.code, done.out.splitlines()[0]) == (0, "✓ 1 of 3 mails sent")
    assert server.messages[-1].email["Message-ID"] == entry.message_id


def test_rows_that_changed_meanwhile_end_it_before_anything_is_sent(
    envoi: Run, desk: Path, server: SMTPServer
) -> None:
    send = (*MERGE, "--send", "--resume", "j", *options_for(server))
    envoi(*send, "--limit", "2", environ=LOGIN)
    (desk / "people.csv").write_text(
        "email,name\nann@example.org,Ann\nnew@example.org,New\n" + PEOPLE, "utf-8"
    )
    done = envoi(*send, environ=LOGIN)
    assert done.code == 64
    assert "row 2 is not what it was when j was written" in done.err
    assert len(server.messages) == 2


@pytest.mark.parametrize(("left", "state"), [(True, State.SENDING), (False, State.FAILED)])
def test_ctrl_c_leaves_the_journal_as_it_is_true(
    envoi: Run, desk: Path, server: SMTPServer, monkeypatch: pytest.MonkeyPatch, *, left: bool, state: State
) -> None:
    def interrupt(*_: object, **__: object) -> Receipt:
        stop = KeyboardInterrupt()
        if left:
            stop.add_note(MAYBE_REMEDY)
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(SMTPSession, "send", interrupt)
        done = envoi(*MERGE, "--send", "--resume", "j", *options_for(server), environ=LOGIN)
    assert done.code == 130
    with Journal(desk / "j") as journal:
        assert journal._entries[1].state is state


def test_ctrl_c_without_a_journal_is_no_more_than_that(
    envoi: Run, desk: Path, server: SMTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> Receipt:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SMTPSession, "send_all", interrupt)
        assert envoi(*MERGE, "--send", *options_for(server), environ=LOGIN).code == 130


@pytest.mark.parametrize("rich", [True, False])
def test_shows_how_far_it_got(
    envoi: Run, desk: Path, server: SMTPServer, monkeypatch: pytest.MonkeyPatch, *, rich: bool
) -> None:
    if not rich:
        monkeypatch.delattr("envoi.cli.coloured", raising=False)
        monkeypatch.setitem(sys.modules, "envoi.cli.coloured", None)
    done = envoi(*MERGE, "--send", *options_for(server), environ=LOGIN, terminal=True)
    assert done.code == 0
    assert ("3 of 3 rows" if not rich else "3/3") in done.err


def test_a_quiet_run_says_nothing(envoi: Run, desk: Path, server: SMTPServer) -> None:
    done = envoi(*MERGE, "--send", "--quiet", *options_for(server), environ=LOGIN, terminal=True)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_the_journal_is_for_its_owner_alone(envoi: Run, desk: Path, server: SMTPServer) -> None:
    envoi(*MERGE, "--send", "--resume", "j", *options_for(server), environ=LOGIN)
    if os.name == "posix":
        assert stat.S_IMODE((desk / "j").stat().st_mode) == 0o600
