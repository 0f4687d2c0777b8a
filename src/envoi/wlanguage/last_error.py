"""Functions that answer True or False, and leave the error behind: `ErrorOccurred`, `ErrorInfo`.

As in WLanguage there is one last error per thread, and a function that succeeds clears it. Nothing is lost by
that: the text that `ErrorInfo` returns has the exception as its attribute `exception`, with phase, reply,
recipients and whether trying again makes sense. Only what envoi or the operating system refuses becomes such
an error; a mistake in the program, such as a wrong type, is raised as everywhere in Python.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from envoi.errors import DeliveryError, EnvoiError
from envoi.wlanguage.constants import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

__all__ = [
    "ErreurDétectée",
    "ErreurInfo",
    "ErrorInfo",
    "ErrorOccurred",
    "ErrorText",
    "LastError",
    "leaves_error",
    "remember",
]

P = ParamSpec("P")
T = TypeVar("T")


class _Memory(threading.local):
    """Each thread's last error."""

    error: EnvoiError | OSError | None = None


_memory = _Memory()


class ErrorText(str):
    """What happened, in words; `exception` is the whole of it, None when nothing happened."""

    __slots__ = ("exception",)

    exception: EnvoiError | OSError | None

    def __new__(cls, error: object = "") -> Self:
        """Take the words, and no exception yet."""
        text = super().__new__(cls, error)
        text.exception = None
        return text


class LastError:
    """Whether the last function failed: true or false, with or without parentheses behind its name."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return _memory.error is not None

    def __call__(self) -> bool:
        """The same, for those who write parentheses."""
        return bool(self)

    def __repr__(self) -> str:
        return f"<error occurred: {bool(self)}>"


ErrorOccurred = ErreurDétectée = LastError()


def ErrorInfo(detail: int = ErrorDetail.MESSAGE) -> ErrorText:
    """Return the text of this thread's last error; empty when the last function succeeded.

    Args:
        detail: `errMessage` for what happened and what to try, `errComplete` with kind, phase, reply, the
            recipients concerned and the two answers (may it be tried again, was it taken), `errSystemMessage`
            for what the operating system or a library said.
    """
    error = _memory.error
    if error is None:
        return ErrorText()
    if detail == ErrorDetail.COMPLETE:
        text = ErrorText("\n".join([str(error), *_particulars(error)]))
    elif detail == ErrorDetail.SYSTEM_MESSAGE:
        text = ErrorText(error.__cause__ or error)
    else:
        text = ErrorText(error)
    text.exception = error
    return text


ErreurInfo = ErrorInfo


def remember(error: EnvoiError | OSError | None) -> None:
    """Make it this thread's last error; None for none."""
    _memory.error = error


def leaves_error(otherwise: T) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function return `otherwise` and leave the error behind, instead of raising it."""

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            remember(None)
            try:
                return function(*args, **kwargs)
            except (EnvoiError, OSError) as error:
                remember(error)
                return otherwise

        return call

    return wrap


def _particulars(error: EnvoiError | OSError) -> list[str]:
    lines = [f"kind: {type(error).__name__}"]
    if isinstance(error, DeliveryError):
        lines += [
            f"phase: {error.phase.value}",
            f"retry: {error.retry.value}",
            f"taken: {error.accepted.value}",
        ]
        if error.reply is not None:
            lines.append(f"reply: {error.reply}")
        if error.recipients:
            lines.append(f"recipients: {', '.join(error.recipients)}")
    return lines
