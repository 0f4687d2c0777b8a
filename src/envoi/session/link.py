"""One connection with its dialogue: a stream, a machine, and the time they have.

`Link` is where octets meet the clock. It applies the timeouts, keeps the transcript, and makes
sure that a connection on which anything went wrong (an error, a cancellation, a reply nobody
asked for) is closed and never used again. It fills in *where* an error happened. What to say is
for `connect`, `authenticate` and `submit`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from envoi.errors import DeadlineExceeded, DeliveryError, Disconnected, Phase, RemoteProtocolError, Retry
from envoi.session.terms import Terms
from envoi.smtp import commands
from envoi.smtp.client import ClientMachine
from envoi.smtp.commands import Command, Verb
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from envoi.ports import Clock, Stream, TLSInfo, TLSOptions
    from envoi.session.flight import Flight
    from envoi.session.timeouts import Timeouts
    from envoi.session.transcript import Transcript
    from envoi.smtp.replies import Reply

    T = TypeVar("T")

__all__ = ["Link"]

PHASES: Mapping[Verb, Phase] = {
    Verb.GREETING: Phase.GREETING,
    Verb.EHLO: Phase.HELLO,
    Verb.HELO: Phase.HELLO,
    Verb.LHLO: Phase.HELLO,
    Verb.STARTTLS: Phase.TLS,
    Verb.AUTH: Phase.AUTH,
    Verb.AUTH_RESPONSE: Phase.AUTH,
    Verb.MAIL: Phase.MAIL,
    Verb.RCPT: Phase.RCPT,
    Verb.DATA: Phase.DATA,
    Verb.BDAT: Phase.CONTENT,
    Verb.CONTENT: Phase.FINAL,
    Verb.BDAT_LAST: Phase.FINAL,
    Verb.RSET: Phase.RESET,
    Verb.NOOP: Phase.COMMAND,
    Verb.VRFY: Phase.COMMAND,
    Verb.EXPN: Phase.COMMAND,
    Verb.HELP: Phase.COMMAND,
    Verb.QUIT: Phase.QUIT,
}
"""Where the dialogue is while a verb, or its reply, is on its way."""

LAST_WORDS_SECONDS = 2.0
"""How long to wait for what a server says while it hangs up."""


class Link:
    """A connection to a server.

    Attributes:
        server: the host as the caller named it, for messages.
        machine: the dialogue.
        deadline_at: when everything must be over, by the clock's `monotonic`; None for never.
        phase: where errors and timeouts belong.
        messages: how many messages the server has been offered on this connection.
        used_at: when the server last said something, by the same clock.
        distrusted: keywords that the server offers and has been seen to break on.
        lost: the error that broke the connection while something was written.
        stale: whether it was not our turn when we wanted to speak.
        shown: whether somebody follows the dialogue, line by line.
        tls: what TLS agreed on; None in clear.
    """

    __slots__ = (
        "_clock",
        "_limits",
        "_stream",
        "_terms",
        "_transcript",
        "deadline_at",
        "distrusted",
        "lost",
        "machine",
        "messages",
        "phase",
        "server",
        "shown",
        "stale",
        "tls",
        "used_at",
    )

    def __init__(
        self,
        stream: Stream,
        *,
        server: str,
        clock: Clock,
        timeouts: Timeouts,
        transcript: Transcript | None = None,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._limits = timeouts.by_phase()
        self._transcript = transcript
        self._terms: Terms | None = None
        self.phase = Phase.GREETING
        self.server = server
        self.machine = ClientMachine()
        self.deadline_at: float | None = None
        self.distrusted: frozenset[str] = frozenset()
        self.lost: Disconnected | None = None
        self.stale = False
        self.shown = transcript is not None
        self.tls: TLSInfo | None = stream.tls
        self.messages = 0
        self.used_at = clock.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the dialogue can go on, as far as we know."""
        return self.machine.state is not State.CLOSED

    @property
    def peer(self) -> str:
        """The other end as text, for messages."""
        return self._stream.peer

    @property
    def local_address(self) -> str | None:
        """Our own IP address on this connection."""
        return self._stream.local_address

    @property
    def terms(self) -> Terms:
        """What the server takes, by its last EHLO."""
        offered = self.machine.capabilities
        if self._terms is None or self._terms.offered is not offered:
            self._terms = Terms.of(offered, distrusted=self.distrusted)
        return self._terms

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last reply."""
        return self._clock.monotonic() - self.used_at

    def begin(self, phase: Phase) -> None:
        """From here on, errors and timeouts belong to `phase`."""
        self.phase = phase

    def note(self, text: str) -> None:
        """Write a line that nobody said into the transcript."""
        if self._transcript is not None:
            self._transcript.note(text)

    async def exchange(self, command: Command) -> Reply:
        """Send one command and return its reply."""
        await self.say([command])
        return (await self.hear())[1]

    async def say(self, group: Sequence[Command]) -> None:
        """Send commands that travel together.

        Raises:
            Disconnected, RemoteProtocolError: it is not our turn (`check_turn`); nothing was written.
        """
        self.begin(PHASES[group[0].verb])
        await self.check_turn()
        try:
            octets = self.machine.send_group(group)
        except BaseException as error:
            self._end(error)
            raise
        self._show(group)
        await self.write(octets)

    def expect(self, flight: Flight) -> None:
        """Expect the replies to a flight, whose octets are for `write`."""
        self.machine.expect(flight.verbs)
        if flight.shown is not None:
            self._show(flight.shown)
            if flight.chunked:
                self.note(f"the message by BDAT, {len(flight.body)} octets")

    def _show(self, group: Sequence[Command]) -> None:
        if self._transcript is not None:
            for command in group:
                self._transcript.sent(command)

    async def write(self, octets: bytes) -> None:
        """Write octets that the machine gave.

        When the connection breaks, what the server said before may still be there: `hear` and `overheard`
        read on, and raise the error where that ends.
        """
        try:
            limit = self._limits[self.phase]
            await self._stream.write(octets, limit if self.deadline_at is None else self._remaining(limit))
        except Disconnected as error:
            self.lost = error
        except BaseException as error:
            self._end(error)
            raise

    async def hear(self) -> tuple[Verb, Reply]:
        """Wait for the next reply, and return it with the verb it answers."""
        verb, reply = await self._answer(self.machine.next_reply)
        if self._transcript is not None:
            self._transcript.received(reply)
        if not self.alive and verb is not Verb.QUIT:
            # 421: the server has closed its side, or is about to.
            self._stream.abort()
        return verb, reply

    async def hear_run(self, whole: tuple[Verb, ...] = ()) -> tuple[Sequence[Verb], Reply]:
        """The same for several replies at once, as `ClientMachine.next_run` has them, unless it is shown."""
        if self._transcript is not None:
            verb, reply = await self.hear()
            return (verb,), reply
        machine = self.machine
        run = await self._answer(partial(machine.next_run, whole) if whole else machine.next_run)
        if machine.state is State.CLOSED:
            self._stream.abort()
        return run

    def heard(self, whole: tuple[Verb, ...] = ()) -> tuple[Sequence[Verb], Reply] | None:
        """Return what `hear_run` would, if it has arrived already."""
        machine = self.machine
        try:
            if self._transcript is None:
                return machine.next_run(whole)
            answer = machine.next_reply()
        except BaseException as error:
            self._end(error)
            raise
        if answer is None:
            return None
        self._transcript.received(answer[1])
        return (answer[0],), answer[1]

    async def glance(self) -> None:
        """Take in what has arrived, without waiting."""
        try:
            arrived = await self._stream.poll()
            if arrived is not None:
                self._take(arrived)
        except BaseException as error:
            self._end(error)
            raise

    async def check_turn(self) -> None:
        """Make sure that it is our turn: nothing may have arrived that nobody asked for.

        Raises:
            Disconnected: the server has closed the connection, perhaps with a 421.
            RemoteProtocolError: it said something else.
        """
        try:
            arrived = await self._stream.poll()
            if arrived is not None:
                self._take(arrived)
                answer = self.machine.next_reply()
                if answer is not None:
                    raise self._hung_up(answer[1])
            self.machine.check_quiet()
        except BaseException as error:
            self.stale = True
            self._end(error)
            raise

    async def overheard(self) -> Reply | None:
        """Return what a server has said into the middle of our message, if it has; that ends the link."""
        try:
            arrived = await self._stream.poll()
            if arrived is None and self.lost is None and self.machine.quiet:
                return None
            self.machine.receive(arrived or b"")
            reply = await self._last_words()
            if reply is None:
                raise self.lost or Disconnected(
                    f"{self.server} closed the connection while it was being sent the message",
                    phase=self.phase,
                )
            if reply.code < 400:
                raise RemoteProtocolError(
                    f"{self.server} answered {reply.code} to a message it has not got",
                    phase=self.phase,
                    reply=reply,
                )
        except BaseException as error:
            self._end(error)
            raise
        self.abort()
        return reply

    async def start_tls(self, options: TLSOptions, server_hostname: str) -> TLSInfo:
        """Do the TLS handshake; after STARTTLS, what was learnt or left over in clear does not count."""
        self.begin(Phase.TLS)
        upgrade = self.machine.state is State.HANDSHAKE
        try:
            if upgrade:
                await self._refuse_injected()
            info = self.tls = await self._stream.start_tls(
                options, server_hostname, self._remaining(self._limits[Phase.TLS])
            )
            if upgrade:
                self.machine.tls_established()
        except BaseException as error:
            self._end(error)
            raise
        self.note(
            f"{info.version}, {info.cipher}, certificate {'verified' if info.verified else 'NOT VERIFIED'}"
        )
        return info

    async def quit(self) -> None:
        """Take leave; whatever happens now changes nothing any more."""
        if not self.alive:
            return
        try:
            if not self.machine.outstanding and self.machine.state is not State.CONTENT:
                self.deadline_at = None
                await self.exchange(commands.quit_())
            await self._stream.close()
        except DeliveryError:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self.machine.close()
        self._stream.abort()

    async def _refuse_injected(self) -> None:
        arrived = await self._stream.poll()
        if arrived is not None:
            self._take(arrived)
        self.machine.check_clear()

    async def _answer(self, look: Callable[[], T | None]) -> T:
        """Read until there is what is looked for; one reply has one time for all its octets."""
        expected, monotonic = self.machine.expected, self._clock.monotonic
        if expected is not None:
            self.phase = PHASES[expected]
        try:
            answer = look()
            if answer is not None:
                return answer
            limit = remaining = self._limits[self.phase]
            began = monotonic()
            while True:
                if self.deadline_at is not None or remaining != limit:
                    remaining = self._remaining(remaining)
                self._take(await self._stream.read(remaining))
                self.used_at = monotonic()
                answer = look()
                if answer is not None:
                    return answer
                if limit is not None:
                    remaining = began + limit - self.used_at
        except BaseException as error:
            self._end(error)
            raise

    def _take(self, octets: bytes) -> None:
        if octets:
            self.machine.receive(octets)
            return
        if self.lost is not None:
            raise self.lost
        unread = self.machine.unread
        said = f" in the middle of the reply {unread}" if unread else ""
        raise Disconnected(f"{self.server} closed the connection{said}", phase=self.phase, retry=Retry.NOW)

    def _remaining(self, timeout: float | None) -> float | None:
        if self.deadline_at is not None:
            left = self.deadline_at - self._clock.monotonic()
            timeout = left if timeout is None else min(left, timeout)
        if timeout is not None and timeout <= 0:
            raise DeadlineExceeded(f"{self.server} took too long", phase=self.phase)
        return timeout

    def _hung_up(self, reply: Reply) -> Disconnected:
        return Disconnected(
            f"{self.server} ended the session: {reply}",
            phase=self.phase,
            reply=reply,
            retry=Retry.NOW,
        )

    async def _last_words(self) -> Reply | None:
        """Read until the server is silent and return its last whole reply, which tells why; never raises."""
        reply: Reply | None = None
        until = self._clock.monotonic() + LAST_WORDS_SECONDS
        try:
            while True:
                last = self.machine.last_words()
                if last is not None:
                    reply = last
                    if self._transcript is not None:
                        self._transcript.received(reply)
                    continue
                if reply is not None:
                    return reply
                octets = await self._stream.read(self._remaining(until - self._clock.monotonic()))
                if not octets:
                    return reply
                self.machine.receive(octets)
        except DeliveryError:
            return reply

    def _end(self, error: BaseException) -> None:
        """Whatever went wrong, cancellation too, ends the link, and is told with its place."""
        self.abort()
        if isinstance(error, DeliveryError):
            error.phase = self.phase
