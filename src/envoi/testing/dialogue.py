"""What a server answers to what it hears: policy without I/O.

`Dialogue` is one client's conversation: who it is, what it may do, the transaction it is in. It takes the
events of `envoi.smtp.server.ServerMachine` and returns answers; a fault's answer, when it is a refusal,
stands for the server's own. Order is the machine's business, octets and faults are `connection`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.system import nonce
from envoi.session.settings import Protocol, Security
from envoi.smtp.capabilities import Capabilities
from envoi.smtp.commands import Verb
from envoi.smtp.sasl import Channel, serve
from envoi.smtp.server_events import CommandReceived, ContentFinished, split_path
from envoi.testing.answers import (
    BAD_SEQUENCE,
    NOT_HERE,
    OK,
    SYNTAX,
    TOO_MANY_COMMANDS,
    Answer,
)
from envoi.testing.envelope import read_recipient, read_sender
from envoi.testing.login import Login
from envoi.testing.received import ReceivedMessage
from envoi.testing.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envoi.testing.envelope import Path
    from envoi.testing.settings import ServerSettings

__all__ = ["Dialogue"]

Request = CommandReceived | ContentFinished
"""What wants an answer."""


class Dialogue:
    """One client's conversation with the server.

    Attributes:
        offered: what the last EHLO was answered with; nothing before it, and after HELO.
        tls: the TLS version, or None in clear.
        certificate_user: whom the client's certificate names.
    """

    __slots__ = (
        "_commands",
        "_deliver",
        "_hello",
        "_login",
        "_messages",
        "_settings",
        "_transaction",
        "_username",
        "certificate_user",
        "offered",
        "tls",
    )

    def __init__(self, settings: ServerSettings, deliver: Callable[[ReceivedMessage], None]) -> None:
        self._settings = settings
        self._deliver = deliver
        self._commands = 0
        self._messages = 0
        self.certificate_user: str | None = None
        self._start(None)

    def _start(self, tls: str | None) -> None:
        self.tls = tls
        self.offered = Capabilities()
        self._hello = ""
        self._username: str | None = None
        self._login: Login | None = None
        self._transaction: Transaction | None = None

    @property
    def greeting(self) -> Answer:
        """What the server begins with."""
        protocol = "LMTP" if self._is_lmtp else "ESMTP"
        return Answer(220, "", (f"{self._settings.name} {protocol} envoi",))

    @property
    def _is_lmtp(self) -> bool:
        return self._settings.protocol is Protocol.LMTP

    def secured(self, version: str, certificate_user: str | None) -> None:
        """TLS is up: what was said in clear does not count (RFC 3207 §4.2)."""
        self._start(version)
        self.certificate_user = certificate_user

    def take(self, data: bytes) -> None:
        """Take a part of the message."""
        if self._transaction is not None:
            self._transaction.take(data)

    def subjects(self, request: Request) -> Sequence[str | None]:
        """Return whom each answer to a request will be about: one, or with LMTP one per recipient."""
        if isinstance(request, ContentFinished):
            recipients = () if self._transaction is None else tuple(self._transaction.recipients)
            several = self._is_lmtp and request.verb is not Verb.BDAT and recipients
            return recipients if several else (None,)
        keyword = {Verb.MAIL: "FROM", Verb.RCPT: "TO"}.get(request.verb) if request.verb else None
        split = split_path(request.argument, keyword) if keyword else None
        return (None if split is None else split[0],)

    def answer(self, request: Request, instead: Sequence[Answer | None]) -> list[Answer]:
        """Do what was asked and return an answer per subject; those in `instead` go first."""
        if isinstance(request, ContentFinished):
            return self._finish(request, instead)
        (wanted,) = instead
        if wanted is not None and wanted.refuses:
            return [wanted]
        own = self._obey(request)
        return [wanted or own]

    def _obey(self, command: CommandReceived) -> Answer:
        self._commands += 1
        if self._commands > self._settings.max_commands:
            return TOO_MANY_COMMANDS
        if command.verb is None or command.problem is not None:
            code, text = command.problem or (500, "unknown command")
            return Answer(code, "5.5.1" if code in (500, 503) else "5.5.4", (text,))
        return COMMANDS[command.verb](self, command.argument.strip())

    def ehlo(self, argument: str) -> Answer:
        """EHLO: begin, or begin again, with the extensions."""
        return self._say_hello(argument, wanted=Protocol.SMTP)

    def lhlo(self, argument: str) -> Answer:
        """LHLO, which is EHLO for LMTP."""
        return self._say_hello(argument, wanted=Protocol.LMTP)

    def _say_hello(self, argument: str, *, wanted: Protocol) -> Answer:
        if self._settings.protocol is not wanted:
            return Answer(500, "5.5.1", (f"this is {self._settings.protocol.name}",))
        if not argument:
            return SYNTAX
        self._hello, self._transaction = argument, None
        self.offered = self._settings.offered(encrypted=self.tls is not None)
        lines = (" ".join((word, *parameters)) for word, parameters in self.offered.keywords.items())
        return Answer(250, "", (self._settings.name, *lines))

    def helo(self, argument: str) -> Answer:
        """HELO: begin without extensions."""
        hello = self.ehlo(argument)
        if hello.refuses:
            return hello
        self.offered = Capabilities()
        return Answer(250, "", (self._settings.name,))

    def starttls(self, argument: str) -> Answer:
        """STARTTLS; the handshake is for the connection."""
        if self.tls is not None:
            return BAD_SEQUENCE
        if self._settings.security is not Security.STARTTLS or "STARTTLS" not in self._settings.extensions:
            return NOT_HERE
        return SYNTAX if argument else Answer(220, "2.0.0", ("go ahead",))

    def auth(self, argument: str) -> Answer:
        """AUTH: begin to log in."""
        name, _, initial = argument.partition(" ")
        encrypted = self.tls is not None
        if self._username is not None:
            return BAD_SEQUENCE
        if not self._settings.mechanisms or "AUTH" not in self._settings.extensions:
            return NOT_HERE
        if not encrypted and not self._settings.allow_plaintext_auth:
            return Answer(538, "5.7.11", ("encryption is required to log in",))
        if name.upper() not in self._settings.served(encrypted=encrypted):
            return Answer(504, "5.5.4", ("this mechanism is not offered",))
        channel = Channel(
            secure=encrypted,
            host=self._settings.name,
            port=0,
            nonce=nonce,
            server_end_point=self._settings.end_point(encrypted=encrypted),
        )
        self._login = Login(
            serve(
                name,
                self._settings.accounts,
                self._settings.tokens,
                channel,
                certificate_user=self.certificate_user,
            )
        )
        return self._logged_in(self._login, self._login.begin(initial))

    def auth_response(self, argument: str) -> Answer:
        """The client's answer to a challenge."""
        login = self._login
        return BAD_SEQUENCE if login is None else self._logged_in(login, login.respond(argument))

    def _logged_in(self, login: Login, answer: Answer) -> Answer:
        self._username = login.username
        return answer

    def mail(self, argument: str) -> Answer:
        """MAIL: begin a transaction."""
        if self._settings.require_auth and self._username is None:
            return Answer(530, "5.7.0", ("authentication required",))
        most = self.offered.limit("MAILMAX")
        if most is not None and self._messages >= most:
            return Answer(452, "4.3.2", ("too many messages on one connection",))
        sender = read_sender(argument, self.offered, self._settings.max_size)
        if isinstance(sender, Answer):
            return sender
        self._transaction = Transaction(sender=sender, limit=self._settings.max_size)
        self._messages += 1
        return Answer(250, "2.1.0", ("sender OK",))

    def rcpt(self, argument: str) -> Answer:
        """RCPT: add a recipient."""
        transaction = self._transaction
        if transaction is None:
            return BAD_SEQUENCE
        most = self.offered.limit("RCPTMAX")
        if most is not None and len(transaction.recipients) >= most:
            return Answer(452, "4.5.3", ("too many recipients",))
        recipient = read_recipient(argument, self.offered, utf8=transaction.utf8)
        if isinstance(recipient, Answer):
            return recipient
        transaction.recipients[recipient.address] = recipient
        return Answer(250, "2.1.5", ("recipient OK",))

    def data(self, argument: str) -> Answer:
        """DATA: ask for the message."""
        transaction = self._transaction
        if transaction is None or argument:
            return SYNTAX if argument else BAD_SEQUENCE
        if obstacle := transaction.obstacle():
            return obstacle
        if transaction.body == "BINARYMIME":
            # RFC 3030 §3: binary content has no line ends to find a dot by.
            return Answer(503, "5.5.1", ("BODY=BINARYMIME wants BDAT",))
        return Answer(354, "", ("end with a dot on a line of its own",))

    def rset(self, argument: str) -> Answer:
        """RSET: forget the transaction."""
        self._transaction = None
        return SYNTAX if argument else OK

    def noop(self, argument: str) -> Answer:
        """NOOP."""
        del argument
        return OK

    def vrfy(self, argument: str) -> Answer:
        """VRFY: say nothing, politely (RFC 5321 §3.5.3)."""
        return Answer(252, "2.1.5", ("send some mail, and see",)) if argument else SYNTAX

    def expn(self, argument: str) -> Answer:
        """EXPN: there are no lists here."""
        del argument
        return NOT_HERE

    def help_(self, argument: str) -> Answer:
        """HELP."""
        del argument
        return Answer(214, "2.0.0", ("RFC 5321 helps",))

    def quit_(self, argument: str) -> Answer:
        """QUIT: whatever else is in the line, the client wants to go."""
        del argument
        return Answer(221, "2.0.0", ("goodbye",))

    # The message.

    def _finish(self, request: ContentFinished, instead: Sequence[Answer | None]) -> list[Answer]:
        """Judge a chunk or the whole message; keep it for those whose answer is positive."""
        problem = self._problem(request)
        transaction = self._transaction
        if request.verb is Verb.BDAT:
            answer = instead[0] or problem or Answer(250, "2.0.0", ("chunk received",))
            if answer.refuses:
                self._transaction = None
            return [answer]
        subjects = self.subjects(request)
        answers = [
            wanted or problem or self._accepted(subject)
            for wanted, subject in zip(instead, subjects, strict=True)
        ]
        if transaction is not None and problem is None:
            self._keep(transaction, answers)
        self._transaction = None
        return answers

    def _accepted(self, subject: str | None) -> Answer:
        words = f"queued as {self._messages}" if subject is None else f"delivered to {subject}"
        return Answer(250, "2.0.0", (words,))

    def _keep(self, transaction: Transaction, answers: Sequence[Answer]) -> None:
        taken = [
            path
            for number, path in enumerate(transaction.recipients.values())
            if not answers[number if self._is_lmtp else 0].refuses
        ]
        if taken:
            self._deliver(self._received(transaction, taken))

    def _problem(self, request: ContentFinished) -> Answer | None:
        if request.problem is not None:
            code, text = request.problem
            return Answer(code, "5.5.1", (text,))
        transaction = self._transaction
        if transaction is None:
            return BAD_SEQUENCE
        if request.verb is not Verb.CONTENT and "CHUNKING" not in self.offered:
            return NOT_HERE
        obstacle = transaction.obstacle()
        if obstacle is not None or request.verb is Verb.BDAT:
            return obstacle
        return transaction.defect(allow_bare_line_ends=self._settings.allow_bare_line_ends)

    def _received(self, transaction: Transaction, recipients: Sequence[Path]) -> ReceivedMessage:
        return ReceivedMessage(
            sender=transaction.sender.address,
            recipients=tuple(path.address for path in recipients),
            parameters=transaction.sender.parameters,
            recipient_parameters={path.address: path.parameters for path in recipients},
            data=bytes(transaction.data),
            username=self._username,
            tls=self.tls,
            hello=self._hello,
        )


COMMANDS: Mapping[Verb, Callable[[Dialogue, str], Answer]] = {
    Verb.EHLO: Dialogue.ehlo,
    Verb.HELO: Dialogue.helo,
    Verb.LHLO: Dialogue.lhlo,
    Verb.STARTTLS: Dialogue.starttls,
    Verb.AUTH: Dialogue.auth,
    Verb.AUTH_RESPONSE: Dialogue.auth_response,
    Verb.MAIL: Dialogue.mail,
    Verb.RCPT: Dialogue.rcpt,
    Verb.DATA: Dialogue.data,
    Verb.RSET: Dialogue.rset,
    Verb.NOOP: Dialogue.noop,
    Verb.VRFY: Dialogue.vrfy,
    Verb.EXPN: Dialogue.expn,
    Verb.HELP: Dialogue.help_,
    Verb.QUIT: Dialogue.quit_,
}
"""Which method obeys which command."""
