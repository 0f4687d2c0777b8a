"""Accounts with a DKIM key: what arrives through a real server holds, by a verifier that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dkim as dkimpy
import pytest

from envoi import Attachment, Email
from envoi.drivers.account_file import AccountFile
from envoi.message.signing import DKIMKey
from tests.interop.mails import new_mail
from tests.message.signing.material import pem, rsa_key
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.sessions import Client
    from tests.servers.certificates import CertificateAuthority
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix")

SELECTOR = "mail"
DOMAIN = ALICE.address.partition("@")[2]


@pytest.fixture
def key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postfix: Postfix, ca: CertificateAuthority
) -> DKIMKey:
    """The key of the account `alice`, who submits to Postfix."""
    file = tmp_path / "dkim.pem"
    file.write_bytes(pem(rsa_key()))
    file.chmod(0o600)
    monkeypatch.setenv("ENVOI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("ALICES_PASSWORD", ALICE.password)
    AccountFile().replace(
        f"""[accounts.alice]
server = "{postfix.submission.host}"
port = {postfix.submission.port}
security = "{postfix.submission.security}"
ca_file = "{ca.ca_file}"
from = "{ALICE.address}"
username = "{ALICE.name}"
password.env = "ALICES_PASSWORD"
dkim = {{ key = "{file}", domain = "{DOMAIN}", selector = "{SELECTOR}" }}
"""
    )
    return DKIMKey.from_file(file, domain=DOMAIN, selector=SELECTOR)


def holds(message: bytes, key: DKIMKey) -> bool:
    asked: list[bytes] = []

    def record(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return key.dns_text.encode()

    found = dkimpy.verify(message, dnsfunc=record)
    return found and asked == [f"{key.dns_name}.".encode()]


def test_every_mail_of_the_account_is_signed_once(client: Client, postfix: Postfix, key: DKIMKey) -> None:
    composed = Email(
        sender=f"Zoë <{ALICE.address}>",
        to=[BOB.address],
        subject="L'été",
        text="Voilà :\n.\n..\nFin\n\n\n",
        attachments=[Attachment.from_bytes(bytes(range(256)) * 300, "data.bin")],
    )
    raw_id, raw = new_mail("Été\r\n.\r\n\r\n".encode())
    again_id, again = new_mail()
    # As another program would have signed it, with the same key.
    again = dkimpy.sign(again, SELECTOR.encode(), DOMAIN.encode(), pem(rsa_key())) + again
    with client.account("alice") as session:
        session.send(composed)
        session.send(raw, sender=ALICE.address, recipients=[BOB.address])
        session.send(again, sender=ALICE.address, recipients=[BOB.address])
    for identifier in (composed.message_id, raw_id, again_id):
        stored = postfix.mailbox(BOB).wait_for(identifier)
        assert stored.count(b"DKIM-Signature:") == 1
        assert holds(stored, key)
        assert not holds(stored.replace(b"Subject: ", b"Subject: not "), key)


def test_nothing_is_signed_where_the_program_says_so(client: Client, postfix: Postfix, key: DKIMKey) -> None:
    identifier, raw = new_mail()
    with client.account("alice", signer=None) as session:
        session.send(raw, sender=ALICE.address, recipients=[BOB.address])
    assert postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(identifier)) == raw
