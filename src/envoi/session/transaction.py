"""One transaction step by step, as its plan and the server allow.

For what no `flight` can carry: messages that are large, or whose size or octets are not at hand; envelopes
that wait for an answer before the message follows; servers that take one command at a time; LMTP. The replies
are counted in a `tally`. What a caller sees of it is `submit`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import Phase
from envoi.session.content import Upload
from envoi.session.flight import GROUP
from envoi.session.hearing import hear_all, withdraw
from envoi.session.tally import Tally
from envoi.smtp import commands
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from envoi.message.content import Content
    from envoi.session.content import Progress
    from envoi.session.link import Link
    from envoi.session.plan import Plan
    from envoi.smtp.commands import Command
    from envoi.smtp.replies import Reply

__all__ = ["Transaction"]


class Transaction:
    """A plan being carried out.

    Attributes:
        tally: the account of it.
    """

    __slots__ = ("_before_final", "_content", "_link", "_lmtp", "_plan", "tally")

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
        self.tally = Tally([*planned.recipients], server=link.server, all_or_nothing=planned.all_or_nothing)

    @property
    def accepted(self) -> tuple[str, ...]:
        """The recipients that the server took."""
        return tuple(self.tally.accepted)

    @property
    def refused(self) -> dict[str, Reply]:
        """The others, with the replies."""
        return self.tally.refused

    async def run(self, *, progress: Progress | None) -> Reply:
        """Carry the plan out and return the reply that accepted the message."""
        if self._plan.chunking:
            await self._by_chunks(progress=progress)
        else:
            await self._by_data(progress=progress)
        return self.tally.verdict_of_lmtp() if self._lmtp else self.tally.verdict()

    async def _by_data(self, *, progress: Progress | None) -> None:
        link, tally = self._link, self.tally
        together = self._plan.pipelining and not self._plan.all_or_nothing
        await self._say_envelope([commands.data()] if together else [])
        if tally.invited and not tally.welcome:
            await withdraw(link, tally, lmtp=self._lmtp)
        tally.check_envelope()
        if not together:
            await link.say([commands.data()])
            await hear_all(link, tally)
        tally.check_data()
        await self._upload(progress).by_data()
        await hear_all(link, tally)

    async def _by_chunks(self, *, progress: Progress | None) -> None:
        await self._say_envelope([])
        self.tally.check_envelope()
        refusal = await self._upload(progress).by_chunks()
        await hear_all(self._link, self.tally)
        if refusal is not None:
            raise self.tally.rejected(refusal, Phase.CONTENT)

    async def _say_envelope(self, tail: Sequence[Command]) -> None:
        """Send MAIL, RCPT and what may travel with them, and hear the replies."""
        link, planned = self._link, self._plan
        # What an earlier transaction left behind is cleared on the way, not in a round trip of its own.
        stale = [] if link.machine.state is State.READY else [commands.rset()]
        group = [*stale, planned.mail, *planned.recipients.values(), *tail]
        step = GROUP if planned.pipelining else 1
        for start in range(0, len(group), step):
            await link.say(group[start : start + step])
            await hear_all(link, self.tally)
            if self.tally.sender_refusal is not None:
                return

    async def _reach_end(self) -> None:
        if self._before_final is not None:
            await self._before_final()
        self.tally.ended = True

    def _upload(self, progress: Progress | None) -> Upload:
        return Upload(
            link=self._link,
            content=self._content,
            planned=self._plan,
            replies=len(self.tally.accepted) if self._lmtp else 1,
            ending=self._reach_end,
            progress=progress,
        )
