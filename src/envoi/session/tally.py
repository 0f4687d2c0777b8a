"""What the replies of one transaction add up to: who gets the message, who does not, who may.

`Tally` is told every reply and keeps account of every recipient; from the moment the end of the message may
have been written, a broken link means `MAYBE` unless everybody had been refused before. It says and hears
nothing itself: that is for `transaction`, `flight` and `window`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import (
    Accepted,
    Disconnected,
    MessageRejected,
    Phase,
    ProtocolError,
    RecipientsRejected,
    Rejected,
    Retry,
    SenderRejected,
)
from envoi.smtp.commands import Verb
from envoi.smtp.explain import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.errors import DeliveryError
    from envoi.message.envelope import Envelope
    from envoi.smtp.replies import Reply

__all__ = ["ENDS", "MAYBE_REMEDY", "Tally", "broken_off", "in_doubt", "is_doubtful", "remedy_for"]

MAYBE_REMEDY = (
    "The server may have accepted the message: sending it again may deliver it twice, "
    "not sending it again may lose it"
)
ENDS = frozenset({Verb.CONTENT, Verb.BDAT_LAST})
"""Verbs whose reply is about the whole message."""


class Tally:
    """The account of one transaction.

    Attributes:
        ended: whether the end of the message may have been written.
        accepted: the recipients that the server took, in order.
        refused: the others whose reply came, with that reply.
        sender_refusal: the reply that refused the sender.
        invited: whether DATA was answered by 354.
        data_refusal: the reply that refused DATA.
        verdicts: the replies to the message: one, or for LMTP one per accepted recipient.
    """

    __slots__ = (
        "_all_or_nothing",
        "_answered",
        "_recipients",
        "_server",
        "accepted",
        "data_refusal",
        "ended",
        "invited",
        "refused",
        "sender_refusal",
        "verdicts",
    )

    def __init__(self, recipients: Sequence[str], *, server: str, all_or_nothing: bool = False) -> None:
        self._recipients = recipients
        self._answered = 0
        self._server = server
        self._all_or_nothing = all_or_nothing
        self.ended = False
        self.accepted: list[str] = []
        self.refused: dict[str, Reply] = {}
        self.sender_refusal: Reply | None = None
        self.invited = False
        self.data_refusal: Reply | None = None
        self.verdicts: list[Reply] = []

    def note(self, verbs: Sequence[Verb], reply: Reply) -> None:
        """Take the last reply of several; those before it were positive."""
        verb = verbs[-1]
        taken = verbs.count(Verb.RCPT) - (verb is Verb.RCPT)
        if taken:
            self.accepted += self._recipients[self._answered : self._answered + taken]
            self._answered += taken
        if verb is Verb.RCPT:
            self._note_recipient(self._recipients[self._answered], reply)
            self._answered += 1
        elif verb in ENDS:
            self.verdicts.append(reply)
        elif verb is Verb.MAIL:
            self.sender_refusal = None if reply.positive else reply
        elif verb is Verb.DATA:
            self.invited = reply.intermediate
            self.data_refusal = None if self.invited else reply

    def _note_recipient(self, address: str, reply: Reply) -> None:
        if reply.positive:
            self.accepted.append(address)
        else:
            self.refused[address] = reply

    @property
    def undecided(self) -> bool:
        """Whether the server may have taken the message, as long as no whole reply says otherwise."""
        return self.ended and self.sender_refusal is None and bool(self._hopeful)

    @property
    def welcome(self) -> bool:
        """Whether the server wants the message: it took the sender, and somebody to deliver it to."""
        return self.sender_refusal is None and bool(self.accepted)

    @property
    def _hopeful(self) -> tuple[str, ...]:
        # For LMTP the last word may have been said about some; it is the others that are meant.
        return (*self.accepted[len(self.verdicts) :], *self._recipients[self._answered :])

    def judge(self, error: DeliveryError) -> None:
        """Fill in whom an error concerns, whether the message may have been taken, and who knows already."""
        if not error.recipients:
            error.recipients = self._hopeful or tuple(self.refused)
        # A whole refusal decides; an unintelligible reply does not.
        decided = error.reply is not None and not isinstance(error, ProtocolError)
        error.verdicts = dict(self.refused)
        if self.undecided and not decided:
            in_doubt(error)
            # Only LMTP has said something of the message by now: as it said it, in the order of recipients.
            error.verdicts |= zip(self.accepted, self.verdicts, strict=False)

    def refusal(self) -> Rejected | None:
        """Return the error of a message that nobody gets any more; None as long as somebody may."""
        if self.sender_refusal is None and self._hopeful:
            return None
        return self._envelope_refusal()

    def check_envelope(self) -> None:
        """Make sure that somebody gets the message.

        Raises:
            SenderRejected, RecipientsRejected: nobody does.
        """
        refusal = self._envelope_refusal()
        if refusal is not None:
            raise refusal

    def _envelope_refusal(self) -> Rejected | None:
        if self.sender_refusal is not None:
            reply = self.sender_refusal
            return SenderRejected(
                f"{self._server} refused the sender: {reply}",
                phase=Phase.MAIL,
                reply=reply,
                recipients=self._hopeful or self.refused,
                remedy=remedy_for(reply),
            )
        if not self.accepted or (self.refused and self._all_or_nothing):
            return self._nobody(Phase.RCPT)
        return None

    def check_data(self) -> None:
        """Make sure that the message may follow.

        Raises:
            MessageRejected: it may not.
        """
        if self.data_refusal is not None:
            raise self.rejected(self.data_refusal, Phase.DATA)

    def verdict(self) -> Reply:
        """Return the reply that accepted the message.

        Raises:
            SenderRejected, RecipientsRejected, MessageRejected: none did.
        """
        if not self.verdicts or self.sender_refusal is not None or not self.accepted:
            self.check_envelope()
            self.check_data()
        reply = self.verdicts[0]
        if not reply.positive:
            raise self.rejected(reply, Phase.FINAL)
        return reply

    def verdict_of_lmtp(self) -> Reply:
        """Return the first reply that accepted the message; who is refused it after all goes to `refused`.

        Raises:
            RecipientsRejected: all of them refused it.
        """
        # Where they end early the last one was 421, which answers for everybody who is left.
        missing = len(self.accepted) - len(self.verdicts)
        verdicts = [*self.verdicts, *self.verdicts[-1:] * missing]
        addresses, self.accepted = self.accepted, []
        for address, reply in zip(addresses, verdicts, strict=True):
            self._note_recipient(address, reply)
        if not self.accepted:
            raise self._nobody(Phase.FINAL)
        return next(reply for reply in verdicts if reply.positive)

    def rejected(self, reply: Reply, phase: Phase) -> MessageRejected:
        """Return the error of a message that was refused."""
        return MessageRejected(
            f"{self._server} refused the message: {reply}",
            phase=phase,
            reply=reply,
            recipients=self.accepted,
            remedy=remedy_for(reply),
        )

    def _nobody(self, phase: Phase) -> RecipientsRejected:
        replies = list(self.refused.values())
        # One recipient that may be tried again makes the whole worth another try.
        reply = next((each for each in replies if each.transient), replies[0])
        named = "; ".join(f"{address}: {each}" for address, each in [*self.refused.items()][:5])
        more = f" and {len(replies) - 5} more" if len(replies) > 5 else ""
        return RecipientsRejected(
            f"{self._server} refused {named}{more}",
            refused=self.refused,
            phase=phase,
            reply=reply,
            remedy=remedy_for(reply),
        )


def in_doubt(error: DeliveryError) -> DeliveryError:
    """Return the error, telling now that the message may have been accepted."""
    error.accepted, error.retry, error.remedy = Accepted.MAYBE, Retry.LATER, MAYBE_REMEDY
    return error


def broken_off(by: BaseException, envelope: Envelope, *, doubtful: bool = False) -> DeliveryError:
    """Return the error of a mail whose sending was ended by what another one met with, such as Ctrl-C."""
    error = Disconnected(
        f"sending was broken off by {type(by).__name__}, and the connection closed",
        phase=Phase.FINAL if doubtful else Phase.MAIL,
        recipients=[each.address for each in envelope.recipients],
        retry=Retry.NOW,
    )
    error.__cause__ = by if isinstance(by, Exception) else None
    return in_doubt(error) if doubtful else error


def is_doubtful(error: BaseException) -> bool:
    """Whether an exception that is not ours carries the word that the message may have been accepted."""
    return MAYBE_REMEDY in getattr(error, "__notes__", ())


def remedy_for(reply: Reply) -> str:
    """Return what a refusal means for whoever reads it."""
    return explain(reply.code, reply.enhanced, reply.text)
