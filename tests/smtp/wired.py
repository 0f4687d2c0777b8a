"""Both machines back to back: a postman over the server role, and the wire between it and a client.

The postman takes everything, except for recipients called nobody, and remembers the mails. Nothing here
waits or judges; the tests do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.smtp.commands import Verb
from envoi.smtp.server import ServerMachine
from envoi.smtp.server_events import CommandReceived, ContentFinished, ContentReceived, split_path
from tests.smtp.chunkings import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.smtp.client import ClientMachine
    from envoi.smtp.replies import Reply
    from envoi.smtp.server_events import Event

OFFERS = ("PIPELINING", "CHUNKING", "BINARYMIME", "SIZE 1000000", "STARTTLS", "AUTH PLAIN LOGIN")


@dataclass
class Mail:
    """What the postman has got."""

    sender: str
    recipients: list[str]
    body: bytes = b""


@dataclass
class Postman:
    """A server that takes mail."""

    lmtp: bool = False
    machine: ServerMachine = field(default_factory=ServerMachine)
    mails: list[Mail] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    _mail: Mail = field(default_factory=lambda: Mail("", []))

    def greet(self) -> bytes:
        """Say hello."""
        return self.machine.reply(220, "mail.example.org")

    def hear(self, octets: bytes) -> bytes:
        """Take octets and return the answers."""
        self.machine.receive(octets)
        answers = b""
        while (event := self.machine.next_event()) is not None:
            answers += self._answer(event)
        return answers

    def _answer(self, event: Event) -> bytes:
        if isinstance(event, ContentReceived):
            self._mail.body += event.data
            return b""
        if event.problem is not None:
            self.problems.append(event.problem)
            return b"" if announces_chunk(event) else self.machine.reply(*event.problem)
        if isinstance(event, ContentFinished):
            return self._deliver(event)
        return self._obey(event)

    def _deliver(self, event: ContentFinished) -> bytes:
        if event.verb is Verb.BDAT:
            return self.machine.reply(250, "go on")
        mail, self._mail = self._mail, Mail("", [])
        self.mails.append(mail)
        count = len(mail.recipients) if self.lmtp else 1
        first = self.machine.reply(250, "queued", replies=count)
        return first + b"".join(self.machine.reply(250, "queued") for _ in range(count - 1))

    def _obey(self, event: CommandReceived) -> bytes:
        reply = self.machine.reply
        match event.verb:
            case Verb.EHLO | Verb.LHLO:
                return reply(250, "mail.example.org", *OFFERS)
            case Verb.STARTTLS:
                return reply(220, "go ahead")
            case Verb.AUTH | Verb.AUTH_RESPONSE:
                return self._authenticate(event)
            case Verb.MAIL:
                path = split_path(event.argument, "FROM")
                assert path is not None
                self._mail = Mail(path[0], [])
                return reply(250, "ok", enhanced="2.1.0")
            case Verb.RCPT:
                return self._add_recipient(event.argument)
            case Verb.DATA:
                return reply(354, "go ahead") if self._mail.recipients else reply(554, "for whom?")
            case Verb.QUIT:
                return reply(221, "bye")
            case Verb.BDAT | Verb.BDAT_LAST:
                # The end of the chunk is what is answered.
                return b""
        return reply(250, "ok")

    def _authenticate(self, event: CommandReceived) -> bytes:
        _, _, response = event.argument.rpartition(" ")
        if event.verb is Verb.AUTH and event.argument == response:
            return self.machine.reply(334, "")
        self.responses.append(response)
        return self.machine.reply(235, "welcome")

    def _add_recipient(self, argument: str) -> bytes:
        path = split_path(argument, "TO")
        assert path is not None
        if path[0].startswith("nobody"):
            return self.machine.reply(550, "no such user", enhanced="5.1.1")
        self._mail.recipients.append(path[0])
        return self.machine.reply(250, "ok")


def announces_chunk(event: Event) -> bool:
    """Whether this is a BDAT line, which wants no reply of its own."""
    return isinstance(event, CommandReceived) and event.verb in (Verb.BDAT, Verb.BDAT_LAST)


def converse(
    client: ClientMachine,
    postman: Postman,
    octets: bytes,
    *,
    to_server: Sequence[int] = (),
    to_client: Sequence[int] = (),
) -> list[tuple[Verb, Reply]]:
    """Carry octets to the server, cut at these places, and the answers back; return the replies."""
    answers = b"".join(map(postman.hear, cut(octets, to_server)))
    return hear(client, answers, to_client)


def hear(client: ClientMachine, octets: bytes, places: Sequence[int] = ()) -> list[tuple[Verb, Reply]]:
    """Hand octets to the client, cut at these places, and return the replies."""
    replies = []
    for piece in cut(octets, places):
        client.receive(piece)
        while (answer := client.next_reply()) is not None:
            replies.append(answer)
    return replies
