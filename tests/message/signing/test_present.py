from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMSigner
from envoi.message.signing.present import signatures_of
from tests.message.signing.material import dkim_ed25519, dkim_rsa, mail
from tests.message.signing.test_dkim import signed

if TYPE_CHECKING:
    from pathlib import Path

RSA, ED25519 = ("example.org", "r2048"), ("example.org", "ed")


def raw(data: bytes | Path) -> RawEmail:
    return RawEmail(data, sender="a@example.org", recipients=["b@example.org"])


def test_a_mail_that_nobody_signed_has_none() -> None:
    assert signatures_of(mail()) == frozenset()
    assert signatures_of(raw(b"Subject: dkim-signature: d=example.org; s=r2048\r\n\r\nHello")) == frozenset()
    assert (
        signatures_of(raw(b"From: a@example.org\r\n\r\nDKIM-Signature: d=example.org; s=ed\r\n"))
        == frozenset()
    )


def test_knows_who_signed_here_through_every_layer() -> None:
    once = DKIMSigner(dkim_rsa()).sign(mail())
    assert signatures_of(once) == {RSA}
    assert signatures_of(DKIMSigner(dkim_ed25519()).sign(once)) == {RSA, ED25519}


def test_finds_what_was_signed_before(tmp_path: Path) -> None:
    octets = signed(mail(), DKIMSigner(dkim_rsa(), dkim_ed25519()))
    file = tmp_path / "mail.eml"
    file.write_bytes(octets)
    for found in (raw(octets), raw(file), raw(octets.replace(b"\r\n", b"\n"))):
        assert signatures_of(found) == {RSA, ED25519}
        assert DKIMSigner(dkim_rsa()).has_signed(found)


@pytest.mark.parametrize(
    "field",
    [
        b"DKIM-Signature: v=1; d=Example.ORG; s=R2048; b=x",
        b"dkim-signature:s=r2048;d=example.org",
        b"DKIM-Signature: v=1;\r\n d = exam\r\n\tple.org ;\r\n s= r2048;",
    ],
)
def test_reads_names_however_they_are_written(field: bytes) -> None:
    assert signatures_of(raw(field + b"\r\nFrom: a@example.org\r\n\r\nHello")) == {RSA}


@pytest.mark.parametrize("value", [b"", b";;=;", b"\xff\xfe; d", b"d=other.example; s=r2048"])
def test_what_names_no_key_of_ours_is_not_ours(value: bytes) -> None:
    foreign = raw(b"DKIM-Signature: " + value + b"\r\nFrom: a@example.org\r\n\r\nHello")
    assert not DKIMSigner(dkim_rsa()).has_signed(foreign)


@pytest.mark.parametrize("content", [None, "text", b""])
def test_other_contents_bear_none(content: Any) -> None:
    class Content:
        pass

    found: Any = Content()
    found.content = content
    assert signatures_of(found) == frozenset()
