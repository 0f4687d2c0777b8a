from __future__ import annotations

import socket

import pytest

from envoi import errors
from envoi.cli.exits import Exit, exit_of
from envoi.errors import Accepted, Phase, Retry
from envoi.smtp.replies import Reply

NO, NOT_NOW = Reply(code=550), Reply(code=450)


def delivery(kind: type[errors.DeliveryError], **details: object) -> errors.DeliveryError:
    return kind("what happened", phase=Phase.RCPT, **details)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (delivery(errors.Rejected, reply=NO), 69),
        (delivery(errors.Rejected, reply=NOT_NOW), 75),
        (delivery(errors.RecipientsRejected, refused={"a@example.org": NO}, reply=NO), 69),
        (delivery(errors.AuthenticationFailed, reply=NO), 77),
        (delivery(errors.AuthenticationFailed, reply=NOT_NOW), 75),
        (delivery(errors.TLSFailed, retry=Retry.NEVER), 76),
        (delivery(errors.TLSFailed, retry=Retry.LATER), 75),
        (delivery(errors.RemoteProtocolError, retry=Retry.NEVER), 76),
        (delivery(errors.Disconnected, retry=Retry.NOW), 75),
        (delivery(errors.DeadlineExceeded), 75),
        (delivery(errors.Disconnected, accepted=Accepted.MAYBE), 74),
        (delivery(errors.RemoteProtocolError, accepted=Accepted.MAYBE, retry=Retry.NEVER), 74),
        (errors.InvalidAddress("x"), 65),
        (errors.InvalidHeader("x"), 65),
        (errors.MessageTooLarge("x"), 65),
        (errors.NotSupportedByServer("x"), 69),
        (errors.UsageError("x"), 64),
        (errors.ConfigError("x"), 78),
        (errors.StoreUnavailable("x"), 75),
        (FileNotFoundError(2, "no such file", "x"), 66),
        (ZeroDivisionError(), 70),
    ],
)
def test_every_error_has_its_code(error: Exception, code: int) -> None:
    assert exit_of(error) == code


@pytest.mark.parametrize(
    ("number", "code"), [(socket.EAI_NONAME, Exit.NO_HOST), (socket.EAI_AGAIN, Exit.TRY_AGAIN)]
)
def test_tells_an_unknown_name_from_a_silent_name_server(number: int, code: Exit) -> None:
    error = delivery(errors.ConnectionFailed)
    error.__cause__ = socket.gaierror(number, "resolver says no")
    assert exit_of(error) is code


def test_maybe_has_a_code_of_its_own() -> None:
    codes = [exit_of(delivery(errors.Disconnected, accepted=accepted)) for accepted in Accepted]
    assert codes.count(Exit.UNKNOWN) == 1


def test_every_code_says_what_it_means() -> None:
    assert all(code.meaning for code in Exit)
    assert len({code.meaning for code in Exit}) == len(Exit)
