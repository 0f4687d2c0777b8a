from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from envoi.cli import plain
from envoi.cli.reports import report_page, report_report
from envoi.client.inspect import ServerReport
from envoi.ports import Endpoint, TLSInfo
from envoi.session.certificate import Certificate
from envoi.session.inspect import Inspection
from envoi.session.settings import Security
from envoi.smtp.capabilities import Capabilities

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TLS = TLSInfo(
    version="TLSv1.3", cipher="AES", verified=True, certificate=b"", subject={}, server_end_point=b""
)


def certificate(subject: str, days: int = 90) -> Certificate:
    return Certificate(
        fingerprint="AB" * 32,
        subject=subject,
        issuer=f"issuer of {subject}",
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=days),
    )


def report(
    *, own: Certificate | None = None, above: tuple[Certificate, ...] = (), **seen: object
) -> ServerReport:
    endpoint = Endpoint(host="mail.example.org", port=25)
    inspection = Inspection(endpoint=endpoint, security=Security.STARTTLS, **seen)  # type: ignore[arg-type]
    return ServerReport(addresses=(), inspection=inspection, certificate=own, authorities=above, findings=())


def drawn(described: ServerReport) -> str:
    return plain.draw(report_page(described, NOW))


def test_shows_the_whole_chain() -> None:
    bare = Certificate(fingerprint="CD" * 32)
    text = drawn(report(tls=TLS, own=certificate("mail"), above=(certificate("nearer"), bare)))
    assert "Valid        2026-11-21 to 2027-02-20 (90 days left)" in text
    assert "Chain        nearer, issued by issuer of nearer; 2026-11-21 to 2027-02-20 (90 days left)" in text
    assert f"Chain        {'CD' * 32}" in text


def test_says_that_a_certificate_is_over() -> None:
    assert "(over)" in drawn(report(tls=TLS, own=certificate("mail", days=-1)))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ("52428800", "52,428,800 octets (50 MiB)\n"),
        ("0", "no limit\n"),
        ("1000", "1,000 octets\n"),
        (str(10**16), " TiB)\n"),
    ],
)
def test_says_how_large_a_message_may_be(size: str, text: str) -> None:
    assert text in drawn(report(offered=Capabilities(keywords={"SIZE": (size,)})))


def test_says_that_nothing_is_offered() -> None:
    assert drawn(report(offered=Capabilities(), in_clear=Capabilities())).count("nothing\n") == 2


def test_takes_the_median_of_the_round_trips() -> None:
    described = report(round_trips=(0.001, 0.5, 0.002))
    assert "2.0 ms (median of 3; 1.0 to 500.0)" in drawn(described)
    assert report_report(described)["round_trip"] == 0.002


def test_tells_programs_what_was_not_reached() -> None:
    told = report_report(report())
    for key in ("peer", "greeting", "tls", "offered", "offered_before_tls", "round_trip", "failure"):
        assert told[key] is None
    assert told["addresses"] == told["mechanisms"] == told["findings"] == []


def test_can_be_written_as_json() -> None:
    described = report(
        tls=TLS, own=certificate("mail"), above=(certificate("nearer"), Certificate(fingerprint=""))
    )
    told = report_report(described)
    assert json.loads(json.dumps(told)) == told
    assert told["tls"]["not_after"] == "2027-02-20T00:00:00+00:00"
    assert [each["subject"] for each in told["tls"]["chain"]] == ["nearer", ""]
