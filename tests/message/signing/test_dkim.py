from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidAddress, UsageError
from envoi.message.email import Email
from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMKey, DKIMSigner
from envoi.message.signing.canonical import MessageReader, relaxed_fields
from envoi.message.unsubscribe import Unsubscribe
from tests.message import strategies as some
from tests.message.signing import opendkim
from tests.message.signing.material import (
    SIGNED_AT,
    dkim_ed25519,
    dkim_rsa,
    in_pieces,
    mail,
    on_the_wire,
)
from tests.message.signing.test_canonical import borders, texts

BOTH = DKIMSigner(dkim_rsa(), dkim_ed25519())
RSA = DKIMSigner(dkim_rsa())


def signed(content: Any, signer: DKIMSigner = RSA) -> bytes:
    return on_the_wire(signer.sign(content, at=SIGNED_AT))


def holds(message: bytes) -> bool:
    """What dkimpy says of the first signature."""
    text = dkim_rsa().dns_text.encode()
    return dkimpy.verify(message, dnsfunc=lambda name, timeout=5: text)


def tags(message: bytes, number: int = 0) -> dict[str, str]:
    _, fields = relaxed_fields(message.partition(b"\r\n\r\n")[0])
    own = [field for field in fields if field.startswith(b"dkim-signature:")][number]
    pairs = own.decode().partition(":")[2].replace(" ", "").strip().split(";")
    return dict(pair.split("=", 1) for pair in pairs)


def body_hash(content: Any) -> str:
    reader = MessageReader()
    reader.feed(on_the_wire(content))
    return b64encode(reader.finish()[1]).decode()


def test_dkimpy_accepts_a_mail() -> None:
    assert holds(signed(mail(html="<p>Été</p>", cc="c@example.org")))


@given(texts, borders)
def test_dkimpy_accepts_whatever_the_body_and_the_pieces(body: bytes, places: list[int]) -> None:
    header = b"From: alice@example.org\r\nSubject: x\r\n\r\n"
    assert holds(signed(in_pieces(header + body, places)))


@given(some.line, some.names, some.bodies)
def test_dkimpy_accepts_whatever_the_header(subject: str, name: str, text: str) -> None:
    assert holds(
        signed(mail(subject=subject, text=text, to=[f"{'a' * 60}{n}@example.org" for n in range(9)]))
    )


@given(
    st.lists(
        st.sampled_from([b" ", b"\t", b"\r\n ", b"\n\t", b"\r ", b"x", b"=?utf-8?q?=20?=", b":"]), max_size=30
    )
)
def test_dkimpy_accepts_whatever_the_folding(value: list[bytes]) -> None:
    assert holds(signed(in_pieces(b"From: a@example.org\r\nsubject:" + b"".join(value) + b"\n\nbody", [])))


@pytest.mark.programs("opendkim-testmsg")
@pytest.mark.parametrize("key", [dkim_rsa(), dkim_ed25519()], ids=lambda key: key.algorithm)
@pytest.mark.parametrize(
    "content",
    [
        mail(),
        mail(text="", subject=""),
        mail(text="  two\t tabs \n.\n..dots\n\n\n", html="<p>Été</p>", subject="Été " * 30),
        mail(unsubscribe=Unsubscribe.of("https://example.org/u"), headers={"X-Tag": "a"}),
        in_pieces(b"From: a@example.org\nDate: x\nReceived: y\nReceived: z\n\nbare\rends\n\n", [7]),
    ],
    ids=["short", "empty", "blanks", "mailing", "bare"],
)
def test_opendkim_accepts(content: Any, key: DKIMKey) -> None:
    assert opendkim.verify(signed(content, DKIMSigner(key, lifetime_seconds=10**9)), key.dns_text) == ""


@pytest.mark.programs("opendkim-testmsg")
def test_opendkim_refuses_what_was_changed() -> None:
    changed = signed(mail()).replace(b"noon", b"nine")
    assert "Bad signature" in opendkim.verify(changed, dkim_rsa().dns_text)


@pytest.mark.parametrize("field", [b"From", b"Subject", b"Reply-To", b"Cc", b"Content-Type", b"To", b"Date"])
@pytest.mark.parametrize("place", ["front", "back"])
def test_breaks_when_a_field_is_added(field: bytes, place: str) -> None:
    message = signed(mail())
    line = field + b": forged@example.net\r\n"
    end = message.index(b"\r\n\r\n") + 2
    forged = line + message if place == "front" else message[:end] + line + message[end:]
    assert not holds(forged)


def test_survives_what_relays_do() -> None:
    message = signed(mail(subject="a " * 100))
    relayed = (
        b"Received: from x\r\n" + message.replace(b"\r\n a", b"\r\n\t a").replace(b"To:", b"TO:  ") + b"\r\n"
    )
    assert relayed != message
    assert holds(relayed)


def test_signs_with_every_key_in_one_pass() -> None:
    class Counted(RawEmail):
        read = 0

        def chunks(self, used: Any) -> Any:
            Counted.read += 1
            return super().chunks(used)

    content = Counted(
        b"From: a@example.org\r\n\r\nx\r\n", sender="a@example.org", recipients=["b@example.org"]
    )
    message = signed(content, BOTH)
    assert [tags(message, at)["a"] for at in (0, 1)] == ["rsa-sha256", "ed25519-sha256"]
    assert [tags(message, at)["bh"] for at in (0, 1)] == [body_hash(content)] * 2
    assert Counted.read == 3  # to hash, to send, and once more for this test's own hash


