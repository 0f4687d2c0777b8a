"""A reader who types what a page says, from top to bottom: Python, shell, files.

- `python` blocks run one after the other and share their names; one with tests in it is given to pytest.
- A block with a caption is a file of that name.
- `console` blocks run line by line in bash; what is printed must be what the page shows.
- A `text` block right behind a `python` block is what that prints. `...` and `…` stand for anything.
- `sh` blocks are not run, because they need a network or a person; ``envoi`` in them must parse.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from envoi.cli import program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.docs.pages import Block

__all__ = ["Session"]

_TEST = re.compile(r"^(async )?def test_", re.MULTILINE)
_SEPARATOR = "\x1e"


@dataclass(slots=True, kw_only=True)
class Session:
    """One reader and one page.

    Attributes:
        page: what to call the page in errors.
        folder: where the reader works.
        environ: what the reader's shell knows.
        names: what was defined in Python so far.
        printed: what the last block printed.
    """

    page: str
    folder: Path
    environ: Mapping[str, str]
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    printed: str = ""

    def follow(self, blocks: Iterable[Block]) -> int:
        """Do what the blocks say; return how many there were to do."""
        done = 0
        language = ""
        for block in blocks:
            done += self._do(block, after=language if block.follows else "")
            language = block.language if block.caption is None else ""
        return done

    def _do(self, block: Block, after: str) -> int:
        if block.caption is not None:
            target = self.folder / block.caption
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, "utf-8")
        elif block.language == "python":
            self.printed = self._pytest(block) if _TEST.search(block.text) else self._python(block)
        elif block.language == "console":
            self._console(block)
        elif block.language == "text" and after == "python":
            _compare(block.text, self.printed, f"{self.page}:{block.line}")
        elif block.language == "sh":
            _parse_commands(block)
        else:
            return 0
        return 1

    def _python(self, block: Block) -> str:
        # Errors name the line of the page.
        source = "\n" * block.line + block.text
        code = compile(source, self.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(eval(code, self.names))
            else:
                exec(code, self.names)
        return out.getvalue()

    def _pytest(self, block: Block) -> str:
        file = self.folder / f"test_line_{block.line}.py"
        file.write_text(block.text, "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file.name]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{self.page}:{block.line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _console(self, block: Block) -> None:
        commands, shown = _read_console(block.text)
        state = self.folder / ".shell"
        script = [f'[ -f "{state}" ] && . "{state}"']
        for command in commands:
            script += [command, f"code=$?; printf '\\n{_SEPARATOR}%s\\n' $code"]
        script.append(f'export -p > "{state}"')
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        parts = done.stdout.split(f"\n{_SEPARATOR}")
        codes = [int(part.split("\n", 1)[0]) for part in parts[1:]]
        texts = [parts[0], *(part.split("\n", 1)[1] if "\n" in part else "" for part in parts[1:-1])]
        for command, code, printed, expected in zip(commands, codes, texts, shown, strict=True):
            place = f"{self.page}:{block.line}: {command}"
            failing = code and "echo $?" not in command and "; true" not in command
            assert not failing, f"{place}\nended with {code}\n{printed}"
            if expected.strip():
                _compare(expected, printed, place)


def _read_console(text: str) -> tuple[list[str], list[str]]:
    commands: list[str] = []
    shown: list[str] = []
    continued = False
    for line in text.splitlines():
        if continued:
            commands[-1] += "\n" + line.removeprefix("> ")
        elif line.startswith("$ "):
            commands.append(line[2:])
            shown.append("")
        else:
            shown[-1] += line + "\n"
            continue
        continued = line.endswith("\\")
    return commands, shown


def _compare(expected: str, printed: str, place: str) -> None:
    pattern = r"\s*\n".join(_pattern(line) for line in expected.strip().splitlines())
    assert re.fullmatch(pattern, printed.strip(), re.DOTALL), (
        f"{place}\nthe page shows\n{expected}\nbut this was printed\n{printed}"
    )


def _pattern(line: str) -> str:
    parts = re.split(r"\.\.\.|…", line.rstrip())
    return ".*?".join(r"\s+".join(map(re.escape, re.split(r"\s+", part))) for part in parts)


def _parse_commands(block: Block) -> None:
    """Show that every ``envoi`` of a block is a command line that the program takes."""
    for line in block.text.replace("\\\n", " ").splitlines():
        for part in line.split("|"):
            words = shlex.split(part, comments=True)
            if words[:1] != ["envoi"] or "..." in words or "--help" in words:
                continue
            with contextlib.redirect_stderr(io.StringIO()) as complaint:
                try:
                    program._parser().parse_args(words[1:])
                except SystemExit:
                    pytest.fail(f"line {block.line}: {part.strip()}\n{complaint.getvalue()}")
