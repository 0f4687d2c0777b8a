"""The envelope that a standard-library message brings in its own fields.

Sender before From, `Resent-` fields before the original ones (RFC 5322 §3.6.6), To, Cc and Bcc as recipients.
Where the fields leave a choice (several authors without a Sender, several resent blocks), it is refused
and not made. Only reading; that `Bcc` does not travel is the business of `stdlib`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envoi.errors import InvalidHeader
from envoi.message.address import Address
from envoi.message.mailboxes import parse_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

__all__ = ["named_recipients", "named_sender"]

_FOLD = re.compile(r"\r?\n(?=[ \t])")


def named_sender(message: Message[Any, Any]) -> str:
    """Return the envelope sender that the fields name.

    Raises:
        InvalidHeader: there is none, or several, or the message was resent more than once.
        InvalidAddress: a field holds something that is no address.
    """
    prefix = _prefix(message)
    senders = list(_specs(message, f"{prefix}Sender")) or list(_specs(message, f"{prefix}From"))
    if len(senders) == 1:
        return senders[0]
    found = (
        f"{len(senders)} authors and no {prefix}Sender"
        if senders
        else f"neither {prefix}Sender nor {prefix}From"
    )
    raise InvalidHeader(f"the message has {found}: give sender=")


def named_recipients(message: Message[Any, Any]) -> tuple[str, ...]:
    """Return the recipients that the fields name, each once.

    Raises:
        InvalidHeader: there is none, or the message was resent more than once.
        InvalidAddress: a field holds something that is no address.
    """
    prefix = _prefix(message)
    recipients = tuple(dict.fromkeys(_specs(message, *(prefix + name for name in ("To", "Cc", "Bcc")))))
    if not recipients:
        raise InvalidHeader(
            f"the message has no address in {prefix}To, {prefix}Cc or {prefix}Bcc: give recipients="
        )
    return recipients


def _prefix(message: Message[Any, Any]) -> str:
    blocks = len(message.get_all("Resent-Date", []))
    if blocks > 1:
        raise InvalidHeader("the message was resent more than once: give sender= and recipients=")
    return "Resent-" if blocks else ""


def _specs(message: Message[Any, Any], *names: str) -> Iterator[str]:
    for name in names:
        for field in message.get_all(name, []):
            # The newer interface has parsed the field already; the older one hands out its text.
            parsed = getattr(field, "addresses", None)
            if parsed is not None:
                yield from (Address.parse(mailbox.addr_spec).spec for mailbox in parsed)
            else:
                yield from _members(_FOLD.sub("", str(field)))


def _members(text: str) -> Iterator[str]:
    for one in parse_list(text):
        yield from [one.spec] if isinstance(one, Address) else [member.spec for member in one.members]
