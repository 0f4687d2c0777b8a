"""The replies of one transaction, and what they add up to.

`Transaction` says the envelope and the message in the way that the plan and the server allow, and keeps
account of every recipient; from the moment the end of the message may have been written, a broken link means
`MAYBE` unless everybody had been refused before. What a caller sees of it is `submit`'s business.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from envoi.errors import (
    Accepted,
    Disconnected,
    MessageRejected,
    Phase,
    ProtocolError,
    RecipientsRejected,
    Retry,
    SenderRejected,
)
from envoi.session.content import Upload, whole
from envoi.session.link import PHASES
from envoi.smtp import commands
from envoi.smtp.commands import Verb
from envoi.smtp.explain import explain
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from envoi.errors import DeliveryError
    from envoi.message.content import Content
    from envoi.session.content import Progress
    from envoi.session.link import Link
    from envoi.session.plan import Plan
    from envoi.smtp.commands import Command
    from envoi.smtp.replies import Reply

__all__ = ["MAYBE_REMEDY", "Transaction"]

ONE_FLIGHT = 64 * 1024
"""Up to so many octets travel together with the envelope; a larger message waits to hear who wants it."""
GROUP = 500
"""Commands written before their replies are read; the driver keeps what arrives meanwhile."""
MAYBE_REMEDY = (
    "The server may have accepted the message: sending it again may deliver it twice, "
    "not sending it again may lose it"
)


class Transaction:
    """The replies of one transaction, and what they add up to."""

    __slots__ = (
        "_before_final",
        "_content",
        "_ended",
        "_link",
        "_lmtp",
        "_plan",
        "_waiting",
        "accepted",
        "data_refusal",
        "invited",
        "refused",
        "sender_refusal",
        "verdicts",
    )

    def __init__(
        self,
        link: Link,
        planned: Plan,
        content: Content,
        *,
        lmtp: bool,
        before_final: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._before_final = before_final
        self._link = link
        self._plan = planned
        self._content = content
        self._lmtp = lmtp
        self._ended = False
        self._waiting = deque(planned.recipients)
        self.accepted: list[str] = []
        self.refused: dict[str, Reply] = {}
        self.sender_refusal: Reply | None = None
        self.invited = False
        self.data_refusal: Reply | None = None
        self.verdicts: list[Reply] = []

    async def run(self, *, cautious: bool, progress: Progress | None) -> Reply:
        """Carry the plan out and return the reply that accepted the message."""
        planned = self._plan
        patient = planned.all_or_nothing or not planned.pipelining
        if not planned.chunking:
            await self._by_data(together=not patient, progress=progress)
        elif patient or cautious or self._lmtp or not self._fits_one_flight():
            await self._by_chunks(progress=progress)
        else:
            await self._in_one_flight(progress=progress)
        return self._verdict()

    @property
    def undecided(self) -> bool:
        """Whether the server may have taken the message, as long as no whole reply says otherwise."""
        return self._ended and self.sender_refusal is None and bool(self._hopeful)

    @property
    def _hopeful(self) -> tuple[str, ...]:
        # For LMTP the last word may have been said about some; it is the others that are meant.
        return (*self.accepted[len(self.verdicts) :], *self._waiting)

    def judge(self, error: DeliveryError) -> None:
        """Fill in whom an error concerns, and whether the message may have been taken."""
        if not error.recipients:
            error.recipients = self._hopeful or tuple(self.refused)
        # A whole refusal decides; an unintelligible reply does not.
        decided = error.reply is not None and not isinstance(error, ProtocolError)
        if self.undecided and not decided:
            error.accepted, error.retry, error.remedy = Accepted.MAYBE, Retry.LATER, MAYBE_REMEDY

    @property
    def _welcome(self) -> bool:
        """Whether the server wants the message: it took the sender, and somebody to deliver it to."""
        return self.sender_refusal is None and bool(self.accepted)

    def _fits_one_flight(self) -> bool:
        size = self._plan.size
        return (
            size is not None
            and size <= ONE_FLIGHT
            and len(self._plan.recipients) < GROUP
            # Behind RSET it is not certain that the server will understand the rest.
            and self._link.machine.state is State.READY
        )

    async def _by_data(self, *, together: bool, progress: Progress | None) -> None:
        await self._say_envelope([commands.data()] if together else [])
        if self.invited and not self._welcome:
            await self._withdraw()
        self._check_envelope()
        if not together:
            await self._link.say([commands.data()])
            await self._hear_all()
        if self.data_refusal is not None:
            raise self._rejected(self.data_refusal, Phase.DATA)
        await self._upload(progress).by_data()
        await self._hear_all()

    async def _by_chunks(self, *, progress: Progress | None) -> None:
        await self._say_envelope([])
        self._check_envelope()
        refusal = await self._upload(progress).by_chunks()
        await self._hear_all()
        if refusal is not None:
            raise self._rejected(refusal, Phase.CONTENT)

    async def _in_one_flight(self, *, progress: Progress | None) -> None:
        body = await whole(self._content, self._plan)
        if self._before_final is not None:
            await self._before_final()
        await self._say_envelope([], body)
        if progress is not None:
            progress(len(body), len(body))
        self._check_envelope()

    async def _say_envelope(self, tail: Sequence[Command], body: bytes | None = None) -> None:
        """Send MAIL, RCPT and what may travel with them, and hear the replies."""
        link, planned = self._link, self._plan
        # What an earlier transaction left behind is cleared on the way, not in a round trip of its own.
        stale = [] if link.machine.state is State.READY else [commands.rset()]
        group = [*stale, planned.mail, *planned.recipients.values(), *tail]
        step = GROUP if planned.pipelining else 1
        for start in range(0, len(group), step):
            octets = await link.prepare(group[start : start + step], body)
            if body is not None:
                self._note_end()
            await link.write(octets)
            await self._hear_all()
            if self.sender_refusal is not None:
                return

    async def _withdraw(self) -> None:
        """354 for nobody: an empty message ends it (RFC 2920 §3.1)."""
        if self.sender_refusal is not None or self._lmtp:
            # A server that wants a message whose sender it refused cannot be followed, and LMTP has no
            # reply to a message for nobody (RFC 2033 §4.2).
            self._link.abort()
            return
        await self._link.write(self._link.machine.end_content())
        await self._hear_all()

    async def _hear_all(self) -> None:
        link = self._link
        while link.machine.outstanding:
            verb, reply = await link.hear()
            if not link.alive and verb not in _ENDS:
                raise self._hung_up(reply, PHASES[verb])
            if verb is Verb.RSET and not reply.positive:
                raise self._stuck(reply)
            if verb is Verb.MAIL:
                self.sender_refusal = None if reply.positive else reply
            elif verb is Verb.RCPT:
                self._note_recipient(self._waiting.popleft(), reply)
            elif verb is Verb.DATA:
                self.invited = reply.intermediate
                self.data_refusal = None if self.invited else reply
            elif verb in _ENDS:
                self.verdicts.append(reply)

    def _note_recipient(self, address: str, reply: Reply) -> None:
        if reply.positive:
            self.accepted.append(address)
        else:
            self.refused[address] = reply

    def _note_end(self) -> None:
        """The end of the message is about to be written: from here on silence means MAYBE."""
        self._ended = True

    async def _reach_end(self) -> None:
        if self._before_final is not None:
            await self._before_final()
        self._note_end()

    def _upload(self, progress: Progress | None) -> Upload:
        return Upload(
            link=self._link,
            content=self._content,
            planned=self._plan,
            replies=len(self.accepted) if self._lmtp else 1,
            ending=self._reach_end,
            progress=progress,
        )

    def _check_envelope(self) -> None:
        if self.sender_refusal is not None:
            reply = self.sender_refusal
            raise SenderRejected(
                f"{self._link.server} refused the sender: {reply}",
                phase=Phase.MAIL,
                reply=reply,
                remedy=_remedy(reply),
            )
        if not self.accepted or (self.refused and self._plan.all_or_nothing):
            raise self._nobody(Phase.RCPT)

    def _verdict(self) -> Reply:
        if self._lmtp:
            return self._verdicts_of_lmtp()
        reply = self.verdicts[0]
        if not reply.positive:
            raise self._rejected(reply, Phase.FINAL)
        return reply

    def _verdicts_of_lmtp(self) -> Reply:
        # Where they end early the last one was 421, which answers for everybody who is left.
        missing = len(self.accepted) - len(self.verdicts)
        verdicts = [*self.verdicts, *self.verdicts[-1:] * missing]
        addresses, self.accepted = self.accepted, []
        for address, reply in zip(addresses, verdicts, strict=True):
            self._note_recipient(address, reply)
        if not self.accepted:
            raise self._nobody(Phase.FINAL)
        return next(reply for reply in verdicts if reply.positive)

    def _nobody(self, phase: Phase) -> RecipientsRejected:
        replies = list(self.refused.values())
        # One recipient that may be tried again makes the whole worth another try.
        reply = next((each for each in replies if each.transient), replies[0])
        named = "; ".join(f"{address}: {each}" for address, each in [*self.refused.items()][:5])
        more = f" and {len(replies) - 5} more" if len(replies) > 5 else ""
        return RecipientsRejected(
            f"{self._link.server} refused {named}{more}",
            refused=self.refused,
            phase=phase,
            reply=reply,
            remedy=_remedy(reply),
        )

    def _rejected(self, reply: Reply, phase: Phase) -> MessageRejected:
        return MessageRejected(
            f"{self._link.server} refused the message: {reply}",
            phase=phase,
            reply=reply,
            recipients=self.accepted,
            remedy=_remedy(reply),
        )

    def _stuck(self, reply: Reply) -> Disconnected:
        # What the server would make of the next envelope is unknown; a fresh connection knows nothing.
        self._link.abort()
        return Disconnected(
            f"{self._link.server} does not forget the last message: {reply}",
            phase=Phase.RESET,
            reply=reply,
            retry=Retry.NOW,
        )

    def _hung_up(self, reply: Reply, phase: Phase) -> Disconnected:
        return Disconnected(
            f"{self._link.server} ended the session: {reply}",
            phase=phase,
            reply=reply,
            remedy=_remedy(reply),
        )


_ENDS = frozenset({Verb.CONTENT, Verb.BDAT_LAST})


def _remedy(reply: Reply) -> str:
    return explain(reply.code, reply.enhanced, reply.text)
