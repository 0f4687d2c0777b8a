from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from envoi.errors import Phase, TLSFailed
from envoi.ports import Endpoint, TLSInfo
from envoi.session.certificate import Certificate
from envoi.session.findings import Severity, findings
from envoi.session.inspect import Inspection
from envoi.session.settings import Protocol, Security
from envoi.smtp.capabilities import Capabilities

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FINE = Capabilities(keywords={"PIPELINING": (), "8BITMIME": (), "SIZE": ("10000",), "AUTH": ("PLAIN",)})
BEFORE_TLS = Capabilities(keywords={"PIPELINING": (), "8BITMIME": (), "SIZE": ("10000",), "STARTTLS": ()})
TLS = TLSInfo(version="TLSv1.3", cipher="x", verified=True, certificate=b"", subject={}, server_end_point=b"")


def inspection(**seen: object) -> Inspection:
    given: dict[str, object] = {
        "endpoint": Endpoint(host="mail.example.org", port=587),
        "security": Security.STARTTLS,
        "in_clear": BEFORE_TLS,
        "offered": FINE,
        "tls": TLS,
        **seen,
    }
    return Inspection(**given)  # type: ignore[arg-type]


def ends(after: timedelta) -> Certificate:
    return Certificate(fingerprint="AB", not_after=NOW + after)


def words(seen: Inspection, certificate: Certificate | None = None) -> list[str]:
    found = findings(seen, certificate, NOW)
    assert all(each.severity is Severity.WARNING and each.remedy for each in found)
    return [each.what for each in found]


def test_finds_nothing_about_a_good_server() -> None:
    assert findings(inspection(), ends(timedelta(days=90)), NOW) == ()


def test_puts_the_failure_first() -> None:
    failure = TLSFailed("no TLS with it", phase=Phase.TLS, remedy="Renew it.")
    clear = Capabilities(keywords={"AUTH": ("PLAIN", "LOGIN")})
    fault, warning = findings(inspection(failure=failure, in_clear=clear, offered=None), None, NOW)
    assert (fault.severity, fault.what, fault.remedy) == (Severity.FAULT, "no TLS with it", "Renew it.")
    assert warning.severity is Severity.WARNING


def test_warns_of_a_login_in_clear() -> None:
    clear = Capabilities(keywords={"STARTTLS": (), "AUTH": ("PLAIN", "LOGIN")})
    assert words(inspection(in_clear=clear)) == ["it offers a login before TLS (PLAIN, LOGIN)"]


@pytest.mark.parametrize(("offered", "remedy"), [(BEFORE_TLS, "STARTTLS"), (FINE, "operator")])
def test_warns_of_a_connection_in_clear(offered: Capabilities, remedy: str) -> None:
    first, *_ = findings(inspection(security=Security.PLAINTEXT, in_clear=offered, tls=None), None, NOW)
    assert first.what == "the connection is not encrypted"
    assert remedy in first.remedy


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (timedelta(days=3, hours=5), "its certificate expires in 3 days, on 2026-11-25"),
        (timedelta(days=1), "its certificate expires in 1 day, on 2026-11-23"),
        (timedelta(days=-40), "its certificate expired 40 days ago, on 2026-10-13"),
    ],
)
def test_warns_of_the_end_of_a_certificate(after: timedelta, what: str) -> None:
    assert words(inspection(), ends(after)) == [what]


def test_says_nothing_of_dates_it_does_not_know() -> None:
    assert words(inspection(), Certificate(fingerprint="AB")) == []


@pytest.mark.parametrize("keyword", ["PIPELINING", "8BITMIME", "SIZE"])
def test_misses_what_every_server_should_offer(keyword: str) -> None:
    offered = Capabilities(keywords={name: args for name, args in FINE.keywords.items() if name != keyword})
    assert words(inspection(offered=offered)) == [f"it does not offer {keyword}"]


def test_says_once_that_nothing_is_offered() -> None:
    assert words(inspection(offered=Capabilities())) == ["it offers no extension at all"]


def test_does_not_ask_a_local_server_for_much() -> None:
    found = findings(inspection(offered=FINE), None, NOW, protocol=Protocol.LMTP)
    assert found == ()


@pytest.mark.parametrize(("port", "count"), [(587, 1), (465, 1), (25, 0)])
def test_misses_a_login_where_one_is_usual(port: int, count: int) -> None:
    seen = inspection(offered=BEFORE_TLS, endpoint=Endpoint(host="mail.example.org", port=port))
    assert len(words(seen)) == count
    assert words(inspection(offered=BEFORE_TLS, tls=None)) == []


def test_needs_no_view_of_the_clear_dialogue() -> None:
    assert words(inspection(in_clear=None)) == []
