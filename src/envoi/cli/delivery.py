"""What the server is asked to do with a mail: reports, TLS all the way, all recipients or none.

The options and the `DeliveryOptions` that they make. What is in the mail is in `composing`.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from envoi.message.envelope import DeliveryOptions, Notify

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_delivery_options", "read_options"]


def add_delivery_options(parser: ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("delivery")
    group.add_argument(
        "--notify", metavar="WHEN", type=_notify, help="reports to ask for: success,failure,delay or never"
    )
    group.add_argument("--ret", choices=["full", "headers"], help="what a report quotes of the message")
    group.add_argument("--envid", metavar="ID", help="an identifier that reports repeat")
    group.add_argument("--require-tls", action="store_true", help="every further server must use TLS, too")
    group.add_argument(
        "--all-or-nothing", action="store_true", help="send to nobody when one recipient is refused"
    )


def _notify(text: str) -> frozenset[Notify]:
    try:
        return frozenset(Notify[word.strip().upper()] for word in text.split(","))
    except KeyError:
        raise ArgumentTypeError(f"{text!r} is not success, failure, delay (with commas) or never") from None


def read_options(given: Namespace) -> DeliveryOptions:
    """Return what the server is asked to do.

    Raises:
        UsageError: two wishes exclude each other.
    """
    return DeliveryOptions(
        notify=given.notify,
        ret=given.ret,
        envid=given.envid,
        require_tls=given.require_tls,
        all_or_nothing=given.all_or_nothing,
    )
