from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import envoi as package
from envoi.cli import program, send
from envoi.cli.exits import Exit
from envoi.testing import SMTPServer, faults
from tests.cli.conftest import ADDRESSED, LOGIN, PASSWORD, Outcome, options_for

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Outcome]

PROGRAM = (sys.executable, "-W", "error", "-m", "envoi")


def environment(**changes: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ENVOI_", "LC_", "LANG"))
    }
    return {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **LOGIN, **changes}


def start(*arguments: str, **changes: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=environment(**changes)
    )


def test_runs_as_a_program(server: SMTPServer) -> None:
    process = start("send", *ADDRESSED, "--json", *options_for(server))
    out, err = process.communicate("Grüße\n".encode(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["accepted"] == ["ann@example.org"]
    assert server.messages[0].email.get_content() == "Grüße\r\n"


def test_looks_at_a_server_as_a_program(server: SMTPServer) -> None:
    process = start("check", f"{server.host}:{server.port}", *options_for(server)[2:])
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.startswith("✓".encode())
    assert b"\x1b" not in out


@pytest.mark.parametrize("command", [(), ("send",), ("check",)])
def test_teaches_its_use(envoi: Run, command: tuple[str, ...]) -> None:
    help_ = envoi(*command, "--help")
    assert help_.code == 0
    assert "examples:" in help_.out
    for code in Exit:
        assert re.search(rf"^ +{int(code)}  {re.escape(code.meaning)}$", help_.out, re.MULTILINE)
    assert "ENVOI_PASSWORD" in help_.out
    if command:
        assert {"connection:", "password:", "output:"} <= set(help_.out.splitlines())


@pytest.mark.parametrize("command", program.COMMANDS.values())
def test_every_example_is_understood(envoi: Run, command: object) -> None:
    examples: str = command.EXAMPLES  # type: ignore[attr-defined]
    lines = examples.replace("\\\n", " ").replace("...", "--from me@example.com").splitlines()
    found = [match[0] for line in lines if (match := re.search(r"(?<=envoi ).*?(?= \||$)", line))]
    assert len(found) >= 4
    for line in found:
        program._parser().parse_args(shlex.split(line, comments=True))


def test_has_a_version(envoi: Run) -> None:
    assert envoi("--version").out == f"envoi {package.__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("fly",), ("send", "--nonsense"), ("send", "--timeout", "soon")])
def test_points_to_its_help(envoi: Run, arguments: tuple[str, ...]) -> None:
    wrong = envoi(*arguments)
    assert wrong.code == 64
    assert "--help" in wrong.err


def test_shows_no_traceback_unless_asked(envoi: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Exit:
        raise ZeroDivisionError("geheim")

    monkeypatch.setattr(send, "run", broken)
    failed = envoi("send")
    assert failed.code == 70
    assert "defect of envoi: ZeroDivisionError" in failed.err
    assert "Traceback" not in failed.err
    assert "geheim" not in failed.err
    assert "Traceback" in envoi("send", environ={"ENVOI_DEBUG": "1"}).err


def test_needs_no_rich(envoi: Run, server: SMTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.split(".")[0] == "rich" or name == "envoi.cli.coloured"
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("envoi.cli.coloured", raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    arguments = ("send", *ADDRESSED, "--text", "x", "-v", *options_for(server))
    done = envoi(*arguments, environ=LOGIN, terminal=True)
    assert done.code == 0
    assert done.out.startswith("✓ 127.0.0.1 accepted the message")
    assert "C: EHLO" in done.err
    assert "\x1b" not in done.out + done.err
    large = envoi(
        *arguments,
        "--header",
        f"X-Large: {'x ' * 300_000}",
        "--text",
        "x" * (1 << 21),
        environ=LOGIN,
        terminal=True,
    )
    assert "sending 100 % of" in large.err
    looked = envoi("check", f"{server.host}:{server.port}", "--fingerprint", "00" * 32, terminal=True)
    assert looked.code == 76


def test_gets_along_with_an_old_locale(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("CONTENT", "250 2.0.0 accepté ✓"))
    done = envoi("send", *ADDRESSED, "--text", "Ça", *options_for(server), environ=LOGIN, encoding="ascii")
    assert done.code == 0
    assert done.out.startswith("+ 127.0.0.1 accepted")
    assert "accept\\xe9" in done.out


def test_gets_along_with_an_old_locale_as_a_program(server: SMTPServer) -> None:
    changes = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = start("send", *ADDRESSED, *options_for(server), **changes)
    out, err = process.communicate("Ça marche\n".encode(), timeout=60)
    assert (process.returncode, err) == (65, err), "argv is no text there"
    process = start(
        "send", "--from", "a@example.org", "--to", "b@example.org", *options_for(server), **changes
    )
    out, err = process.communicate("Ça marche\n".encode(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.startswith(b"+ ")
    assert server.messages[0].email.get_content() == "Ça marche\r\n"


def test_does_not_mind_when_nobody_reads_on(server: SMTPServer) -> None:
    process = start("send", *ADDRESSED, "--text", "x", *options_for(server))
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert len(server.messages) == 1


def test_stops_at_ctrl_c_and_says_what_became_of_the_message(server: SMTPServer) -> None:
    process: subprocess.Popen[bytes]

    def press(answer: bytes) -> bytes:
        process.send_signal(signal.SIGINT)
        return b""

    server.faults.append(faults.Fault(at="CONTENT", rewrite=press))
    process = start("send", *ADDRESSED, "--text", "x", *options_for(server))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "may have accepted it" in err.decode()
    assert b"Traceback" not in err


def test_asks_for_the_password_on_a_terminal(server: SMTPServer) -> None:
    arguments = ("send", *ADDRESSED, "--text", "x", "--verbose", *options_for(server))
    code, seen = on_terminal(*arguments, typed=f"{PASSWORD}\n")
    assert code == 0
    assert "Password for me:" in seen
    assert "accepted the message" in seen
    assert "\x1b[36m" in seen
    assert PASSWORD not in seen


# `pty.fork` here would fork a process with threads, the server's.
SPAWN = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def on_terminal(*arguments: str, typed: str) -> tuple[int, str]:
    """Run the program on a terminal of its own, type once it asks, and return what is on the screen."""
    pipe, environ = subprocess.PIPE, environment(ENVOI_PASSWORD="", COLUMNS="100")
    command = [sys.executable, "-c", SPAWN, *PROGRAM, *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environ, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = b""
        while data := process.stdout.read(65536):
            seen += data
            if typed and b"Password" in seen:
                process.stdin.write(typed.encode())
                typed = ""
        return process.wait(60), seen.decode()
