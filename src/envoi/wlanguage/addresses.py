"""`EmailCheckAddress`: whether an address can be written to, by its form or by asking its server.

Asking needs the extra ``dns`` and a way to port 25, which most networks at home close; and many servers take
any recipient and complain later. "Valid" is therefore a hope then, "refused" a fact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi import SMTPSession
from envoi.drivers.dns import blocking_resolver
from envoi.errors import EnvoiError, InvalidAddress, RecipientsRejected
from envoi.errors import Phase as _Phase
from envoi.message.address import Address
from envoi.session.run import run_sync
from envoi.wlanguage.constants import Check, Verdict
from envoi.wlanguage.last_error import leaves_error, remember
from envoi.wlanguage.timeouts import timeouts

if TYPE_CHECKING:
    from envoi.discovery.ports import DNS

__all__ = ["EmailCheckAddress", "EmailVérifieAdresse"]

_PLAIN = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-z0-9-]+\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)", re.IGNORECASE
)
SMTP_PORT = 25


def EmailCheckAddress(
    address: str, level: int = Check.SYNTAX, *, dns: DNS | None = None, port: int = SMTP_PORT
) -> Verdict:
    """Return `emailAddressValid`, or why not.

    Args:
        address: ``a@example.org``, with or without a name.
        level: `emailValidateSyntax` for any address that mail can carry, `emailValidateStrictSyntax` for one
            of the usual form (no quoted or international local part, a domain of two labels or more), or
            `emailValidateByServer` to ask the domain's server too.
        dns: whom to ask for the server; the system's name servers without.
        port: where that server listens.
    """
    return _checked(address, level, dns, port)


EmailVérifieAdresse = EmailCheckAddress


@leaves_error(otherwise=Verdict.ERROR)
def _checked(text: str, level: int, dns: DNS | None, port: int) -> Verdict:
    try:
        address = Address.parse(text)
    except InvalidAddress as error:
        remember(error)
        return Verdict.INCORRECT_SYNTAX
    if level == Check.STRICT_SYNTAX and not _PLAIN.fullmatch(address.spec):
        remember(InvalidAddress(f"{address.spec} is a valid address of an unusual form"))
        return Verdict.INCORRECT_SYNTAX
    if level == Check.BY_SERVER:
        return _asked(address, dns or blocking_resolver(), port)
    return Verdict.VALID


def _asked(address: Address, dns: DNS, port: int) -> Verdict:
    """Ask the domain's servers in their order; the first that answers decides."""
    # A domain without MX records receives its mail itself (RFC 5321 §5.1).
    servers = run_sync(dns.mail_exchangers(address.domain)) or (address.domain,)
    trouble: EnvoiError | None = None
    for server in servers:
        try:
            with SMTPSession(server, port, security="plaintext", timeout=timeouts()) as session:
                reply = session.probe(address.spec)
        except EnvoiError as error:
            trouble = error
            continue
        if reply.positive:
            return Verdict.VALID
        remember(
            RecipientsRejected(
                f"{server} does not take mail for {address.spec}: {reply}",
                refused={address.spec: reply},
                phase=_Phase.RCPT,
                reply=reply,
            )
        )
        return Verdict.REFUSED if reply.code >= 500 else Verdict.ERROR
    assert trouble is not None  # noqa: S101 - there was one server at least
    raise trouble
