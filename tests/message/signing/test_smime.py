from __future__ import annotations

import subprocess
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings

from envoi.errors import UsageError
from envoi.message.attachment import Attachment
from envoi.message.content import WireEncoding
from envoi.message.envelope import DeliveryOptions
from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMSigner, SMIMEEncryptor, SMIMESigner
from envoi.message.stamp import Stamp
from tests.message import strategies as some
from tests.message.signing.material import (
    NOW,
    SIGNED_AT,
    YEAR,
    Holder,
    alice,
    authority,
    bob,
    dkim_rsa,
    ec_key,
    ed25519_key,
    holder,
    mail,
    on_the_wire,
    pem,
    rsa_key,
)
from tests.message.signing.test_dkim import holds

MAILS = {
    "text": mail(),
    "empty": mail(text="", subject=""),
    "blanks": mail(text="tail \t\n\n\n.\nFrom here\n\n"),
    "mixed": mail(text="Été", html="<p>Été</p>", attachments=[Attachment.from_bytes(b"\xff" * 999, "é.bin")]),
    "without type": RawEmail(
        b"From: alice@example.org\nSubject: x\n\nbody\n",
        sender="alice@example.org",
        recipients=["bob@example.org"],
    ),
}
mails = pytest.mark.parametrize("content", MAILS.values(), ids=MAILS)


def signer(who: Holder | None = None) -> SMIMESigner:
    who = who or alice()
    return SMIMESigner(who.certificate, who.key)


def encryptor(*readers: Holder) -> SMIMEEncryptor:
    return SMIMEEncryptor(*(reader.certificate for reader in readers or (bob(),)))


