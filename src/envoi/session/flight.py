"""A transaction whose octets travel together: the ordinary mail on an ordinary server, in one go.

The law: a flight says, octet for octet, what `transaction` and its plan would say of the same message, and
ends in the same receipt or error; it only saves the steps in between. Whatever is not ordinary (a large or
asynchronous message, LMTP, no PIPELINING) has no flight. What replies mean is `tally`'s affair for both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.errors import Phase
from envoi.message.envelope import PLAIN
from envoi.message.raw import RawEmail
from envoi.session.content import check_refusal
from envoi.session.hearing import hear_all, note, withdraw
from envoi.session.plan import check_limits, plan
from envoi.session.tally import Tally
from envoi.smtp import commands, parameters
from envoi.smtp.commands import Verb
from envoi.smtp.data import whole_data, whole_lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from envoi.message.content import Content, WireEncoding
    from envoi.message.envelope import Envelope
    from envoi.session.content import Progress
    from envoi.session.link import Link
    from envoi.session.plan import Plan
    from envoi.session.terms import Terms
    from envoi.smtp.commands import Command
    from envoi.smtp.replies import Reply

__all__ = ["GROUP", "Flight", "flight_as_planned", "flight_for", "fly", "ordinary_flight"]

ONE_FLIGHT = 64 * 1024
"""Up to so many octets travel together with the envelope; a larger message waits to hear who wants it."""
GROUP = 500
"""Commands written before their replies are read; the driver keeps what arrives meanwhile."""


class Flight:
    """One message, ready to be said.

    Attributes:
        head: the commands' octets.
        verbs: what they are.
        shown: the same as a transcript shows them; None when there is none.
        body: the message as it goes on the wire.
        size: octets of the message, before what its transport adds.
        chunked: whether the body follows the commands at once (BDAT), or waits for 354.
        recipients: to whom.
        untold: all its verbs, as long as no reply was noted; else none.
        ended: whether the end of the message may have been written.
    """

    __slots__ = (
        "_server",
        "_tally",
        "body",
        "chunked",
        "ended",
        "head",
        "recipients",
        "shown",
        "size",
        "untold",
        "verbs",
    )

    def __init__(
        self,
        head: bytes,
        verbs: tuple[Verb, ...],
        body: bytes,
        size: int,
        recipients: list[str],
        server: str,
        chunked: bool,
        shown: Sequence[Command] | None = None,
    ) -> None:
        self.head = head
        self.verbs = self.untold = verbs
        self.body = body
        self.size = size
        self.recipients = recipients
        self.chunked = chunked
        self.shown = shown
        self.ended = False
        self._server = server
        self._tally: Tally | None = None

    @property
    def tally(self) -> Tally:
        """The account of it, opened when somebody asks: a mail that all goes well for needs none."""
        if self._tally is None:
            self._tally = Tally(self.recipients, server=self._server)
            self.untold = ()
        self._tally.ended = self.ended
        return self._tally

    @property
    def accepted(self) -> tuple[str, ...]:
        """The recipients that the server took."""
        return tuple(self.recipients if self._tally is None else self._tally.accepted)

    @property
    def refused(self) -> dict[str, Reply]:
        """The others, with the replies."""
        return {} if self._tally is None else self._tally.refused

    def put_behind_reset(self) -> None:
        """Put RSET in front."""
        self.head = _RESET.line + self.head
        self.verbs = self.untold = _with_reset(self.verbs)
        if self.shown is not None:
            self.shown = [_RESET, *self.shown]


_RESET = commands.rset()


@lru_cache(maxsize=512)
def _with_reset(verbs: tuple[Verb, ...]) -> tuple[Verb, ...]:
    return (Verb.RSET, *verbs)


def flight_for(link: Link, envelope: Envelope, content: Content, terms: Terms) -> Flight | None:
    """Return the flight of a mail on this link, or None when it needs more than one.

    Raises:
        UsageError: the server cannot carry it, or it cannot be read; nothing was sent.
    """
    server = link.server
    if not terms.pipelining:
        return None
    if not link.shown:
        flight = ordinary_flight(envelope, content, terms, server)
        if flight is not None:
            return flight
    return flight_as_planned(plan(envelope, content, terms, server=server), content, server=server)


def ordinary_flight(envelope: Envelope, content: Content, terms: Terms, server: str) -> Flight | None:
    """Return the flight of a mail that asks for nothing but its delivery; None for any other.

    Raises:
        UsageError: as `plan`, or the content cannot be read.
    """
    recipients: list[str] = []
    for each in envelope.recipients:
        if each.notify is not None or each.original is not None:
            return None
        recipients.append(each.address)
    count, chunked = len(recipients), terms.chunking
    if (
        count > GROUP - 2
        or (envelope.options is not PLAIN and envelope.options != PLAIN)
        or not terms.pipelining
    ):
        return None
    message = _small_message(content, terms)
    if message is None:
        return None
    size, body, eightbit = message
    if size > (terms.largest or size) or terms.most_recipients is not None:
        check_limits(count, size, terms, server)
    said = f" {parameters.size(size)}{eightbit}" if terms.sized else eightbit
    head = commands.transaction(envelope.sender, recipients, said, len(body) if chunked else None)
    if head is None:
        return None
    return Flight(head, _verbs(count, chunked), body, size, recipients, server, chunked)


def _small_message(content: Content, terms: Terms) -> tuple[int, bytes, str] | None:
    """Return the size of a message, its octets on the wire, and its BODY parameter behind a space, if any.

    None when it is large, has to be waited for, or is not for every server.
    """
    chunked = terms.chunking
    if isinstance(content, RawEmail) and (message := content.content.plain) is not None:
        size = len(message)
        if size > ONE_FLIGHT:
            return None
        return size, message if chunked else whole_data(message, repaired=True), ""
    if content.is_async:
        return None
    needs = content.requirements(terms.encoding)
    used = needs.encoding
    known = content.size(used)
    if known is None or known > ONE_FLIGHT or needs.smtputf8:
        return None
    parameter = "" if needs.body == "7bit" else f" {parameters.body(needs.body)}"
    return known, _body(content, used, chunked=chunked, repaired=needs.repaired), parameter


def flight_as_planned(planned: Plan, content: Content, *, server: str) -> Flight | None:
    """Return the flight of any plan that fits one; None for any other.

    Raises:
        UsageError: the content cannot be read.
    """
    if (
        planned.all_or_nothing
        or not planned.pipelining
        or content.is_async
        or planned.size is None
        or planned.size > ONE_FLIGHT
        or len(planned.recipients) > GROUP - 2
    ):
        return None
    body = _body(content, planned.used, chunked=planned.chunking, repaired=False)
    end = commands.bdat(len(body), last=True) if planned.chunking else commands.data()
    shown = [planned.mail, *planned.recipients.values(), end]
    return Flight(
        b"".join([command.line for command in shown]),
        tuple([command.verb for command in shown]),
        body,
        planned.size,
        [*planned.recipients],
        server,
        planned.chunking,
        shown,
    )


def _body(content: Content, used: WireEncoding, *, chunked: bool, repaired: bool) -> bytes:
    message = b"".join(content.chunks(used))
    repaired = repaired or used.binary
    if not chunked:
        return whole_data(message, repaired=repaired)
    return message if repaired else whole_lines(message)


@lru_cache(maxsize=GROUP)
def _verbs(recipients: int, chunked: bool) -> tuple[Verb, ...]:
    return (Verb.MAIL, *[Verb.RCPT] * recipients, Verb.BDAT_LAST if chunked else Verb.DATA)


async def fly(
    link: Link,
    flight: Flight,
    progress: Progress | None,
    before_final: Callable[[], Awaitable[None]] | None,
) -> Reply:
    """Say a flight and return the reply that accepted the message.

    Raises:
        Rejected, DeliveryError: as `submit`.
    """
    if flight.chunked and before_final is not None:
        await before_final()
    link.phase = Phase.MAIL
    await link.check_turn()
    link.expect(flight)
    if flight.chunked:
        flight.ended = True
        await link.write(flight.head + flight.body)
        verbs, reply = await link.hear_run(flight.verbs)
        if verbs is not flight.verbs:
            note(link, flight.tally, verbs, reply)
            await hear_all(link, flight.tally)
        _tell(progress, flight)
        return reply if verbs is flight.verbs else flight.tally.verdict()
    await link.write(flight.head)
    tally = flight.tally
    await hear_all(link, tally, flight.verbs)
    if tally.invited and not tally.welcome:
        await withdraw(link, tally, lmtp=False)
    tally.check_envelope()
    tally.check_data()
    await _say_message(link, flight, before_final)
    _tell(progress, flight)
    await hear_all(link, tally)
    return tally.verdict()


async def _say_message(
    link: Link, flight: Flight, before_final: Callable[[], Awaitable[None]] | None
) -> None:
    link.begin(Phase.CONTENT)
    await check_refusal(link)
    if before_final is not None:
        try:
            await before_final()
        except BaseException:
            link.abort()
            raise
    link.begin(Phase.FINAL)
    flight.ended = flight.tally.ended = True
    link.machine.expect_content()
    await link.write(flight.body)


def _tell(progress: Progress | None, flight: Flight) -> None:
    if progress is not None:
        progress(flight.size, flight.size)
