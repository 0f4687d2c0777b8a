"""The last error of a thread: a Boolean, a text, and the exception behind it."""

from __future__ import annotations

import threading

from envoi import DeliveryError, Phase
from envoi.smtp.replies import Reply
from envoi.wlanguage import (
    ErreurDétectée,
    ErreurInfo,
    ErrorInfo,
    ErrorOccurred,
    errComplet,
    errMessageSystème,
)
from envoi.wlanguage.last_error import leaves_error, remember

ERROR = DeliveryError(
    "it did not arrive",
    phase=Phase.RCPT,
    reply=Reply(code=550, enhanced="5.1.1", text="who?"),
    recipients=["a@example.org"],
    remedy="Ask for the right address",
)


@leaves_error(otherwise=0)
def fails(error: DeliveryError | OSError | None) -> int:
    if error is not None:
        raise error
    return 7


def test_a_failure_is_remembered_and_a_success_clears_it() -> None:
    assert fails(ERROR) == 0
    assert ErrorOccurred
    assert ErreurDétectée()
    assert "True" in repr(ErrorOccurred)
    assert ErrorInfo() == str(ERROR)
    assert ErreurInfo().exception is ERROR
    assert fails(None) == 7
    assert not ErrorOccurred
    assert ErrorInfo() == ""
    assert ErrorInfo().exception is None


def test_the_complete_text_has_everything() -> None:
    fails(ERROR)
    for words in (
        "it did not arrive",
        "DeliveryError",
        "rcpt",
        "550 5.1.1 who?",
        "a@example.org",
        "never",
        "no",
    ):
        assert words in ErrorInfo(errComplet)


def test_the_complete_text_of_a_bare_error_is_short() -> None:
    fails(DeliveryError("silence", phase=Phase.FINAL))
    assert "reply" not in ErrorInfo(errComplet)
    fails(OSError("no such file"))
    assert ErrorInfo(errComplet) == "no such file\nkind: OSError"


def test_what_the_system_said_can_be_had() -> None:
    error = DeliveryError("it did not arrive", phase=Phase.CONNECT)
    error.__cause__ = OSError("network is down")
    fails(error)
    assert ErrorInfo(errMessageSystème) == "network is down"
    fails(OSError("no such file"))
    assert ErrorInfo(errMessageSystème) == "no such file"


def test_every_thread_has_its_own() -> None:
    fails(ERROR)
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(bool(ErrorOccurred)))
    thread.start()
    thread.join()
    assert seen == [False]
    remember(None)
