"""The client's role: commands in, octets out; octets in, replies out. No waiting.

`ClientMachine` keeps the order of the dialogue. It refuses what `tables` does not allow, pairs each
reply with the command it answers, and holds the only buffer of unread octets, so that nothing
said in clear can survive into TLS. Commands may be sent ahead of their replies (RFC 2920); the
machine then judges them by the state they will find if all goes well, and afterwards goes by what
the server really said. How long to wait for what is `session`'s business.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from envoi.errors import LocalProtocolError, Phase, RemoteProtocolError
from envoi.smtp import commands
from envoi.smtp.capabilities import Capabilities
from envoi.smtp.commands import Command, Verb
from envoi.smtp.data import LONE_DOT, DotStuffer, Normaliser
from envoi.smtp.redact import Redactor
from envoi.smtp.replies import Reply, ReplyReader
from envoi.smtp.tables import LAST_IN_GROUP, TRANSITIONS, Outcome, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ClientMachine"]

MAX_CHALLENGES = 16
"""334 replies one authentication may take; SCRAM, the longest, takes three."""


class ClientMachine:
    """One dialogue with one server, from the greeting to QUIT.

    Attributes:
        state: where the dialogue stands by what the server has said.
        capabilities: what the last EHLO offered; empty before it, after HELO, and once TLS is up.
        redactor: the secrets that no reply and no error carries further.
    """

    __slots__ = (
        "_ahead",
        "_challenges",
        "_filters",
        "_outstanding",
        "_reader",
        "capabilities",
        "redactor",
        "state",
    )

    def __init__(self) -> None:
        self.state = State.CONNECTED
        self.capabilities = Capabilities()
        self._ahead = State.CONNECTED
        self._outstanding: deque[Verb] = deque((Verb.GREETING,))
        self.redactor = Redactor()
        self._reader = ReplyReader(self.redactor)
        self._filters: tuple[Normaliser, DotStuffer] | None = None
        self._challenges = 0

    @property
    def outstanding(self) -> int:
        """How many replies the server owes."""
        return len(self._outstanding)

    @property
    def expected(self) -> Verb | None:
        """Whose reply is next; None when none is owed."""
        return self._outstanding[0] if self._outstanding else None

    @property
    def quiet(self) -> bool:
        """Whether everything that arrived was made replies of."""
        return self._reader.empty

    @property
    def unread(self) -> str:
        """What arrived and no reply was made of, as an error may show it; empty when there is nothing."""
        return "" if self.quiet else self.redactor.quote(self._reader.pending)

    def send(self, command: Command) -> bytes:
        """Return the octets of a command and expect its reply.

        Raises:
            LocalProtocolError: the command may not come now; nothing changes.
        """
        self.expect((command.verb,))
        return command.line

    def expect(self, verbs: tuple[Verb, ...]) -> None:
        """Expect the replies of commands that travel together, spelt elsewhere.

        Raises:
            LocalProtocolError: they may not come now; nothing changes.
        """
        last = self._outstanding[-1] if self._outstanding else None
        self._ahead = _after(self._ahead, last, verbs)
        self._outstanding.extend(verbs)

    def send_group(self, group: Sequence[Command]) -> bytes:
        """Return the octets of several commands that travel together."""
        return b"".join([self.send(command) for command in group])

    def content(self, data: bytes) -> bytes:
        """Return a part of the message as it goes on the wire after 354: CRLF line ends, dots doubled."""
        normaliser, stuffer = self._filters or self._open_content()
        return stuffer.feed(normaliser.feed(data))

    def end_content(self, *, replies: int = 1) -> bytes:
        """Return the lone dot and expect its reply; for LMTP one per recipient (RFC 2033 §4.2)."""
        normaliser, stuffer = self._open_content()
        rest = stuffer.feed(normaliser.finish())
        self._filters = None
        self._ahead = State.READY
        self._outstanding.extend([Verb.CONTENT] * replies)
        return rest + LONE_DOT

    def expect_content(self) -> None:
        """Expect the reply to a message that is sent after 354 in one piece, made by `data.whole_data`."""
        self._open_content()
        self._filters = None
        self._ahead = State.READY
        self._outstanding.append(Verb.CONTENT)

    def chunk(self, data: bytes, *, last: bool, replies: int = 1) -> bytes:
        """Return a BDAT command with its octets, as they are (RFC 3030)."""
        line = self.send(commands.bdat(len(data), last=last))
        self._outstanding.extend([Verb.BDAT_LAST] * (replies - 1))
        return line + data

    def receive(self, data: bytes) -> None:
        """Take octets from the server; `next_reply` makes replies of them."""
        self._reader.feed(data)

    def next_reply(self) -> tuple[Verb, Reply] | None:
        """Return the next reply with the verb it answers, or None when more octets are needed.

        Raises:
            RemoteProtocolError: it is no reply, or one that nobody asked for.
        """
        reply = self._reader.next_reply()
        if reply is None:
            return None
        if not self._outstanding:
            return self._unasked(reply)
        verb = self._outstanding.popleft()
        self._advance(verb, reply)
        return verb, reply

    def next_run(self, whole: tuple[Verb, ...] = ()) -> tuple[Sequence[Verb], Reply] | None:
        """Return the verbs that the next replies answer, and the last of these replies; None as above.

        It is one reply, unless there are several positive ones of one line within a transaction: of those
        only the last can matter. `whole` are the verbs that are answered next, up to DATA or the message:
        they come back themselves when all of them have got what they hope for.

        Raises:
            RemoteProtocolError: as `next_reply`.
        """
        if not self._reader.buffer:
            return None
        if whole and (reply := self._reader.next_whole(len(whole), b"3" if whole[-1] is Verb.DATA else b"2")):
            self._go_on(whole)
            return whole, reply
        most = 0
        for verb in self._outstanding:
            most += verb in _STEPS
            if verb not in _MIDDLE:
                break
        run = self._reader.next_run(most) if most > 1 else None
        if run is None:
            answer = self.next_reply()
            return None if answer is None else ((answer[0],), answer[1])
        verbs = tuple(islice(self._outstanding, run[0]))
        self._go_on(verbs)
        return verbs, run[1]

    def last_words(self) -> Reply | None:
        """Return the next whole reply whatever it answers, for a connection that is breaking down."""
        return self._reader.next_reply()

    def check_quiet(self) -> None:
        """Make sure that it is our turn: no reply is owed, and nothing more has arrived.

        Raises:
            RemoteProtocolError: the server has said more than it was asked.
        """
        if self._outstanding:
            raise _out_of_order(f"{len(self._outstanding)} replies are still to come")
        if not self._reader.empty:
            raise RemoteProtocolError(
                f"the server sent {self.unread} before it was asked",
                phase=Phase.COMMAND,
                remedy="Replies cannot be told apart any more; the connection was closed.",
            )

    def tls_established(self) -> None:
        """Forget what was learnt in clear (RFC 3207 §4.2); EHLO is due again.

        Raises:
            RemoteProtocolError: octets arrived in clear behind the 220: somebody injects commands.
        """
        if self.state is not State.HANDSHAKE:
            raise _out_of_order("TLS without STARTTLS")
        self.check_clear()
        self.capabilities = Capabilities()
        self.state = self._ahead = State.GREETED

    def check_clear(self) -> None:
        """Make sure that no octet stands behind the 220 of STARTTLS.

        Raises:
            RemoteProtocolError: one does.
        """
        if not self.quiet:
            raise RemoteProtocolError(
                "octets in clear follow the server's agreement to STARTTLS",
                phase=Phase.TLS,
                remedy="Somebody on the path may be injecting replies. Nothing was sent; try another "
                "network, or a port with TLS from the first byte (465).",
            )

    def close(self) -> None:
        """The connection is gone: nothing more may be sent."""
        self.state = self._ahead = State.CLOSED
        self._outstanding.clear()
        self._filters = None

    def _go_on(self, verbs: tuple[Verb, ...]) -> None:
        """Their replies have come, and are what was hoped for."""
        outstanding = self._outstanding
        for _ in verbs:
            outstanding.popleft()
        self.state = _done(self.state, verbs)
        if not outstanding:
            self._ahead = self.state

    def _open_content(self) -> tuple[Normaliser, DotStuffer]:
        if self._filters is None:
            if self.state is not State.CONTENT or self._outstanding:
                raise _out_of_order("the message may not be sent before 354")
            self._filters = (Normaliser(), DotStuffer())
        return self._filters

    def _advance(self, verb: Verb, reply: Reply) -> None:
        if reply.code == 421:
            # RFC 5321 §3.8: the server closes the channel, whatever it was asked.
            self.close()
            return
        outcome = Outcome.DONE if reply.positive else Outcome.MORE if reply.intermediate else Outcome.FAILED
        self._check(verb, outcome, reply)
        # Behind a refused command the row may be missing: what was assumed is void and the state stays.
        self.state = TRANSITIONS[self.state].get(verb, {}).get(outcome, self.state)
        if verb in _HELLOS and reply.positive:
            self.capabilities = Capabilities() if verb is Verb.HELO else Capabilities.from_reply(reply)
        if not self._outstanding:
            self._ahead = self.state

    def _check(self, verb: Verb, outcome: Outcome, reply: Reply) -> None:
        if verb in _CONTINUED:
            self._challenges = self._challenges + 1 if verb is Verb.AUTH_RESPONSE else 1
            wrong = self._challenges > MAX_CHALLENGES or (verb is Verb.DATA and outcome is Outcome.DONE)
        else:
            # A hello is answered with 250 alone (RFC 5321 §4.3.2); 220 would be a second greeting.
            wrong = outcome is Outcome.MORE or (verb in _HELLOS and reply.positive and reply.code != 250)
        if wrong:
            raise RemoteProtocolError(
                f"{reply.code} is no answer to {verb.value}", phase=Phase.COMMAND, reply=reply
            )

    def _unasked(self, reply: Reply) -> tuple[Verb, Reply]:
        if reply.code == 421:
            self.close()
            return Verb.NOOP, reply
        raise RemoteProtocolError(
            f"the server sent {reply.code} before it was asked", phase=Phase.COMMAND, reply=reply
        )


def _out_of_order(what: str) -> LocalProtocolError:
    return LocalProtocolError(what, phase=Phase.COMMAND)


@lru_cache(maxsize=512)
def _after(state: State, last: Verb | None, verbs: tuple[Verb, ...]) -> State:
    """Where these verbs lead if all goes well, behind a last one whose reply is still to come."""
    for verb in verbs:
        if last in LAST_IN_GROUP:
            raise _out_of_order(f"{verb.value} may not follow {last.value} before its reply")
        try:
            state = _DONE[state][verb]
        except KeyError:
            raise _out_of_order(f"{verb.value} may not be sent in state {state.value!r}") from None
        last = verb
    return state


@lru_cache(maxsize=512)
def _done(state: State, verbs: tuple[Verb, ...]) -> State:
    """Where these verbs have led when all were answered as hoped."""
    for verb in verbs:
        state = _DONE[state].get(verb, state)
    return state


_DONE: Mapping[State, Mapping[Verb, State]] = {
    state: {
        verb: outcomes.get(Outcome.DONE) or outcomes.get(Outcome.MORE) or state
        for verb, outcomes in row.items()
    }
    for state, row in TRANSITIONS.items()
}
"""What `TRANSITIONS` says of replies that are positive, or for DATA intermediate."""
_MIDDLE: frozenset[Verb] = frozenset({Verb.RSET, Verb.MAIL, Verb.RCPT})
_STEPS: frozenset[Verb] = _MIDDLE | {Verb.BDAT, Verb.BDAT_LAST, Verb.CONTENT}
"""Verbs of a transaction whose positive reply changes nothing but the state."""

_HELLOS: frozenset[Verb] = frozenset({Verb.EHLO, Verb.HELO, Verb.LHLO})
_CONTINUED: frozenset[Verb] = frozenset({Verb.AUTH, Verb.AUTH_RESPONSE, Verb.DATA})
