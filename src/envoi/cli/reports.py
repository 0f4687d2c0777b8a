"""What was found out about a server, as people and programs read it.

Makes a `Page` for the eye and a JSON object for programs out of a `ServerReport`. What is good or bad was
decided in `envoi.session.findings`; here it only gets its mark.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from envoi.cli.failures import failure_report, reply_report
from envoi.cli.page import Mark, Page, Row, Section
from envoi.cli.wording import for_command_line
from envoi.session.findings import Severity
from envoi.session.settings import Security

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from envoi.client.inspect import ServerReport
    from envoi.session.certificate import Certificate
    from envoi.session.inspect import Inspection
    from envoi.smtp.capabilities import Capabilities

__all__ = ["report_page", "report_report"]

_NAMES = {Security.STARTTLS: "STARTTLS", Security.TLS: "TLS", Security.PLAINTEXT: "no TLS"}
_MARKS = {Severity.FAULT: Mark.BAD, Severity.WARNING: Mark.WARNING}


def report_page(report: ServerReport, now: datetime) -> Page:
    """Describe a server for people."""
    seen = report.inspection
    title = f"{seen.endpoint.host}, port {seen.endpoint.port}, {_NAMES[seen.security]}"
    sections = (
        Section(heading="Connection", rows=tuple(_connection(report))),
        Section(heading="TLS", rows=tuple(_tls(report, now))),
        Section(heading="Before TLS it offers", rows=tuple(_before_tls(seen))),
        Section(heading="It offers", rows=tuple(_offer(seen.offered))),
        Section(heading="Findings", rows=tuple(_findings(report))),
    )
    return Page(title=title, mark=_verdict(report), sections=tuple(one for one in sections if one.rows))


def _verdict(report: ServerReport) -> Mark:
    if report.inspection.failure is not None:
        return Mark.BAD
    return Mark.WARNING if report.findings else Mark.GOOD


def _connection(report: ServerReport) -> Iterator[Row]:
    seen = report.inspection
    if report.addresses:
        yield Row(label="Addresses", text=", ".join(report.addresses))
    if seen.peer is not None:
        yield Row(label="Answered", text=seen.peer)
    if seen.greeting is not None:
        yield Row(label="Greeting", text=str(seen.greeting))
    if seen.logged_in:
        yield Row(label="Login", text="accepted")
    if seen.round_trips:
        times = sorted(1000 * seconds for seconds in seen.round_trips)
        text = f"{median(times):.1f} ms (median of {len(times)}; {times[0]:.1f} to {times[-1]:.1f})"
        yield Row(label="Round trip", text=text)


def _tls(report: ServerReport, now: datetime) -> Iterator[Row]:
    tls, certificate = report.inspection.tls, report.certificate
    if tls is None or certificate is None:
        return
    yield Row(label="Version", text=f"{tls.version}, {tls.cipher}")
    yield Row(label="Certificate", text="verified" if tls.verified else "NOT VERIFIED")
    for label, text in (
        ("For", certificate.subject),
        ("Names", ", ".join(certificate.names)),
        ("Issuer", certificate.issuer),
        ("Valid", _validity(certificate, now)),
    ):
        if text:
            yield Row(label=label, text=text)
    yield Row(label="SHA-256", text=certificate.fingerprint)
    for authority in report.authorities:
        names = f"{authority.subject}, issued by {authority.issuer}" if authority.subject else ""
        parts = (names or authority.fingerprint, _validity(authority, now))
        yield Row(label="Chain", text="; ".join(part for part in parts if part))


def _validity(certificate: Certificate, now: datetime) -> str:
    begin, end = certificate.not_before, certificate.not_after
    if begin is None or end is None:
        return ""
    left = (end - now).days
    return f"{begin:%Y-%m-%d} to {end:%Y-%m-%d} ({f'{left} days left' if end > now else 'over'})"


def _before_tls(seen: Inspection) -> Iterator[Row]:
    # Without TLS in the end there is one list only.
    if seen.in_clear is not None and seen.in_clear is not seen.offered:
        words = (" ".join((keyword, *rest)) for keyword, rest in seen.in_clear.keywords.items())
        yield Row(text=", ".join(words) or "nothing")


def _offer(offered: Capabilities | None) -> Iterator[Row]:
    if offered is None:
        return
    for keyword, parameters in offered.keywords.items():
        text = " ".join(parameters)
        if keyword == "SIZE":
            text = _size(offered.size)
        yield Row(label=keyword, text=text)
    if not offered.keywords:
        yield Row(text="nothing")


def _findings(report: ServerReport) -> Iterator[Row]:
    for finding in report.findings:
        hint = for_command_line(finding.remedy)
        yield Row(mark=_MARKS[finding.severity], text=for_command_line(finding.what), hint=hint)
    if not report.findings:
        yield Row(mark=Mark.GOOD, text="nothing is wrong with it")


def _size(octets: int | None) -> str:
    if octets is None:
        return "no limit"
    size, units = octets / 1024, ["KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{octets:,} octets" + (f" ({size:,.4g} {units[0]})" if size >= 1 else "")


def report_report(report: ServerReport) -> dict[str, Any]:
    """Describe a server for programs; times are in seconds, instants in ISO 8601."""
    seen = report.inspection
    return {
        "host": seen.endpoint.host,
        "port": seen.endpoint.port,
        "security": seen.security.value,
        "addresses": list(report.addresses),
        "peer": seen.peer,
        "greeting": None if seen.greeting is None else reply_report(seen.greeting),
        "tls": None if seen.tls is None else _tls_report(report),
        "offered_before_tls": _keywords(seen.in_clear),
        "offered": _keywords(seen.offered),
        "mechanisms": [] if seen.offered is None else list(seen.offered.mechanisms),
        "size_limit": None if seen.offered is None else seen.offered.size,
        "logged_in": seen.logged_in,
        "round_trip": median(seen.round_trips) if seen.round_trips else None,
        "failure": None if seen.failure is None else failure_report(seen.failure),
        "findings": [
            {
                "severity": finding.severity.value,
                "what": for_command_line(finding.what),
                "remedy": for_command_line(finding.remedy),
            }
            for finding in report.findings
        ],
    }


def _tls_report(report: ServerReport) -> dict[str, Any]:
    tls, certificate = report.inspection.tls, report.certificate
    if tls is None or certificate is None:
        return {}
    return {
        "version": tls.version,
        "cipher": tls.cipher,
        "verified": tls.verified,
        **_certificate_report(certificate),
        "chain": [_certificate_report(authority) for authority in report.authorities],
    }


def _certificate_report(certificate: Certificate) -> dict[str, Any]:
    begin, end = certificate.not_before, certificate.not_after
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "not_before": None if begin is None else begin.isoformat(),
        "not_after": None if end is None else end.isoformat(),
        "fingerprint": certificate.fingerprint,
    }


def _keywords(offered: Capabilities | None) -> dict[str, str] | None:
    return None if offered is None else {key: " ".join(rest) for key, rest in offered.keywords.items()}
