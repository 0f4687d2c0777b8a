from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envoi.message.email import Email
from envoi.message.problems import Kind
from tests.cli.conftest import ADDRESSED, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Outcome]


def mail(folder: Path, name: str = "mail.eml", /, **changes: object) -> str:
    said: dict[str, object] = {"subject": "Report", "text": "Hello\n"}
    path = folder / name
    Email(sender="ann@example.org", to="bob@example.com", **{**said, **changes}).save(path)  # type: ignore[arg-type]
    return str(path)


def faulty(folder: Path, name: str = "faulty.eml") -> str:
    path = folder / name
    path.write_bytes(b"Subject: x\n\nHello\n")
    return str(path)


def test_finds_nothing_wrong_with_a_good_message(envoi: Run, tmp_path: Path) -> None:
    name = mail(tmp_path)
    done = envoi("lint", name)
    assert (done.code, done.out, done.err) == (0, f"✓ {name}: nothing is wrong with it\n", "")


def test_shows_each_problem_with_its_remedy(envoi: Run, tmp_path: Path) -> None:
    name = faulty(tmp_path)
    done = envoi("lint", name)
    assert done.code == 2
    first, fault, remedy, *_ = done.out.splitlines()
    assert first == f"✗ {name}: 1 fault, 2 warnings, 1 hint"
    assert fault.split()[:2] == ["✗", "From"]
    assert fault.endswith("it is missing: nobody wrote this message [missing-field]")
    assert remedy.strip().startswith("Add From:")
    assert "    · To" in done.out


@pytest.mark.parametrize(
    ("changes", "code", "strictly"),
    [({}, 0, 0), ({"text": "word " * 20}, 0, 1), ({"subject": ""}, 1, 1)],
)
def test_exits_by_the_worst_problem(
    envoi: Run, tmp_path: Path, changes: dict[str, object], code: int, strictly: int
) -> None:
    name = mail(tmp_path, **changes)
    assert envoi("lint", name).code == code
    assert envoi("lint", name, "--strict").code == strictly


def test_looks_through_several_files(envoi: Run, tmp_path: Path) -> None:
    names = [mail(tmp_path, "a.eml"), faulty(tmp_path), mail(tmp_path, "c.eml")]
    done = envoi("lint", *names)
    assert done.code == 2
    assert [line for line in done.out.splitlines() if line[:1] in "✓✗!" and line] == [
        f"✓ {names[0]}: nothing is wrong with it",
        f"✗ {names[1]}: 1 fault, 2 warnings, 1 hint",
        f"✓ {names[2]}: nothing is wrong with it",
    ]


def test_reads_standard_input(envoi: Run) -> None:
    for arguments in (("lint", "-"), ("lint",)):
        done = envoi(*arguments, stdin=b"From: ann@example.org\n\nHello\n")
        assert done.out.startswith("! standard input: 3 warnings")
        assert done.code == 1


def test_finds_nothing_wrong_with_what_send_would_send(envoi: Run) -> None:
    shown = envoi("send", *ADDRESSED, "--text", "Grüße", "--dry-run", "--quiet")
    done = envoi("lint", "-", stdin=shown.octets)
    assert done.code == 0
    assert "0 fault" not in done.out


def test_speaks_json(envoi: Run, tmp_path: Path) -> None:
    good, bad = mail(tmp_path), faulty(tmp_path)
    done = envoi("lint", good, bad, "--json")
    first, second = done.json["messages"]
    assert first == {"file": good, "verdict": "good", "problems": []}
    assert (second["file"], second["verdict"], done.code) == (bad, "fault", 2)
    assert second["problems"][0] == {
        "kind": "missing-field",
        "severity": "fault",
        "where": "From",
        "what": "it is missing: nobody wrote this message",
        "remedy": "Add From: with the author's address (RFC 5322 §3.6.2); Gmail refuses messages without.",
    }


def test_keeps_quiet_about_what_is_ignored(envoi: Run, tmp_path: Path) -> None:
    name = mail(tmp_path, subject="", text="word " * 20)
    assert envoi("lint", name, "--ignore", "subject", "--ignore", "long-line", "--strict").code == 0
    wrong = envoi("lint", name, "--ignore", "weather")
    assert wrong.code == 64
    assert all(kind.value in wrong.err for kind in Kind)


def test_complains_of_files_before_it_looks_at_any(envoi: Run, tmp_path: Path) -> None:
    done = envoi("lint", mail(tmp_path), str(tmp_path / "missing.eml"))
    assert (done.code, done.out) == (66, "")
    assert "missing.eml" in done.err
    assert envoi("lint", str(tmp_path)).code == 66


def test_asks_which_message_when_there_is_none(envoi: Run) -> None:
    done = envoi("lint")
    assert done.code == 64
    assert "which message?" in done.err


def test_shows_no_control_characters_of_the_message(envoi: Run, tmp_path: Path) -> None:
    path = tmp_path / "evil.eml"
    path.write_bytes(b"From: \x1b]0;owned\x07@example.org\nDate: \x1b[2J\n\nx\n")
    done = envoi("lint", str(path))
    assert "\x1b" not in done.out
    assert "\x07" not in done.out


def test_is_coloured_where_somebody_looks(envoi: Run, tmp_path: Path) -> None:
    pytest.importorskip("rich")
    done = envoi("lint", faulty(tmp_path), terminal=True)
    assert "\x1b[1;31m✗" in done.out
    assert "\x1b[1;36m·" in done.out


def test_does_without_signs_in_an_old_locale(envoi: Run, tmp_path: Path) -> None:
    done = envoi("lint", faulty(tmp_path), encoding="ascii")
    assert done.out.startswith("x ")
    assert "    - To" in done.out


def test_says_when_a_message_is_too_large(envoi: Run, tmp_path: Path) -> None:
    path = tmp_path / "large.eml"
    with path.open("wb") as file:
        file.write(
            b"From: ann@example.org\nTo: bob@example.com\nSubject: x\nContent-Type: application/pdf\n\n"
        )
        for _ in range(12):
            file.write((b"x" * 63 + b"\n") * (1 << 14))
    assert path.stat().st_size > 12 << 20
    done = envoi("lint", os.fspath(path), "--json")
    assert "size" in [problem["kind"] for problem in done.json["messages"][0]["problems"]]
