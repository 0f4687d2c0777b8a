"""Draws docs/pictures/terminal.svg: what ``envoi send`` shows, as a terminal shows it.

The output is real: a server of `envoi.testing` on loopback refuses one of two recipients. Only the name of
the server and what differs from run to run is put in place of what was printed. rich turns it into an SVG;
its font, which it would fetch, is left out. Run by hand when the output changes; a test compares the words.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from termios import tcsetwinsize

from rich.console import Console
from rich.text import Text

from envoi.testing import SMTPServer, faults

PICTURE = Path(__file__).resolve().parents[1] / "pictures" / "terminal.svg"
WIDTH = 92
COMMAND = (
    "envoi send --from accounts@example.com --to zoe@example.org,bob@example.org",
    "--subject 'Le rapport d’été' --text 'Here it is.'",
)
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT = 'font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace'


def output() -> str:
    """What the command prints on a terminal, with its colours."""
    refused = faults.reply("RCPT", "550 5.1.1 no such user here", address="bob@example.org")
    with SMTPServer(accounts={"accounts": "a secret"}, faults=[refused]) as server:
        environ = {
            **os.environ,
            "ENVOI_SERVER": f"smtp://accounts@{server.host}:{server.port}",
            "ENVOI_PASSWORD": "a secret",
            "SSL_CERT_FILE": str(server.ca_file),
            "TERM": "xterm-256color",
        }
        words = [
            "send",
            "--from",
            "accounts@example.com",
            "--to",
            "zoe@example.org,bob@example.org",
        ]
        words += ["--subject", "Le rapport d’été", "--text", "Here it is."]
        printed = _on_a_terminal([sys.executable, "-m", "envoi", *words], environ)
    printed = printed.replace("127.0.0.1", "smtp.example.com")
    return re.sub(r"<[0-9a-f]{32}@", "<5f0c1b7e2a9d4c38b6e17f20c4d98a51@", printed)


def _on_a_terminal(command: list[str], environ: dict[str, str]) -> str:
    ours, theirs = os.openpty()
    tcsetwinsize(theirs, (40, WIDTH))
    with subprocess.Popen(
        command, env=environ, stdout=theirs, stderr=theirs, stdin=theirs
    ) as running:
        os.close(theirs)
        printed = b"".join(iter(lambda: _read(ours), b""))
        running.wait()
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other end has gone
        return b""


def drawn(printed: str) -> str:
    """The SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor")
    console.print(Text.assemble(("$ ", "bold green"), f"{COMMAND[0]} \\"), soft_wrap=True)
    console.print(Text(f"    {COMMAND[1]}"), soft_wrap=True)
    console.print(Text.from_ansi(printed.rstrip()), soft_wrap=True)
    console.print(Text.assemble(("$ ", "bold green"), "echo $?"))
    console.print(Text("1"))
    svg = _FONT_FACE.sub("", console.export_svg(title="envoi send", unique_id="envoi"))
    return re.sub(r"font-family: (?:Fira Code, monospace|arial)", _FONT, svg)


if __name__ == "__main__":
    PICTURE.write_text(drawn(output()), "utf-8")
