"""What is good or bad about a server that was looked at, each with what to do about it.

Pure: `findings` goes through an `Inspection` and returns a list that is empty for a server without faults.
Looking is in `inspect`, the words of the certificate in `certificate`, drawing is for the faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from envoi.session.settings import Protocol, Security

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from envoi.session.certificate import Certificate
    from envoi.session.inspect import Inspection
    from envoi.smtp.capabilities import Capabilities

__all__ = ["Finding", "Severity", "findings"]

SOON = timedelta(days=14)
"""Before a certificate ends: automatic renewal (ACME) has failed for two weeks by then."""
_SUBMISSION_PORTS = (465, 587)


class Severity(Enum):
    """How much it matters."""

    FAULT = "fault"
    """A session with these settings fails."""
    WARNING = "warning"
    """It works, and could be better or safer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to do something about.

    Attributes:
        what: what is the matter.
        remedy: what to do; empty when nothing is known.
    """

    severity: Severity
    what: str
    remedy: str = ""


def findings(
    inspection: Inspection,
    certificate: Certificate | None,
    now: datetime,
    *,
    protocol: Protocol = Protocol.SMTP,
) -> tuple[Finding, ...]:
    """Return everything that is the matter, the failure first."""
    failure = inspection.failure
    found: list[Finding] = []
    if failure is not None:
        found.append(Finding(severity=Severity.FAULT, what=str(failure.args[0]), remedy=failure.remedy))
    found += _of_secrecy(inspection)
    if certificate is not None and failure is None:
        found += _of_dates(certificate, now)
    if inspection.offered is not None:
        found += _of_offer(inspection.offered, inspection, protocol)
    return tuple(found)


def _of_secrecy(inspection: Inspection) -> Iterator[Finding]:
    clear = inspection.in_clear
    if clear is None:
        return
    if inspection.security is Security.PLAINTEXT:
        offered = "STARTTLS" in clear
        yield _warning(
            "the connection is not encrypted",
            "The server offers STARTTLS: use it." if offered else "Its operator should switch TLS on.",
        )
    if clear.mechanisms:
        yield _warning(
            f"it offers a login before TLS ({', '.join(clear.mechanisms)})",
            "A careless client sends its password readable to everybody on the way. Its operator should "
            "offer AUTH under TLS only (in Postfix smtpd_tls_auth_only=yes).",
        )


def _of_dates(certificate: Certificate, now: datetime) -> Iterator[Finding]:
    end = certificate.not_after
    if end is None or end - now > SOON:
        return
    # A pinned certificate may have expired and be accepted all the same.
    when = f"expires in {_days(end - now)}" if end >= now else f"expired {_days(now - end)} ago"
    yield _warning(
        f"its certificate {when}, on {end:%Y-%m-%d}",
        "Its operator should renew it; automatic renewal seems to have failed.",
    )


def _of_offer(offered: Capabilities, inspection: Inspection, protocol: Protocol) -> Iterator[Finding]:
    if not offered.keywords and protocol is Protocol.SMTP:
        yield _warning(
            "it offers no extension at all",
            "A firewall that meddles with SMTP, or a very old server, may be the cause; large or accented "
            "messages can fail.",
        )
        return
    for keyword, consequence in _WANTED.items():
        if keyword not in offered:
            yield _warning(f"it does not offer {keyword}", consequence)
    submission = inspection.tls is not None and inspection.endpoint.port in _SUBMISSION_PORTS
    if submission and not offered.mechanisms:
        yield _warning(
            "it offers no way to log in",
            "Unless it goes by the sender's network address, it will refuse to relay: its operator should "
            "offer AUTH on this port.",
        )


_WANTED = {
    "PIPELINING": "Every command costs a round trip of its own; sending is slower than it need be.",
    "8BITMIME": "Accented text has to be encoded, which envoi does by itself; finished messages may not fit.",
    "SIZE": "A message that is too large is refused only after it was sent.",
}


def _days(span: timedelta) -> str:
    return "1 day" if span.days == 1 else f"{span.days} days"


def _warning(what: str, remedy: str) -> Finding:
    return Finding(severity=Severity.WARNING, what=what, remedy=remedy)
