"""Parameters of MAIL and RCPT, as their RFCs spell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import LocalProtocolError
from envoi.smtp import parameters


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (parameters.size(1_000_000), "SIZE=1000000"),
        (parameters.body("8bitmime"), "BODY=8BITMIME"),
        (parameters.body("binarymime"), "BODY=BINARYMIME"),
        (parameters.smtputf8(), "SMTPUTF8"),
        (parameters.require_tls(), "REQUIRETLS"),
        (parameters.ret("full"), "RET=FULL"),
        (parameters.ret("headers"), "RET=HDRS"),
        (parameters.envid("QQ314159"), "ENVID=QQ314159"),
        (parameters.mt_priority(-9), "MT-PRIORITY=-9"),
        (parameters.mt_priority(3), "MT-PRIORITY=3"),
        (parameters.hold_for(86400), "HOLDFOR=86400"),
        (
            parameters.hold_until(datetime(2026, 7, 12, 2, 0, tzinfo=UTC)),
            "HOLDUNTIL=2026-07-12T02:00:00+00:00",
        ),
        (
            parameters.hold_until(datetime(2026, 7, 12, 2, 0, 0, 5, timezone(timedelta(hours=-5)))),
            "HOLDUNTIL=2026-07-12T02:00:00-05:00",
        ),
        (parameters.deliver_by(120, "return"), "BY=120;R"),
        (parameters.deliver_by(-30, "notify", trace=True), "BY=-30;NT"),
        (parameters.notify(["never"]), "NOTIFY=NEVER"),
        (parameters.notify({"success", "failure"}), "NOTIFY=FAILURE,SUCCESS"),
        (parameters.orcpt("Bob@Example.ORG"), "ORCPT=rfc822;Bob@Example.ORG"),
    ],
)
def test_spells(parameter: str, text: str) -> None:
    """Behaviours 68, 73 and 75."""
    assert parameter == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("a+b=c", "a+2Bb+3Dc"),
        ("two words", "two+20words"),
        ("line\r\nbreak", "line+0D+0Abreak"),
        ("~!", "~!"),
        ("\x7f\0", "+7F+00"),
    ],
)
def test_xtext_escapes_what_it_must(value: str, text: str) -> None:
    """Behaviour 73: RFC 3461 §4."""
    assert parameters.xtext(value) == text


def test_xtext_is_for_ascii() -> None:
    with pytest.raises(LocalProtocolError, match="must be ASCII"):
        parameters.xtext("é")


@given(st.text(st.characters(max_codepoint=127)))
def test_xtext_can_be_undone_and_holds_nothing_dangerous(value: str) -> None:
    encoded = parameters.xtext(value)
    assert encoded.isprintable()
    assert not set(" =") & set(encoded)
    head, *escaped = encoded.split("+")
    assert head + "".join(chr(int(part[:2], 16)) + part[2:] for part in escaped) == value


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("zoë@example.org", r"ORCPT=utf-8;zo\x{EB}@example.org"),
        ("用户@example.org", r"ORCPT=utf-8;\x{7528}\x{6237}@example.org"),
        (r"é+b=c\d@example.org", r"ORCPT=utf-8;\x{E9}\x{2B}b\x{3D}c\x{5C}d@example.org"),
        ("é \r\nf", r"ORCPT=utf-8;\x{E9}\x{20}\x{D}\x{A}f"),
    ],
)
def test_an_international_orcpt_is_ascii_on_the_wire(address: str, text: str) -> None:
    """Behaviour 73: RFC 6533 §3."""
    assert parameters.orcpt(address) == text
