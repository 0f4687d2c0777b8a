"""Hearing the replies of a transaction, and where a reply ends more than the transaction.

What has come is taken in one step where that can be, and noted in the `tally`. A server that hangs up, or
will not forget the last message, is an error of the link and not of the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import Disconnected, Phase, Retry
from envoi.session.link import PHASES
from envoi.session.tally import ENDS, remedy_for
from envoi.smtp.commands import Verb
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.session.link import Link
    from envoi.session.tally import Tally
    from envoi.smtp.replies import Reply

__all__ = ["check_link", "hear_all", "hung_up", "note", "withdraw"]


async def hear_all(link: Link, tally: Tally, whole: tuple[Verb, ...] = ()) -> None:
    """Hear all replies that are owed, and note them; `whole` are the verbs they answer, where that is known.

    Raises:
        Disconnected: the server ended the session, or cannot be used any more.
    """
    machine = link.machine
    while machine.outstanding:
        note(link, tally, *await link.hear_run(whole))
        whole = ()


def note(link: Link, tally: Tally, verbs: Sequence[Verb], reply: Reply) -> None:
    """Note what was heard.

    Raises:
        Disconnected: as `check_link`.
    """
    if link.machine.state is State.CLOSED or verbs[-1] is Verb.RSET:
        check_link(link, verbs[-1], reply)
    tally.note(verbs, reply)


def check_link(link: Link, verb: Verb, reply: Reply) -> None:
    """Make sure that the dialogue goes on behind the reply to a verb.

    Raises:
        Disconnected: the server ended the session, or cannot be used any more.
    """
    if not link.alive and verb not in ENDS:
        raise hung_up(link, reply, PHASES[verb])
    if verb is Verb.RSET and not reply.positive:
        raise _stuck(link, reply)


async def withdraw(link: Link, tally: Tally, *, lmtp: bool) -> None:
    """354 for nobody: an empty message ends it (RFC 2920 §3.1)."""
    if tally.sender_refusal is not None or lmtp:
        # A server that wants a message whose sender it refused cannot be followed, and LMTP has no
        # reply to a message for nobody (RFC 2033 §4.2).
        link.abort()
        return
    await link.write(link.machine.end_content())
    await hear_all(link, tally)


def _stuck(link: Link, reply: Reply) -> Disconnected:
    # What the server would make of the next envelope is unknown; a fresh connection knows nothing.
    link.abort()
    return Disconnected(
        f"{link.server} does not forget the last message: {reply}",
        phase=Phase.RESET,
        reply=reply,
        retry=Retry.NOW,
    )


def hung_up(link: Link, reply: Reply, phase: Phase) -> Disconnected:
    """Return the error of a session that the server has ended by this reply."""
    return Disconnected(
        f"{link.server} ended the session: {reply}",
        phase=phase,
        reply=reply,
        remedy=remedy_for(reply),
    )
