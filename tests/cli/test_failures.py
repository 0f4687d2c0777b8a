from __future__ import annotations

import json

from envoi.cli import plain
from envoi.cli.failures import failure_page, failure_report, interruption
from envoi.errors import (
    Accepted,
    ConfigError,
    Disconnected,
    EnvoiError,
    Phase,
    RecipientsRejected,
    Rejected,
    Retry,
)
from envoi.smtp.replies import Reply

REPLY = Reply(code=550, enhanced="5.1.1", text="no\nsuch user")
MAYBE = Disconnected(
    "it left", phase=Phase.FINAL, recipients=["a@b.c"], accepted=Accepted.MAYBE, remedy="Hm."
)


def words(error: Exception) -> str:
    return plain.draw(failure_page(error))


def test_says_what_happened_to_whom_and_what_to_try() -> None:
    error = Rejected(
        "the server said no",
        phase=Phase.MAIL,
        reply=REPLY,
        recipients=["a@b.c"],
        remedy="Use security='tls'.",
    )
    assert words(error) == (
        "✗ the server said no\n"
        "    For    a@b.c\n"
        "    Try    Use --security tls.\n"
        "    Again  is no use without a change\n"
    )


def test_does_not_repeat_who_was_refused() -> None:
    error = RecipientsRejected("refused a@b.c: 550", refused={"a@b.c": REPLY}, phase=Phase.RCPT, reply=REPLY)
    assert words(error).count("a@b.c") == 1
    assert failure_report(error)["refused"] == {
        "a@b.c": {"code": 550, "enhanced": "5.1.1", "text": "no\nsuch user"}
    }


def test_shortens_a_long_list() -> None:
    everybody = [f"user{number}@example.org" for number in range(50)]
    error = Disconnected("it left", phase=Phase.RCPT, recipients=everybody)
    assert "user9@example.org and 40 more" in words(error)
    assert failure_report(error)["recipients"] == everybody


def test_has_a_text_of_its_own_for_not_knowing() -> None:
    assert words(MAYBE).startswith("? Nobody knows whether the message was accepted: it left\n")
    assert "may lose it" in words(MAYBE)


def test_says_when_to_try_again() -> None:
    texts = {words(Disconnected("it left", phase=Phase.RCPT, retry=retry)) for retry in Retry}
    assert len(texts) == len(Retry)


def test_says_what_is_wrong_with_settings_and_files() -> None:
    assert words(ConfigError("that contradicts this")) == "✗ that contradicts this\n"
    assert (
        words(IsADirectoryError(21, "Is a directory", "x"))
        == "✗ The file 'x' cannot be used: Is a directory\n"
    )


def test_always_has_every_key() -> None:
    errors = [MAYBE, ConfigError("x"), OSError(2, "no", "x"), ValueError("x"), EnvoiError("x")]
    reports = [failure_report(error) for error in errors] + [interruption(accepted=Accepted.NO)[1]]
    assert len({frozenset(report) for report in reports}) == 1
    assert json.loads(json.dumps(reports)) == reports


def test_tells_an_interruption_before_from_one_after() -> None:
    before, after = (interruption(accepted=accepted) for accepted in (Accepted.NO, Accepted.MAYBE))
    assert before[1]["accepted"] == "no"
    assert after[1]["accepted"] == "maybe"
    assert before[0].title != after[0].title