def cms(message: bytes, folder: Path, *command: str) -> bytes:
    """What `openssl cms` makes of a message; its complaint as AssertionError."""
    (folder / "ca.pem").write_bytes(authority().pem)
    (folder / "bob.pem").write_bytes(pem(bob().key) + bob().pem)
    answer = subprocess.run(
        ["openssl", "cms", *command, "-attime", str(int(NOW.timestamp()))],
        input=message,
        capture_output=True,
        cwd=folder,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr.decode()
    return answer.stdout


def verified(message: bytes, folder: Path) -> bytes:
    return cms(message, folder, "-verify", "-CAfile", "ca.pem", "-purpose", "smimesign")


def decrypted(message: bytes, folder: Path) -> bytes:
    return cms(message, folder, "-decrypt", "-recip", "bob.pem")


def part_of(content: Any) -> bytes:
    """The MIME part that a mail is, fields of the envelope and the letterhead aside."""
    header, _, body = on_the_wire(content).partition(b"\r\n\r\n")
    lines = [line for line in header.replace(b"\r\n ", b"\0").split(b"\r\n") if line.startswith(b"Content-")]
    return b"".join(line.replace(b"\0", b"\r\n ") + b"\r\n" for line in lines) + b"\r\n" + body


@pytest.mark.programs("openssl")
@mails
def test_openssl_accepts_the_signature(content: Any, tmp_path: Path) -> None:
    assert verified(on_the_wire(signer().sign(content, stamp=some.STAMP)), tmp_path) == part_of(content)


@pytest.mark.programs("openssl")
@mails
def test_openssl_decrypts(content: Any, tmp_path: Path) -> None:
    assert decrypted(on_the_wire(encryptor().encrypt(content, stamp=some.STAMP)), tmp_path) == part_of(
        content
    )


@pytest.mark.programs("openssl")
@mails
def test_openssl_decrypts_and_accepts_what_is_both(content: Any, tmp_path: Path) -> None:
    both = encryptor().encrypt(signer().sign(content, stamp=some.STAMP), stamp=some.STAMP)
    assert verified(decrypted(on_the_wire(both), tmp_path), tmp_path) == part_of(content)


@pytest.mark.programs("openssl")
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(some.bodies)
def test_openssl_accepts_whatever_the_text(tmp_path: Path, text: str) -> None:
    content = mail(text=text)
    assert verified(on_the_wire(signer().sign(content, stamp=some.STAMP)), tmp_path) == part_of(content)


@pytest.mark.programs("openssl")
def test_openssl_refuses_what_was_changed(tmp_path: Path) -> None:
    changed = on_the_wire(signer().sign(mail(), stamp=some.STAMP)).replace(b"noon", b"nine")
    with pytest.raises(AssertionError, match="content verify error"):
        verified(changed, tmp_path)


@pytest.mark.programs("openssl")
def test_signs_with_elliptic_curves_and_through_a_chain(tmp_path: Path) -> None:
    between = holder(
        None, key=rsa_key(number=2), issuer=authority(), authority=True, subject=named("between")
    )
    author = holder("alice@example.org", key=ec_key(), issuer=between)
    content = SMIMESigner(author.certificate, author.key, chain=[between.certificate]).sign(
        mail(), stamp=some.STAMP
    )
    assert verified(on_the_wire(content), tmp_path) == part_of(mail())
    with pytest.raises(AssertionError, match="unable to get local issuer"):
        verified(on_the_wire(signer(author).sign(mail(), stamp=some.STAMP)), tmp_path)


def named(name: str) -> tuple[x509.NameAttribute[str], ...]:
    return (x509.NameAttribute(NameOID.COMMON_NAME, name),)


def test_is_readable_for_everybody() -> None:
    content = signer().sign(mail(cc="c@example.org", bcc="secret@example.org"), stamp=some.STAMP)
    message: Any = BytesParser(policy=policy.default).parsebytes(on_the_wire(content))
    assert message.get_content_type() == "multipart/signed"
    assert message.get_param("protocol") == "application/pkcs7-signature"
    assert message.get_param("micalg") == "sha-256"
    body, signature = message.iter_parts()
    assert body.get_content().split() == ["At", "noon?"]
    assert signature.get_content_type() == "application/pkcs7-signature"
    assert signature.get_filename() == "smime.p7s"
    assert {name: message[name] for name in ("From", "To", "Cc", "Subject", "Message-ID")} == {
        "From": "Alice <alice@example.org>",
        "To": "bob@example.org",
        "Cc": "c@example.org",
        "Subject": "Lunch",
        "Message-ID": mail().message_id,
    }
    assert message.get_all("MIME-Version") == ["1.0"]


def test_shows_nothing_but_the_letterhead() -> None:
    octets = on_the_wire(encryptor().encrypt(mail(text="a secret"), stamp=some.STAMP))
    message: Any = BytesParser(policy=policy.default).parsebytes(octets)
    assert message.get_content_type() == "application/pkcs7-mime"
    assert message.get_param("smime-type") == "enveloped-data"
    assert message.get_filename() == "smime.p7m"
    assert message["Subject"] == "Lunch"
    assert b"secret" not in octets + message.get_content()


@pytest.mark.programs("openssl")
def test_encrypts_with_a_key_of_256_bits(tmp_path: Path) -> None:
    octets = on_the_wire(encryptor().encrypt(mail(), stamp=some.STAMP))
    told = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print"], input=octets, capture_output=True, check=True, cwd=tmp_path
    )
    assert b"aes-256-cbc" in told.stdout


def test_sends_to_the_same_people_with_the_same_options() -> None:
    content = mail(bcc="secret@example.org", delivery_receipt=True)
    assert signer().sign(content, stamp=some.STAMP).envelope() == content.envelope()
    options = DeliveryOptions(envid="x")
    assert signer().sign(content, stamp=some.STAMP).envelope(options).options == options


def test_gives_the_same_octets_each_time_and_to_every_server() -> None:
    content = signer().sign(mail(text="Été"), stamp=some.STAMP)
    assert on_the_wire(content) == on_the_wire(
        content, WireEncoding(eightbit=True, binary=True, smtputf8=True)
    )


def test_signs_for_international_addresses() -> None:
    author = holder("alice@example.org", issuer=authority())
    content = encryptor(holder(None)).encrypt(
        signer(author).sign(mail(to="Zoë <zoë@example.org>"), stamp=some.STAMP), stamp=some.STAMP
    )
    assert content.requirements(WireEncoding(eightbit=True, smtputf8=True)).smtputf8


def test_is_signed_by_the_domain_as_well() -> None:
    content = DKIMSigner(dkim_rsa()).sign(signer().sign(mail(), stamp=some.STAMP), at=SIGNED_AT)
    assert holds(on_the_wire(content))


def test_is_signed_again_with_another_boundary() -> None:
    twice = signer().sign(signer().sign(mail(), stamp=some.STAMP), stamp=some.STAMP)
    message: Any = BytesParser(policy=policy.default).parsebytes(on_the_wire(twice))
    inner = next(message.iter_parts())
    assert inner.get_content_type() == "multipart/signed"
    assert message.get_boundary() != inner.get_boundary()


