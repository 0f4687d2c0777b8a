"""How many rows are through: a bar in a terminal, nothing in a pipe.

The sibling of `envoi.cli.progress`, which counts the octets of one mail. With rich there is the remaining
time; without it, a line that is written over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress, TaskID

    from envoi.cli.terminal import Terminal

__all__ = ["Counter"]


class Counter:
    """Called after each row; a context manager that cleans the line up.

    Args:
        terminal: where it is drawn, if somebody looks.
        total: how many rows there are.
        wanted: whether it is to be drawn at all.
    """

    __slots__ = ("_bar", "_count", "_task", "_terminal", "_total", "_wanted")

    def __init__(self, terminal: Terminal, total: int, *, wanted: bool) -> None:
        self._terminal = terminal
        self._total = total
        self._wanted = wanted and terminal.error_is_terminal
        self._count = 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self) -> None:
        """One more."""
        self._count += 1
        if not self._wanted:
            return
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._count)
        else:
            self._terminal.overwrite(f"{self._count} of {self._total} rows")

    def __enter__(self) -> Self:
        console = self._terminal.error_console() if self._wanted else None
        if console is not None:
            from envoi.cli.coloured import row_bar

            self._bar = row_bar(console)
            self._task = self._bar.add_task("rows", total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._wanted and self._count:
            self._terminal.overwrite("")
