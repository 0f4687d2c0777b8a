"""``envoi outbox stats``: for people, programs, Prometheus, and live."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envoi.cli.outbox.prometheus import exposition
from envoi.outbox.model import Stage, State, Stats
from tests.cli.outbox.conftest import MAIL

if TYPE_CHECKING:
    from tests.cli.outbox.conftest import Run


def test_counts_what_is_there(outbox: Run) -> None:
    outbox("submit", *MAIL)
    outbox("submit", *MAIL, "--send-at", "1h")
    done = outbox("stats")
    assert done.out.startswith("2 waiting, 1 of them due, the oldest since ")
    report = outbox("stats", "--json").json
    assert report["stages"]["waiting"] == 2
    assert report["waiting_by_account"] == {"work": 2}


def test_prometheus_reads_them(outbox: Run) -> None:
    outbox("submit", *MAIL)
    lines = outbox("stats", "--prometheus").out.splitlines()
    assert 'envoi_outbox_messages{stage="waiting"} 1' in lines
    assert "# TYPE envoi_outbox_recipients_total counter" in lines
    assert 'envoi_outbox_recipients_total{state="failed"} 0' in lines, "a rate begins with the second sample"
    assert outbox("stats", "--prometheus", "--json").json["kind"] == "UsageError"
    assert outbox("stats", "--prometheus", "--watch").code == 64


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "inf", "1e400", "soon"])
def test_an_interval_is_a_time_that_passes(outbox: Run, interval: str) -> None:
    assert outbox("stats", "--watch", f"--interval={interval}").code == 64


def test_nobody_watches_what_nobody_takes(outbox: Run, environ: dict[str, str]) -> None:
    outbox("submit", *MAIL)
    process = subprocess.Popen(
        [sys.executable, "-m", "envoi", "outbox", "stats", "--watch", "--json", "--interval", "0.01"],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    look = json.loads(process.stdout.readline())
    assert look["stages"]["waiting"] == 1
    assert look["per_second"]["delivered"] == 0
    process.stdout.close()
    try:
        assert process.wait(60) == 0
    finally:
        process.kill()


def test_large_figures_are_exact() -> None:
    stats = Stats(
        stages={Stage.DONE: 12_345_678},
        accounts={},
        due=0,
        oldest_due_at=None,
        settled={State.DELIVERED: 1_234_567_891},
    )
    lines = exposition(stats).splitlines()
    assert 'envoi_outbox_messages{stage="done"} 12345678' in lines
    assert 'envoi_outbox_recipients_total{state="delivered"} 1234567891' in lines


def test_a_pipe_gets_a_line_for_every_look(outbox: Run, environ: dict[str, str]) -> None:
    outbox("submit", *MAIL)
    process = subprocess.Popen(
        [sys.executable, "-m", "envoi", "outbox", "stats", "--watch", "--interval", "0.01"],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert all(line.startswith("waiting 1, due 1, claimed 0, held 0; per second:") for line in lines)


def test_a_file_gets_lines_though_a_terminal_shows_what_goes_wrong(
    outbox: Run, environ: dict[str, str]
) -> None:
    outbox("submit", *MAIL)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "envoi", "outbox", "stats", "--watch", "--interval", "0.01"],
        env={**os.environ, **environ, "TERM": "xterm-256color"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert line.startswith("waiting 1, due 1")


def test_a_terminal_is_drawn_on_live(outbox: Run, environ: dict[str, str]) -> None:
    outbox("submit", *MAIL)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "envoi", "outbox", "stats", "--watch", "--interval", "0.01"],
        env={**os.environ, **environ, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    while "█".encode() not in drawn:
        drawn += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    while True:
        try:
            if not os.read(ours, 65536):
                break
        except OSError:
            break
    assert process.wait(60) == 0
    os.close(ours)
    assert b"waiting" in drawn
    assert b"backlog" in drawn
