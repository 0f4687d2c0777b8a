"""Logging in with a client certificate: EXTERNAL, where the name was proved by TLS already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import AuthenticationFailed, TLSOptions
from tests.interop.mails import new_mail
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.certificates import CertificateAuthority
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

PORTS = pytest.mark.parametrize("port", ["submission", "submissions"])
SERVERS = pytest.mark.parametrize("server", ["exim", "dovecot_submission"])


@PORTS
@SERVERS
def test_the_certificate_is_the_login(
    client: Client, request: pytest.FixtureRequest, ca: CertificateAuthority, server: str, port: str
) -> None:
    running: Exim | Dovecot = request.getfixturevalue(server)
    listener = getattr(running, port)
    shown = TLSOptions(ca_file=ca.ca_file, client_certificate=ca.client.chain)
    message_id, mail = new_mail()
    with client.session(listener, tls=shown, mechanisms=["EXTERNAL"]) as session:
        assert session.mechanisms == ["EXTERNAL"]
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    stored = running.mailbox(BOB).wait_for(message_id)
    assert listener.as_sent(stored) == mail
    assert server != "exim" or b"(Authenticated sender: alice)" in stored


def test_without_a_certificate_there_is_no_external(client: Client, exim: Exim) -> None:
    session = client.session(exim.submission, mechanisms=["EXTERNAL"])
    with pytest.raises(AuthenticationFailed, match="no common way to log in"), session:
        pass
    assert session.mechanisms == []


def test_a_certificate_from_nobody_proves_nothing(
    client: Client, ca: CertificateAuthority, dovecot_submission: Dovecot
) -> None:
    shown = TLSOptions(ca_file=ca.ca_file, client_certificate=ca.self_signed.chain)
    session = client.session(dovecot_submission.submission, tls=shown, mechanisms=["EXTERNAL"])
    with pytest.raises(AuthenticationFailed) as caught, session:
        pass
    assert caught.value.reply is not None
    assert caught.value.reply.code == 535


def test_a_password_goes_before_the_certificate(client: Client, ca: CertificateAuthority, exim: Exim) -> None:
    shown = TLSOptions(ca_file=ca.ca_file, client_certificate=ca.client.chain)
    with client.session(exim.submission, user=BOB, tls=shown) as session:
        assert session.mechanisms == ["PLAIN"]
