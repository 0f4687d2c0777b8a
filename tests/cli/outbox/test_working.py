"""``envoi outbox work``: sends until a signal, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from envoi.cli.outbox import metrics_page, working
from envoi.testing import faults
from tests.cli.outbox.conftest import MAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi.testing import SMTPServer
    from tests.cli.outbox.conftest import Run
    from tests.servers.ports import PortPool

    Work = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def work(environ: dict[str, str]) -> Iterator[Work]:
    """Start workers, and end those that are left."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "envoi", "outbox", "work", *options],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sends_what_is_there_and_ends_when_asked(
    outbox: Run, work: Work, server: SMTPServer, number: signal.Signals
) -> None:
    tickets = [outbox("submit", *MAIL, "--json").json["id"] for _ in range(3)]
    process = work("--lease", "30")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert all("delivered zoe@example.org: 250" in line for line in lines), lines
    assert {line.split()[2] for line in lines} == set(tickets)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "at work, 3 mails due" in err
    assert len(server.messages) == 3
    assert out == ""
    assert outbox("stats", "--json").json["settled"]["delivered"] == 3


def test_a_signal_before_it_has_begun_ends_it(
    outbox: Run, monkeypatch: pytest.MonkeyPatch, server: SMTPServer
) -> None:
    told: list[str] = []

    def systemd(state: str) -> None:
        told.append(state)
        if state == "READY=1":
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(working, "notify", systemd)
    outbox("submit", *MAIL)
    assert outbox("work").code == 0
    assert told == ["READY=1", "STOPPING=1"]
    assert server.messages == []


def test_a_second_ctrl_c_waits_for_no_server(outbox: Run, work: Work, server: SMTPServer) -> None:
    server.faults.append(faults.delay("CONTENT", 600))
    outbox("submit", *MAIL)
    process = work()
    server.wait_for(1, timeout=60)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    while "Ctrl-C again" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ended at once" in err
    assert outbox("stats", "--json").json["stages"]["claimed"] == 1


def test_mail_that_nobody_here_sends_is_named(
    outbox: Run, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def systemd(state: str) -> None:
        if state == "READY=1":
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(working, "notify", systemd)
    outbox("submit", *MAIL, "--account", "elsewhere", "--from", "me@example.org")
    err = outbox("work").err
    assert "1 mail" in err
    assert "'elsewhere'" in err
    assert "elsewhere" not in outbox("work", "--account", "work").err


@pytest.mark.parametrize(
    ("text", "place", "family"),
    [
        (":9464", ("127.0.0.1", 9464), socket.AF_INET),
        ("localhost:9464", ("localhost", 9464), socket.AF_INET),
        ("[::1]:9464", ("::1", 9464), socket.AF_INET6),
    ],
)
def test_the_page_is_served_where_one_says(
    text: str, place: tuple[str, int], family: socket.AddressFamily
) -> None:
    assert metrics_page.place_of(text) == place
    assert metrics_page._server(place[0]).address_family is family


def test_programs_get_json_and_prometheus_its_page(
    outbox: Run, work: Work, server: SMTPServer, server_ports: PortPool
) -> None:
    outbox("submit", *MAIL)
    with_port = server_ports.take()
    process = work("--json", "--metrics", f":{with_port}", "--account", "work")
    assert process.stdout is not None
    event = json.loads(process.stdout.readline())
    assert (event["kind"], event["recipient"], event["reply"]["code"]) == (
        "delivered",
        "zoe@example.org",
        250,
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{with_port}/metrics", timeout=30) as answer:
        page = answer.read().decode()
    assert 'envoi_outbox_recipients_total{state="delivered"} 1' in page
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{with_port}/", timeout=30)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_an_unknown_account_is_refused(outbox: Run, environ: dict[str, str]) -> None:
    done = outbox("work", "--account", "nobody")
    assert done.code == 78
    assert "nobody" in done.err
    environ["ENVOI_CONFIG"] += ".none"
    assert "envoi account add" in outbox("work").err
