"""`EmailStatus`: what became of a mail that a session with `Asynchronous` was given.

The mail is in the user's outbox on disk (`envoi outbox list` shows it), so that the answer is the same in
another program and after a restart; the original's list was gone with the program that kept it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envoi import Outbox
from envoi.drivers.data_folder import default_outbox
from envoi.errors import OutboxError
from envoi.outbox import State
from envoi.wlanguage.constants import Status
from envoi.wlanguage.last_error import leaves_error, remember

if TYPE_CHECKING:
    from envoi.outbox import MessageStatus, RecipientStatus

__all__ = ["EmailEtat", "EmailStatus"]

_ENDED_BADLY = (State.FAILED, State.UNKNOWN, State.CANCELLED)


@leaves_error(otherwise=Status.ERROR)
def EmailStatus(identifier: str) -> Status:
    """Return `emailPending`, `emailSent` or `emailError`.

    `ErrorInfo` then explains an error, recipient by recipient.

    Args:
        identifier: the `ID` of the message, as sending set it.
    """
    with Outbox(default_outbox(os.environ)) as outbox:
        mail = outbox.status(identifier)
    if wrong := [recipient for recipient in mail.recipients if recipient.state in _ENDED_BADLY]:
        remember(OutboxError(_explanation(mail, wrong)))
        return Status.ERROR
    return Status.PENDING if any(each.state.open for each in mail.recipients) else Status.SENT


def _explanation(mail: MessageStatus, wrong: list[RecipientStatus]) -> str:
    fates = "; ".join(
        f"{each.address} {each.state.value}"
        + (f": {each.reply or each.text}" if each.reply or each.text else "")
        for each in wrong
    )
    return f"{mail.message_id}: {fates}"


EmailEtat = EmailStatus
