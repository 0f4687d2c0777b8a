"""A receipt as people and programs read it: who was accepted, who was not and why.

Makes a `Page` for the eye and a JSON object for programs out of a `Receipt`; errors are told in `failures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi.cli.failures import reply_report
from envoi.cli.page import Mark, Page, Row, Section
from envoi.cli.wording import for_command_line
from envoi.smtp.explain import explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.session.receipt import Receipt
    from envoi.smtp.replies import Reply

__all__ = ["receipt_page", "receipt_report"]


def receipt_page(receipt: Receipt) -> Page:
    """Describe a receipt for people."""
    accepted, all_of_them = len(receipt.accepted), len(receipt.accepted) + len(receipt.refused)
    if receipt.refused:
        title = f"{receipt.server} accepted the message for {accepted} of {all_of_them} recipients"
    else:
        title = f"{receipt.server} accepted the message"
    return Page(
        title=title,
        mark=Mark.WARNING if receipt.refused else Mark.GOOD,
        sections=(Section(rows=tuple(_recipients(receipt))), Section(rows=tuple(_facts(receipt)))),
    )


def _recipients(receipt: Receipt) -> Iterator[Row]:
    for address in receipt.accepted:
        yield Row(mark=Mark.GOOD, label=address, text="accepted")
    for address, reply in receipt.refused.items():
        yield Row(mark=Mark.BAD, label=address, text=str(reply), hint=_advice(reply))


def _advice(reply: Reply) -> str:
    remedy = for_command_line(explain(reply.code, reply.enhanced, reply.text))
    again = "Later it may be accepted." if reply.transient else ""
    return " ".join(part for part in (remedy, again) if part)


def _facts(receipt: Receipt) -> Iterator[Row]:
    yield Row(label="Reply", text=str(receipt.reply))
    yield Row(label="Message-ID", text=receipt.message_id or "none in the message")
    if receipt.tls is None:
        yield Row(label="TLS", text="none: the message went in clear", mark=Mark.WARNING)
    else:
        yield Row(label="TLS", text=f"{receipt.tls}, {'verified' if receipt.verified else 'NOT VERIFIED'}")


def receipt_report(receipt: Receipt) -> dict[str, Any]:
    """Describe a receipt for programs; the keys are the attributes of `Receipt`."""
    return {
        "message_id": receipt.message_id,
        "sender": receipt.sender,
        "accepted": list(receipt.accepted),
        "refused": {address: reply_report(reply) for address, reply in receipt.refused.items()},
        "reply": reply_report(receipt.reply),
        "server": receipt.server,
        "tls": receipt.tls,
        "verified": receipt.verified,
    }
