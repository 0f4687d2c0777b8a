"""An error as people and programs read it: what happened, to whom, what to try.

Makes a `Page` for the eye and a JSON object for programs, from what the error itself knows. Which exit code
belongs to it is in `exits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi.cli.page import Mark, Page, Row, Section
from envoi.cli.wording import for_command_line
from envoi.errors import Accepted, DeliveryError, EnvoiError, RecipientsRejected, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.smtp.replies import Reply

__all__ = ["failure_page", "failure_report", "in_words", "interruption", "reply_report"]

_SHOWN = 10
"""Recipients in the text; a longer list is in the JSON."""
_MAYBE = (
    "may deliver it twice, and not sending it again may lose it: look into the recipient's mailbox, or the "
    "server's log, before"
)
_RETRY = {
    Retry.NOW: "may work at once: the server did not judge the message",
    Retry.LATER: "may work later; the server has not accepted anything",
    Retry.NEVER: "is no use without a change",
}


def failure_page(error: Exception) -> Page:
    """Describe an error for people."""
    message, remedy = in_words(error)
    accepted = getattr(error, "accepted", Accepted.NO)
    if accepted is Accepted.MAYBE:
        title = f"Nobody knows whether the message was accepted: {message}"
        return Page(title=title, mark=Mark.UNKNOWN, sections=_advice(error, remedy))
    return Page(title=message, mark=Mark.BAD, sections=_advice(error, remedy))


def _advice(error: Exception, remedy: str) -> tuple[Section, ...]:
    rows = tuple(_rows(error, remedy))
    return (Section(rows=rows),) if rows else ()


def _rows(error: Exception, remedy: str) -> Iterator[Row]:
    if not isinstance(error, DeliveryError):
        return
    # Refused recipients are in the message, each with its reply.
    if error.recipients and not isinstance(error, RecipientsRejected):
        yield Row(label="For", text=_listed(error.recipients))
    if error.accepted is Accepted.MAYBE:
        yield Row(label="Again", text=_MAYBE)
        return
    if remedy:
        yield Row(label="Try", text=remedy)
    yield Row(label="Again", text=_RETRY[error.retry])


def in_words(error: Exception) -> tuple[str, str]:
    """Return what happened and what to try, the latter perhaps empty."""
    if isinstance(error, DeliveryError):
        return for_command_line(str(error.args[0])), for_command_line(error.remedy)
    if isinstance(error, EnvoiError):
        return for_command_line(str(error)), ""
    if isinstance(error, OSError) and error.filename is not None:
        return f"The file {str(error.filename)!r} cannot be used: {error.strerror}", ""
    return f"This is a defect of envoi: {type(error).__name__} (ENVOI_DEBUG=1 shows where)", ""


def failure_report(error: Exception) -> dict[str, Any]:
    """Describe an error for programs; every key is always there."""
    message, remedy = in_words(error)
    reply: Reply | None = getattr(error, "reply", None)
    phase = getattr(error, "phase", None)
    refused: dict[str, Reply] = getattr(error, "refused", {})
    return {
        "error": message,
        "kind": type(error).__name__,
        "phase": None if phase is None else phase.value,
        "reply": None if reply is None else reply_report(reply),
        "retry": getattr(error, "retry", Retry.NEVER).value,
        "accepted": getattr(error, "accepted", Accepted.NO).value,
        "recipients": list(getattr(error, "recipients", ())),
        "refused": {address: reply_report(one) for address, one in refused.items()},
        "remedy": remedy,
    }


def interruption(*, accepted: Accepted) -> tuple[Page, dict[str, Any]]:
    """Describe Ctrl-C, both ways."""
    if accepted is Accepted.MAYBE:
        mark, text = Mark.UNKNOWN, "Interrupted after the message had left: the server may have accepted it"
    else:
        mark, text = Mark.BAD, "Interrupted; the server has not accepted the message"
    report = failure_report(EnvoiError(text))
    return Page(title=text, mark=mark), {**report, "kind": "KeyboardInterrupt", "accepted": accepted.value}


def reply_report(reply: Reply) -> dict[str, Any]:
    """A reply for programs."""
    return {"code": reply.code, "enhanced": reply.enhanced, "text": reply.text}


def _listed(addresses: tuple[str, ...]) -> str:
    more = len(addresses) - _SHOWN
    return ", ".join(addresses[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