def test_is_loaded_from_pkcs12(tmp_path: Path) -> None:
    path = tmp_path / "alice.p12"
    path.write_bytes(
        serialize_key_and_certificates(
            b"alice",
            alice().key,
            alice().certificate,
            [authority().certificate],
            BestAvailableEncryption(b"pw"),
        )
    )
    loaded = SMIMESigner.from_pkcs12(path, password="pw")
    assert (loaded.certificate, loaded.chain) == (alice().certificate, (authority().certificate,))
    assert loaded.sign(mail(), stamp=some.STAMP).message_id == mail().message_id


def test_is_loaded_from_pem(tmp_path: Path) -> None:
    (tmp_path / "alice.pem").write_bytes(alice().pem + authority().pem)
    (tmp_path / "alice.key").write_bytes(pem(alice().key, "pw"))
    loaded = SMIMESigner.from_pem(tmp_path / "alice.pem", tmp_path / "alice.key", password="pw")
    assert (loaded.certificate, loaded.chain) == (alice().certificate, (authority().certificate,))


def test_loads_the_readers_from_pem(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(alice().pem)
    (tmp_path / "two.pem").write_bytes(bob().pem + authority().pem)
    loaded = SMIMEEncryptor.from_pem(tmp_path / "one.pem", str(tmp_path / "two.pem"))
    assert loaded.certificates == (alice().certificate, bob().certificate, authority().certificate)


def test_shows_the_holders_only() -> None:
    assert repr(signer()) == "<SMIMESigner CN=alice@example.org>"
    assert repr(encryptor(bob(), alice())) == (
        "<SMIMEEncryptor for CN=bob@example.org; CN=alice@example.org>"
    )


def test_uses_the_present_unless_told_otherwise() -> None:
    past = holder("alice@example.org", since=NOW - 3 * YEAR, until=NOW - 2 * YEAR)
    for work in (signer(past).sign, encryptor(past).encrypt):
        with pytest.raises(UsageError, match="expired on 2024"):
            work(mail(to="alice@example.org"))
        work(mail(to="alice@example.org"), stamp=Stamp(at=NOW - 5 * YEAR / 2, token="x"))


def test_refuses_a_key_that_is_not_the_certificates() -> None:
    with pytest.raises(UsageError, match="does not belong to the certificate"):
        SMIMESigner(alice().certificate, bob().key)


def test_refuses_keys_that_mail_programs_do_not_know() -> None:
    author = holder("alice@example.org", key=rsa_key())
    with pytest.raises(UsageError, match="RSA and elliptic-curve keys here, not with Ed25519"):
        SMIMESigner(author.certificate, ed25519_key())
    with pytest.raises(UsageError, match=r"CN=bob@example\.org has no RSA key"):
        encryptor(holder("bob@example.org", key=ec_key()))


def test_refuses_to_encrypt_for_nobody() -> None:
    with pytest.raises(UsageError, match="needs the certificate of each reader"):
        SMIMEEncryptor()


def test_refuses_to_send_what_somebody_cannot_read() -> None:
    with pytest.raises(UsageError, match=r"no certificate for c@example\.org, d@example\.org: "):
        encryptor(bob()).encrypt(
            mail(to=["bob@example.org", "c@example.org"], bcc="d@example.org"), stamp=some.STAMP
        )


def test_cannot_know_whose_a_certificate_without_address_is() -> None:
    encryptor(bob(), holder(None)).encrypt(mail(to="c@example.org"), stamp=some.STAMP)


@pytest.mark.parametrize("author", ["Bob@Example.org", "alice@example.org"])
def test_knows_addresses_whatever_their_case(author: str) -> None:
    person = holder(author.swapcase(), issuer=authority())
    signer(person).sign(mail(sender=author), stamp=some.STAMP)
    encryptor(person).encrypt(mail(to=author), stamp=some.STAMP)


def test_warns_when_the_certificate_is_for_somebody_else() -> None:
    with pytest.warns(UserWarning, match=r"for bob@example\.org, and the mail is from alice@") as found:
        signer(bob()).sign(mail(), stamp=some.STAMP)
    assert [Path(one.filename) for one in found] == [Path(__file__)]


def test_does_not_warn_when_the_certificate_names_nobody() -> None:
    signer(holder(None)).sign(mail(), stamp=some.STAMP)
