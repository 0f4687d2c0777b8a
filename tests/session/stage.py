"""A stage for flows: a dialogue in memory, a conversation that plays in it, and what came of it.

`Way` is one of the six ways in which every dialogue has to end alike: blocking or asyncio, times the pieces
in which the server's octets arrive. The fixture `way` is in `conftest`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envoi.errors import EnvoiError
from envoi.message.raw import RawEmail
from envoi.session.conversation import Conversation
from envoi.session.run import run_sync
from envoi.session.settings import Settings
from envoi.session.timeouts import Timeouts
from envoi.testing import Chunking, ScriptedRuntime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from envoi.message.envelope import DeliveryOptions
    from envoi.session.receipt import Receipt

    Act = Callable[[Conversation], Awaitable[Any]]

BODY = b"Subject: hi\r\n\r\nHello\r\n"

DEFAULTS: dict[str, Any] = {
    "port": None,
    "security": "plaintext",
    "source_address": None,
    "proxy": None,
    "auth": None,
    "tls": None,
    "timeout": Timeouts(),
    "protocol": "smtp",
    "mechanisms": None,
}


def settings(**options: Any) -> Settings:
    """Settings for mail.example.org, in clear unless said otherwise."""
    return Settings.of("mail.example.org", **{**DEFAULTS, **options})


def mail(
    *recipients: str,
    body: bytes = BODY,
    sender: str = "a@example.org",
    options: DeliveryOptions | None = None,
) -> RawEmail:
    """A small mail, to b@example.org unless said otherwise."""
    return RawEmail(body, sender=sender, recipients=recipients or ["b@example.org"], options=options)


def sending(*mails: RawEmail, **options: Any) -> Act:
    """Send these one after the other; the result is the last receipt."""

    async def act(conversation: Conversation) -> Receipt | None:
        receipt = None
        for one in mails or (mail(),):
            receipt = await conversation.send(one, one.envelope(), **options)
        return receipt

    return act


def hello(*offers: str, greeting: str = "S: 220 mail.example.org ESMTP") -> str:
    """The beginning of a transcript, with what the server offers."""
    lines = ["mail.example.org", *offers]
    said = [f"S: 250-{line}" for line in lines[:-1]] + [f"S: 250 {lines[-1]}"]
    return "\n".join([greeting, "C: EHLO client.example", *said, ""])


QUIT = "C: QUIT\nS: 221 2.0.0 bye\n* close\n"
STEPWISE = """
C: MAIL FROM:<a@example.org>
S: 250 2.1.0 ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 ok
C: DATA
S: 354 go
* message
S: 250 2.0.0 queued as 4711
"""
"""A transaction without PIPELINING."""
FLIGHT = """
C: MAIL FROM:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 2.1.0 ok
S: 250 2.1.5 ok
S: 354 go
* message
S: 250 2.0.0 queued as 4711
"""
"""A transaction with it."""


def code_of(error: Any) -> int | None:
    """The code of the reply that an error has, or None."""
    return None if error.reply is None else int(error.reply.code)


@dataclass
class Played:
    """What came of a dialogue."""

    runtime: ScriptedRuntime
    lines: list[str] = field(default_factory=list)
    result: Any = None
    error: Any = None

    @property
    def seconds(self) -> float:
        """How long it took, by the clock that nobody waits for."""
        return self.runtime.clock.monotonic()

    @property
    def sent(self) -> bytes:
        """What the client wrote, over all connections."""
        return b"".join(bytes(stream.sent) for stream in self.runtime.streams)


@dataclass(frozen=True)
class Way:
    """How a dialogue is played."""

    asynchronous: bool
    chunking: Chunking

    def run(self, flow: Coroutine[Any, Any, Any]) -> Any:
        """Run a flow in this colour."""
        return asyncio.run(flow) if self.asynchronous else run_sync(flow)

    def __str__(self) -> str:
        return f"{'asyncio' if self.asynchronous else 'blocking'}, {self.chunking.value}"

    def play(
        self,
        script: str | Path,
        act: Act | None = None,
        *,
        whole: bool = True,
        nonce: bytes | None = None,
        **options: Any,
    ) -> Played:
        """Play a transcript; errors of our tree are a result like any other.

        Args:
            script: the transcript, or its file.
            act: what is done with the conversation before it is closed; by default one mail is sent.
            whole: the transcript has to be played to its end, and every connection closed.
            nonce: what the client draws.
            **options: for the settings.
        """
        drawn: dict[str, Any] = {} if nonce is None else {"nonce": nonce}
        runtime = ScriptedRuntime(script, self.chunking, **drawn)
        played = Played(runtime)
        made = settings(transcript=lambda line: played.lines.append(str(line)), **options)
        self.run(_act(Conversation(made, runtime), act or sending(), played))
        if whole:
            runtime.assert_finished()
        return played


ONCE = Way(asynchronous=False, chunking=Chunking.AT_ONCE)
"""For what cannot depend on the way."""
WAYS = [Way(asynchronous, chunking) for asynchronous in (False, True) for chunking in Chunking]


async def _act(conversation: Conversation, act: Act, played: Played) -> None:
    try:
        played.result = await act(conversation)
    except EnvoiError as error:
        played.error = error
    await conversation.close()
