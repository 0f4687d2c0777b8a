"""How far a large message got: a bar on a terminal, nothing in a pipe.

A message below a mebibyte is gone before anybody could read a bar. With rich there is speed and remaining
time; without it, a line that is written over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from envoi.cli.terminal import Terminal

__all__ = ["ProgressBar"]

LARGE = 1 << 20
"""Octets from which on a message has a bar."""


class ProgressBar:
    """Called with the octets sent and the total; a context manager that cleans the line up."""

    __slots__ = ("_bar", "_percent", "_task", "_terminal", "_wanted")

    def __init__(self, terminal: Terminal, *, wanted: bool) -> None:
        self._terminal = terminal
        self._wanted = wanted and terminal.error_is_terminal
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._percent = -1

    def __call__(self, sent: int, total: int | None) -> None:
        """Show that `sent` of `total` octets are gone."""
        if not self._wanted or total is None or total < LARGE:
            return
        console = self._terminal.error_console()
        if console is None:
            self._write(sent, total)
        else:
            self._draw(console, sent, total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._percent >= 0:
            self._terminal.overwrite("")

    def _draw(self, console: Console, sent: int, total: int) -> None:
        if self._bar is None or self._task is None:
            from envoi.cli.coloured import progress_bar

            self._bar = progress_bar(console)
            self._task = self._bar.add_task("sending", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=sent)

    def _write(self, sent: int, total: int) -> None:
        percent = 100 * sent // total
        if percent != self._percent:
            self._percent = percent
            self._terminal.overwrite(f"sending {percent} % of {total / LARGE:.1f} MiB")
