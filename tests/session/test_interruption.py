from __future__ import annotations

import asyncio
from typing import Any

import pytest

from envoi.errors import Accepted, DeliveryError
from envoi.message.raw import RawEmail
from envoi.ports import Endpoint
from envoi.session.connect import open_link
from envoi.session.run import run_sync
from envoi.session.settings import Security, Settings
from envoi.session.submit import MAYBE_REMEDY, submit
from envoi.testing import ScriptedRuntime

SETTINGS = Settings(endpoint=Endpoint(host="mail.example.org", port=25), security=Security.PLAINTEXT)
MAIL = RawEmail(b"Subject: hi\r\n\r\nhi\r\n", sender="a@example.org", recipients=["b@example.org"])
OPEN = "S: 220 hello\nC: EHLO client.example\nS: 250 mail.example.org\n"
ENVELOPE = "C: MAIL *\nS: 250 fine\nC: RCPT *\nS: 250 fine\nC: DATA\nS: 354 go on\n"


def stopped(transcript: str, error: type[BaseException], *, at: bytes) -> BaseException:
    """Send, with an interruption at the first read after the client has said something."""
    runtime = ScriptedRuntime(transcript)

    async def flow() -> None:
        link = await open_link(runtime, SETTINGS)
        stream = runtime.streams[0]
        read = stream.read

        async def interrupted(timeout: float | None) -> bytes:
            if stream.sent.endswith(at):
                raise error
            return await read(timeout)

        broken_off: Any = Interrupting(stream, interrupted)
        link._stream = broken_off
        await submit(link, MAIL.envelope(), MAIL)

    with pytest.raises(error) as caught:
        run_sync(flow())
    assert runtime.streams[0].closed
    return caught.value


class Interrupting:
    def __init__(self, stream: Any, read: Any) -> None:
        self._stream = stream
        self.read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interruption_after_the_dot_says_that_the_message_may_be_there(error: type[BaseException]) -> None:
    stop = stopped(OPEN + ENVELOPE + "* message", error, at=b"\r\n.\r\n")
    assert stop.__notes__ == [MAYBE_REMEDY]


@pytest.mark.parametrize("at", [b"FROM:<a@example.org>\r\n", b"TO:<b@example.org>\r\n", b"DATA\r\n"])
def test_an_interruption_before_the_dot_says_nothing(at: bytes) -> None:
    stop = stopped(OPEN + ENVELOPE, KeyboardInterrupt, at=at)
    assert not hasattr(stop, "__notes__")


def test_a_lost_link_says_so_in_its_own_way() -> None:
    runtime = ScriptedRuntime(OPEN + ENVELOPE + "* message\n* close")

    async def flow() -> None:
        link = await open_link(runtime, SETTINGS)
        await submit(link, MAIL.envelope(), MAIL)

    with pytest.raises(DeliveryError) as caught:
        run_sync(flow())
    assert caught.value.accepted is Accepted.MAYBE
    assert caught.value.remedy == MAYBE_REMEDY
