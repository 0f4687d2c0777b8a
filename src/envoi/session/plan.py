"""How a message will travel, decided before a word of it is said.

`plan` holds a message and its envelope against the server's terms and returns the commands to
send, or raises, with nothing sent, when the server cannot carry it. Pure: no I/O, no state. The
plan is carried out by `transaction`; one whose octets all travel together is a `flight`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import InvalidAddress, MessageTooLarge, NotSupportedByServer
from envoi.smtp import commands, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.content import Content, Requirements, WireEncoding
    from envoi.message.envelope import DeliveryOptions, Envelope, Recipient
    from envoi.session.terms import Terms
    from envoi.smtp.commands import Command

__all__ = ["Plan", "check_limits", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One transaction, ready to be said.

    Attributes:
        mail: the MAIL command.
        recipients: address → its RCPT command, in order.
        used: what the content is encoded for; unless that is binary, its line ends are made CRLF.
        chunking: BDAT rather than DATA.
        pipelining: commands may travel together.
        all_or_nothing: one refused recipient stops the message for all.
        size: octets of the content, when known.
    """

    mail: Command
    recipients: dict[str, Command]
    used: WireEncoding
    chunking: bool
    pipelining: bool
    all_or_nothing: bool
    size: int | None


def plan(envelope: Envelope, content: Content, terms: Terms, *, server: str) -> Plan:
    """Decide how to send.

    Raises:
        NotSupportedByServer: the message or an option needs an extension that is not offered.
        MessageTooLarge: the content is larger than the server takes.
        InvalidAddress: an address needs SMTPUTF8, which is not offered.
    """
    # First, as it can name the address where the content would only say what is missing.
    _check_addresses(envelope, terms, server)
    needs = content.requirements(terms.encoding)
    used = needs.encoding
    size = content.size(used)
    _check_extensions(envelope, terms, server)
    check_limits(len(envelope.recipients), size, terms, server)
    utf8 = envelope.needs_smtputf8 or needs.smtputf8
    return Plan(
        mail=commands.mail(
            envelope.sender, _mail_parameters(envelope.options, terms, needs, size, utf8=utf8)
        ),
        recipients={
            recipient.address: commands.rcpt(recipient.address, _rcpt_parameters(recipient, envelope.options))
            for recipient in envelope.recipients
        },
        used=used,
        chunking=terms.chunking,
        pipelining=terms.pipelining,
        all_or_nothing=envelope.options.all_or_nothing,
        size=size,
    )


def check_limits(recipients: int, size: int | None, terms: Terms, server: str) -> None:
    """Hold a message against the limits that the server has announced.

    Raises:
        MessageTooLarge: of octets.
        NotSupportedByServer: of recipients.
    """
    largest, most = terms.largest, terms.most_recipients
    if size is not None and largest is not None and size > largest:
        raise MessageTooLarge(
            f"the message has {size:,} octets, and {server} takes {largest:,} at most. "
            "Send a link instead of the attachment, or split it"
        )
    if most is not None and recipients > most:
        raise NotSupportedByServer(
            f"{server} takes {most} recipients per message, and this one has {recipients}: send it in parts"
        )


def _check_extensions(envelope: Envelope, terms: Terms, server: str) -> None:
    for keyword, wish in _wishes(envelope):
        if keyword not in terms.offered:
            raise NotSupportedByServer(f"{server} does not offer {keyword}, which {wish} needs")


def _wishes(envelope: Envelope) -> Iterator[tuple[str, str]]:
    options = envelope.options
    if (
        options.ret
        or options.envid
        or options.notify
        or any(each.notify or each.original for each in envelope.recipients)
    ):
        yield "DSN", "a delivery status notification"
    if options.require_tls:
        yield "REQUIRETLS", "require_tls"
    if options.priority is not None:
        yield "MT-PRIORITY", "a priority"
    if options.hold_for is not None or options.hold_until is not None:
        yield "FUTURERELEASE", "a later release"
    if options.deliver_by is not None:
        yield "DELIVERBY", "deliver_by"


def _check_addresses(envelope: Envelope, terms: Terms, server: str) -> None:
    if envelope.needs_smtputf8 and not terms.encoding.smtputf8:
        addresses = (envelope.sender, *(each.address for each in envelope.recipients))
        culprit = next(address for address in addresses if not address.isascii())
        raise InvalidAddress(
            f"{culprit!r} has characters outside ASCII before the @, and {server} does not offer SMTPUTF8: "
            "ask for another address of that person, or use another server"
        )


def _mail_parameters(
    options: DeliveryOptions, terms: Terms, needs: Requirements, size: int | None, *, utf8: bool
) -> Iterator[str]:
    if size is not None and terms.sized:
        yield parameters.size(size)
    if needs.body != "7bit":
        yield parameters.body(needs.body)
    if utf8:
        yield parameters.smtputf8()
    if options.require_tls:
        yield parameters.require_tls()
    yield from _option_parameters(options)


def _option_parameters(options: DeliveryOptions) -> Iterator[str]:
    if options.ret is not None:
        yield parameters.ret(options.ret)
    if options.envid is not None:
        yield parameters.envid(options.envid)
    if options.priority is not None:
        yield parameters.mt_priority(options.priority)
    if options.hold_for is not None:
        yield parameters.hold_for(options.hold_for)
    if options.hold_until is not None:
        yield parameters.hold_until(options.hold_until)
    if options.deliver_by is not None:
        yield parameters.deliver_by(
            options.deliver_by, options.deliver_by_mode, trace=options.deliver_by_trace
        )


def _rcpt_parameters(recipient: Recipient, options: DeliveryOptions) -> Iterator[str]:
    notify = recipient.notify if recipient.notify is not None else options.notify
    if notify:
        yield parameters.notify([condition.name for condition in notify])
    if recipient.original is not None:
        yield parameters.orcpt(recipient.original)
