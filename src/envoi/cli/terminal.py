"""The three streams and the environment, as the commands see them.

Knows whether somebody looks, whether rich is installed, and what the encoding can show, so that nobody else
has to ask. Output that nobody takes is no error: what happened to the mail counts. Drawing itself is in
`plain` and `coloured`.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from envoi.cli import plain

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from rich.console import Console

    from envoi.cli.page import Page
    from envoi.session.transcript import TranscriptLine

__all__ = ["Terminal"]


class Terminal:
    """Where a command reads and writes.

    Attributes:
        environ: the environment variables.
        output_lost: nobody takes what is written to standard output any more.
    """

    __slots__ = ("_consoles", "_err", "_in", "_out", "environ", "output_lost")

    def __init__(
        self, stdin: TextIO | None, stdout: TextIO | None, stderr: TextIO | None, environ: Mapping[str, str]
    ) -> None:
        self._in = stdin
        self._out = stdout
        self._err = stderr
        self._consoles: dict[int, Console | None] = {}
        self.environ = environ
        self.output_lost = False
        for stream in (stdout, stderr):
            # An old locale shows less, but it must not stop the mail.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")

    @classmethod
    def of_process(cls) -> Terminal:
        """Return that of this process; a stream may be missing."""
        return cls(sys.stdin, sys.stdout, sys.stderr, os.environ)

    @property
    def can_be_asked(self) -> bool:
        """Whether somebody sits there who could type a password."""
        return _is_terminal(self._in) or _is_terminal(self._err)

    @property
    def has_input(self) -> bool:
        """Whether standard input is something to read: there, and no terminal."""
        return self._in is not None and not self._in.closed and not _is_terminal(self._in)

    def read_input(self) -> bytes:
        """Read standard input to its end."""
        if self._in is None:
            return b""
        return self._in.buffer.read()

    def ask(self, question: str) -> str:
        """Ask the person for a line; empty when there is none."""
        self._write(self._err, question)
        return "" if self._in is None else self._in.readline().strip()

    def print(self, text: str) -> None:
        """Write text to standard output."""
        self._write(self._out, text)

    def print_bytes(self, data: bytes) -> None:
        """Write bytes to standard output as they are."""
        if self._out is None:
            return
        with self._output_may_fail(self._out):
            self._out.flush()
            self._out.buffer.write(data)
            self._out.flush()

    def complain(self, text: str) -> None:
        """Write a line to standard error."""
        self._write(self._err, f"{text}\n")

    def overwrite(self, text: str) -> None:
        """Write over the present line of standard error, which is a terminal."""
        self._write(self._err, f"\r\x1b[K{text}")

    def tell(self, line: TranscriptLine) -> None:
        """Show a line of the dialogue on standard error."""
        console = self._console(self._err)
        if console is None:
            self.complain(str(line))
            return
        from envoi.cli import coloured

        coloured.say(line, console)

    def show(self, page: Page) -> None:
        """Draw on standard output."""
        self._draw(page, self._out)

    def show_error(self, page: Page) -> None:
        """Draw on standard error."""
        self._draw(page, self._err)

    def output_console(self) -> Console | None:
        """Return rich's console on standard output; None unless somebody looks and rich is installed."""
        return self._console(self._out)

    def error_console(self) -> Console | None:
        """Return rich's console on standard error; None unless somebody looks and rich is installed."""
        return self._console(self._err)

    @property
    def error_is_terminal(self) -> bool:
        """Whether somebody looks at standard error."""
        return _is_terminal(self._err)

    def _draw(self, page: Page, stream: TextIO | None) -> None:
        if stream is None:
            return
        signs, console = _can_show("✓✗·", stream), self._console(stream)
        if console is None:
            self._write(stream, plain.draw(page, signs=signs))
            return
        from envoi.cli import coloured

        with self._output_may_fail(stream):
            coloured.draw(page, console, signs=signs)

    def _console(self, stream: TextIO | None) -> Console | None:
        if stream is None or not _is_terminal(stream):
            return None
        if id(stream) not in self._consoles:
            try:
                from envoi.cli import coloured
            except ImportError:
                self._consoles[id(stream)] = None
            else:
                self._consoles[id(stream)] = coloured.console(stream)
        return self._consoles[id(stream)]

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is not None:
            with self._output_may_fail(stream):
                stream.write(text)
                stream.flush()

    @contextmanager
    def _output_may_fail(self, stream: TextIO) -> Generator[None]:
        """Go on when nobody takes the output: what happened to the mail is told by the exit code as well."""
        try:
            yield
        except BrokenPipeError:
            self._let_go(stream)
        except OSError as error:
            self._let_go(stream)
            if stream is not self._err:
                self.complain(f"envoi: the output could not be written: {error.strerror or error}")

    def _let_go(self, stream: TextIO) -> None:
        self.output_lost = self.output_lost or stream is self._out
        # Else the interpreter tries again at its end, and complains.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _can_show(text: str, stream: TextIO) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