def test_gives_the_same_octets_each_time() -> None:
    content = BOTH.sign(mail())
    assert on_the_wire(content) == on_the_wire(content)


def test_says_who_signed_what_and_when() -> None:
    found = tags(signed(mail(), DKIMSigner(dkim_rsa(), lifetime_seconds=3600)))
    assert {name: found[name] for name in "vacdstx"} == {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "example.org",
        "s": "r2048",
        "t": str(int(SIGNED_AT.timestamp())),
        "x": str(int(SIGNED_AT.timestamp()) + 3600),
    }


def test_leaves_out_what_is_not_asked_for_and_the_length_always() -> None:
    assert tags(signed(mail())).keys() == set("vacdsthb") | {"bh"}


def test_keeps_lines_short() -> None:
    field = signed(mail()).partition(b"\r\nFrom:")[0]
    assert max(map(len, field.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    ("identity", "tag"),
    [
        ("@example.org", "@example.org"),
        ("@Mail.Example.ORG", "@mail.example.org"),
        ("alice@example.org", "alice@example.org"),
        ('"a;b=c d"@example.org', '"a=3Bb=3Dc=20d"@example.org'),
    ],
)
def test_names_an_identity_of_the_domain(identity: str, tag: str) -> None:
    message = signed(mail(), DKIMSigner(dkim_rsa(), identity=identity))
    assert tags(message)["i"] == tag
    assert holds(message)


@pytest.mark.parametrize("identity", ["alice@example.com", "@badexample.org", "@org"])
def test_refuses_an_identity_of_others(identity: str) -> None:
    with pytest.raises(UsageError, match=r"outside the domain example\.org"):
        DKIMSigner(dkim_rsa(), identity=identity)


def test_refuses_an_identity_that_is_no_address() -> None:
    with pytest.raises(InvalidAddress):
        DKIMSigner(dkim_rsa(), identity="a\r\nb@example.org")


def test_refuses_to_sign_with_nothing() -> None:
    with pytest.raises(UsageError, match="needs a key"):
        DKIMSigner()


@pytest.mark.parametrize("seconds", [0, -1])
def test_refuses_a_signature_that_has_expired(seconds: int) -> None:
    with pytest.raises(UsageError, match="lifetime_seconds is 1 at least"):
        DKIMSigner(dkim_rsa(), lifetime_seconds=seconds)


def test_refuses_an_instant_without_a_zone() -> None:
    with pytest.raises(UsageError, match="needs a time zone"):
        RSA.sign(mail(), at=datetime(2026, 11, 22))  # noqa: DTZ001


def test_signs_now_unless_told_when() -> None:
    assert abs(RSA.sign(mail()).at - datetime.now(UTC)) < timedelta(minutes=1)
    elsewhere = SIGNED_AT.astimezone(timezone(timedelta(hours=5)))
    assert tags(on_the_wire(RSA.sign(mail(), at=elsewhere)))["t"] == str(int(SIGNED_AT.timestamp()))


def test_shows_no_key() -> None:
    assert "object at" not in repr(RSA)
    assert "selector='r2048'" in repr(RSA)


def test_signs_whatever_an_email_says() -> None:
    content = Email(
        sender="a@example.org", from_=["b@example.org", "c@example.org"], to="d@example.org", text="x"
    )
    assert holds(signed(content))


# RFC 8463, appendix A: the secret key, the message, and the signature that it must get.
BRISBANE = Ed25519PrivateKey.from_private_bytes(b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
DINNER = (
    b"From: Joe SixPack <joe@football.example.com>\r\n"
    b"To: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\n"
    b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    b"\r\n"
    b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
)
UNSIGNED = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
)
SIGNATURE = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="


def test_makes_the_signature_of_the_standard() -> None:
    key = DKIMKey(BRISBANE, domain="football.example.com", selector="brisbane")
    assert key.dns_text == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    reader = MessageReader()
    reader.feed(DINNER)
    header, digest = reader.finish()
    assert b64encode(digest) in UNSIGNED
    covered = b"".join(relaxed_fields(header)[1])
    own = relaxed_fields(UNSIGNED)[1][0].removesuffix(b"\r\n")
    assert b64encode(key.sign(covered + own)).decode() == SIGNATURE


def test_signs_the_message_of_the_standard_like_it() -> None:
    key = DKIMKey(BRISBANE, domain="football.example.com", selector="brisbane")
    content = RawEmail(DINNER, sender="joe@football.example.com", recipients=["suzie@shopping.example.net"])
    message = on_the_wire(DKIMSigner(key).sign(content, at=SIGNED_AT))
    assert tags(message)["bh"] == re.search(r"bh=(\S+);", UNSIGNED.decode())[1]  # type: ignore[index]
    own, _, rest = message.partition(b"From:")
    assert b"From:" + rest == DINNER
    unsigned = own[: own.index(b" b=") + 3]
    names = tags(message)["h"].split(":")
    lines = dict(zip(*relaxed_fields(header_of(DINNER)), strict=True))
    covered = b"".join(lines.pop(name.encode(), b"") for name in names)
    data = covered + relaxed_fields(unsigned)[1][0].removesuffix(b"\r\n")
    assert b64decode(tags(message)["b"]) == key.sign(data)


def header_of(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[0]
