"""One client at the server: brings octets, the machine, the dialogue and the faults together.

Reads, asks `envoi.smtp.server.ServerMachine` what was said, `dialogue` what to answer, and the fault book
what to do to the answer. Everything said is recorded. Whatever waits or counts octets is here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from envoi.session.settings import Security
from envoi.smtp.commands import Verb
from envoi.smtp.replies import format_reply
from envoi.smtp.server import ServerMachine
from envoi.smtp.server_events import CommandReceived, ContentFinished, ContentReceived
from envoi.smtp.tables import State
from envoi.testing.answers import IDLE
from envoi.testing.certificates import common_name
from envoi.testing.dialogue import Dialogue
from envoi.testing.fault_book import Occasion

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from envoi.smtp.server_events import Event
    from envoi.testing.answers import Answer
    from envoi.testing.fault_book import FaultBook
    from envoi.testing.faults import Fault
    from envoi.testing.received import ReceivedMessage
    from envoi.testing.settings import ServerSettings
    from envoi.testing.wire import Wire

__all__ = ["Connection"]

NOTED_LINES = 100
"""How much of one reply is recorded."""


class Connection:
    """A connection, from the greeting to the end.

    Attributes:
        said: the dialogue, line by line.
    """

    __slots__ = (
        "_book",
        "_context",
        "_dialogue",
        "_heard",
        "_machine",
        "_number",
        "_octets",
        "_sent",
        "_settings",
        "_wire",
        "said",
    )

    def __init__(
        self,
        wire: Wire,
        number: int,
        *,
        settings: ServerSettings,
        context: ssl.SSLContext | None,
        book: FaultBook,
        deliver: Callable[[ReceivedMessage], None],
    ) -> None:
        self._wire = wire
        self._number = number
        self._settings = settings
        self._context = context
        self._book = book
        self._machine = ServerMachine()
        self._dialogue = Dialogue(settings, deliver)
        self._heard = 0
        self._sent = 0
        self._octets = 0
        self.said: list[str] = []

    async def serve(self) -> None:
        """Serve the client until it leaves, or has to."""
        try:
            if self._settings.security is Security.TLS:
                await self._shake_hands()
            if not self._wire.closed:
                await self._greet()
            while not self._wire.closed:
                event = self._machine.next_event()
                if event is not None:
                    await self._handle(event)
                else:
                    await self._hear()
        finally:
            self.said.append("* closed")
            self._wire.abort()
            await self._wire.gone()

    async def _greet(self) -> None:
        faults = self._book.at(self._occasion(Verb.GREETING, None))
        await self._say(_instead(faults) or self._dialogue.greeting, faults)
        await self._go_on()

    async def _hear(self) -> None:
        """Read on, or end the connection."""
        try:
            async with asyncio.timeout(self._settings.idle_timeout):
                data = await self._wire.read()
        except TimeoutError:
            farewell = format_reply(IDLE.code, IDLE.lines)
            self._note(farewell)
            await self._send(farewell)
            data = b""
        if not data:
            await self._wire.leave()
            return
        limits = [(fault.after_input_octets, fault) for fault in self._book.by_octets(self._number)]
        data, fault = _cut(data, self._heard, limits)
        self._heard += len(data)
        self._machine.receive(data)
        if fault is not None:
            while not self._wire.closed and (event := self._machine.next_event()) is not None:
                await self._handle(event)
            await self._end(fault)

    async def _handle(self, event: Event) -> None:
        match event:
            case ContentReceived():
                self._dialogue.take(event.data)
                self._octets += len(event.data)
            case ContentFinished():
                self.said.append(f"C: ({self._octets} octets)")
                self._octets = 0
                await self._respond(event)
            case CommandReceived(verb=Verb.BDAT | Verb.BDAT_LAST):
                # The end of the chunk wants the reply.
                last = " LAST" if event.verb is Verb.BDAT_LAST else ""
                self.said.append(f"C: BDAT {event.size}{last}")
            case CommandReceived(verb=verb):
                word = "" if verb is Verb.AUTH_RESPONSE else "?" if verb is None else verb.value
                self.said.append(f"C: {word} {event.argument}".rstrip().replace("  ", " "))
                await self._respond(event)

    async def _respond(self, request: CommandReceived | ContentFinished) -> None:
        subjects = self._dialogue.subjects(request)
        faults = [self._book.at(self._occasion(request.verb, subject)) for subject in subjects]
        answers = self._dialogue.answer(request, [_instead(group) for group in faults])
        replies = len(answers)
        for answer, group in zip(answers, faults, strict=True):
            await self._say(answer, group, replies)
            replies = 1
        await self._go_on()

    async def _go_on(self) -> None:
        """Do what the replies so far have led to."""
        if self._wire.closed:
            return
        if self._machine.state is State.CLOSED:
            await self._wire.leave()
        elif self._machine.state is State.HANDSHAKE:
            await self._shake_hands()
            self._machine.tls_established()

    async def _say(self, answer: Answer, faults: Sequence[Fault], replies: int = 1) -> None:
        enhanced = answer.enhanced if "ENHANCEDSTATUSCODES" in self._dialogue.offered else ""
        octets = self._machine.reply(answer.code, *answer.lines, enhanced=enhanced or None, replies=replies)
        for fault in faults:
            if fault.rewrite is not None:
                octets = fault.rewrite(octets)
        if seconds := sum(fault.seconds for fault in faults):
            await asyncio.sleep(seconds)
        self._note(octets)
        paces = [fault.pace for fault in faults if fault.pace is not None]
        if paces:
            await self._dribble(octets, max(paces))
        else:
            await self._send(octets)
        for fault in faults:
            if fault.leaves and not self._wire.closed:
                await self._end(fault)

    async def _dribble(self, octets: bytes, pace: float) -> None:
        for index in range(len(octets)):
            if index:
                await asyncio.sleep(pace)
            # Nothing may wait behind the last octet: the client's answer is perhaps a TLS handshake.
            await self._send(octets[index : index + 1])

    async def _send(self, octets: bytes) -> None:
        limits = [(fault.after_output_octets, fault) for fault in self._book.by_octets(self._number)]
        octets, fault = _cut(octets, self._sent, limits)
        self._sent += len(octets)
        await self._wire.write(octets)
        if fault is not None and not self._wire.closed:
            await self._end(fault)

    async def _end(self, fault: Fault) -> None:
        if fault.resets:
            self._wire.reset()
        else:
            await self._wire.leave()

    async def _shake_hands(self) -> None:
        if self._context is None:
            # A fault agreed to STARTTLS where there is none.
            await self._wire.leave()
            return
        secured = await self._wire.start_tls(self._context, self._settings.idle_timeout)
        if secured is None:
            self.said.append("* the TLS handshake failed")
            return
        version = secured.version() or ""
        self.said.append(f"* {version}")
        self._dialogue.secured(version, common_name(secured.getpeercert()))

    def _occasion(self, verb: Verb | None, subject: str | None) -> Occasion:
        encrypted = self._dialogue.tls is not None
        return Occasion(verb=verb, address=subject, connection=self._number, encrypted=encrypted)

    def _note(self, octets: bytes) -> None:
        lines = octets.decode("utf-8", "replace").split("\r\n", NOTED_LINES)[:NOTED_LINES]
        self.said += [f"S: {line}" for line in lines if line]


def _instead(faults: Sequence[Fault]) -> Answer | None:
    return next((fault.answer for fault in faults if fault.answer is not None), None)


def _cut(
    octets: bytes, already: int, limits: Sequence[tuple[int | None, Fault]]
) -> tuple[bytes, Fault | None]:
    """Return what of `octets` is left by the first limit in reach, and the fault it belongs to."""
    reached = [
        (limit, fault) for limit, fault in limits if limit is not None and already + len(octets) >= limit
    ]
    if not reached:
        return octets, None
    limit, fault = min(reached, key=lambda pair: pair[0])
    return octets[: max(limit - already, 0)], fault
