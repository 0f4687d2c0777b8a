"""TLS with real servers: what is accepted, what is refused and why, and that refusing comes before AUTH."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envoi import AuthenticationFailed, Retry, TLSFailed, TLSOptions
from tests.interop.mails import new_mail
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from tests.interop.sessions import Client
    from tests.servers.certificates import Certificate, CertificateAuthority
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.listeners import Listener
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

BOTH = pytest.mark.parametrize("suffix", ["", "_tls"], ids=["starttls", "tls"])


@pytest.mark.parametrize("port", ["submission", "submissions"])
@pytest.mark.parametrize("server", ["postfix", "exim", "dovecot_submission"])
def test_a_mail_goes_through_verified_tls(
    client: Client, request: pytest.FixtureRequest, server: str, port: str
) -> None:
    running: Postfix | Exim | Dovecot = request.getfixturevalue(server)
    listener: Listener = getattr(running, port)
    message_id, mail = new_mail()
    with client.session(listener, user=ALICE) as session:
        assert ("STARTTLS" in session.commands) is (port == "submission")
        receipt = session.send(mail, sender=ALICE.address, recipients=[BOB.address])
        assert session.face.tls is not None
        assert session.face.tls.version == "TLSv1.3"
    assert receipt.tls == "TLSv1.3"
    assert receipt.verified
    assert listener.as_sent(running.mailbox(BOB).wait_for(message_id)) == mail


@BOTH
@pytest.mark.parametrize(
    ("twin", "cause", "remedy", "retry"),
    [
        ("expired", "has expired", "operator must renew it", Retry.LATER),
        ("wrong_host", "is not for 'localhost' but for 'elsewhere.test'", "Use a name", Retry.NEVER),
        ("self_signed", "is self-signed", "pin the certificate", Retry.NEVER),
        ("outdated", "version", "TLS 1.2 is the least that is safe", Retry.NEVER),
    ],
)
def test_a_faulty_twin_gets_no_login(
    client: Client, postfix: Postfix, twin: str, suffix: str, cause: str, remedy: str, retry: Retry
) -> None:
    session = client.session(getattr(postfix, twin + suffix), user=ALICE)
    with pytest.raises(TLSFailed) as caught, session:
        pass
    assert cause in str(caught.value)
    assert remedy in caught.value.remedy
    assert caught.value.retry is retry
    assert session.mechanisms == []


@BOTH
@pytest.mark.parametrize("twin", ["expired", "wrong_host", "self_signed"])
def test_tls_with_one_port_vouches_for_no_other(
    client: Client, postfix: Postfix, twin: str, suffix: str
) -> None:
    # Its ports share the keys of their tickets, so a session of the one could be resumed with the other.
    with client.session(postfix.submission, user=ALICE):
        pass
    with pytest.raises(TLSFailed), client.session(getattr(postfix, twin + suffix), user=ALICE):
        pass


@pytest.mark.parametrize("port", ["submission", "submissions"])
@pytest.mark.parametrize("server", ["postfix", "exim", "dovecot_submission"])
def test_an_unknown_authority_is_refused(
    client: Client, request: pytest.FixtureRequest, server: str, port: str
) -> None:
    listener: Listener = getattr(request.getfixturevalue(server), port)
    session = client.session(listener, user=ALICE, tls=TLSOptions())
    with pytest.raises(TLSFailed, match=r"unknown authority, 'envoi test authority'.*ca_file="), session:
        pass
    assert session.mechanisms == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_usual_variable_names_the_authority(
    client: Client, postfix: Postfix, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(postfix.ca_file))
    with client.plain_session(host, postfix.submissions.port, security="tls") as session:
        assert session.face.tls is not None
        assert session.face.tls.verified


def test_a_context_of_ones_own_is_used_as_it_is(client: Client, postfix: Postfix) -> None:
    own = ssl.create_default_context(cafile=str(postfix.ca_file))
    own.maximum_version = ssl.TLSVersion.TLSv1_2
    message_id, mail = new_mail()
    for _ in range(2):  # The second time with the session of the first.
        with client.session(postfix.submission, user=ALICE, tls=TLSOptions(context=own)) as session:
            receipt = session.send(mail, sender=ALICE.address, recipients=[BOB.address])
        assert receipt.tls == "TLSv1.2"
        assert receipt.verified
    assert postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(message_id, copies=2)) == mail


def fingerprint(certificate: Certificate) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())
    return hashlib.sha256(der).hexdigest()


@BOTH
def test_a_pinned_certificate_needs_no_authority(
    client: Client, postfix: Postfix, ca: CertificateAuthority, suffix: str
) -> None:
    listener: Listener = getattr(postfix, "self_signed" + suffix)
    pinned = TLSOptions(fingerprints=(fingerprint(ca.self_signed),))
    message_id, mail = new_mail()
    with client.session(listener, user=ALICE, tls=pinned) as session:
        assert session.send(mail, sender=ALICE.address, recipients=[BOB.address]).verified
    assert listener.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


@BOTH
def test_a_certificate_that_is_not_pinned_is_refused(
    client: Client, postfix: Postfix, ca: CertificateAuthority, suffix: str
) -> None:
    pinned = TLSOptions(fingerprints=(fingerprint(ca.good),))
    session = client.session(getattr(postfix, "self_signed" + suffix), user=ALICE, tls=pinned)
    with pytest.raises(TLSFailed, match="none of those pinned") as caught, session:
        pass
    assert fingerprint(ca.self_signed).upper() in str(caught.value).replace(":", "")
    assert session.mechanisms == []


@pytest.mark.parametrize("twin", ["expired", "wrong_host_tls", "self_signed"])
def test_skipping_verification_shows_in_the_receipt(client: Client, postfix: Postfix, twin: str) -> None:
    _, mail = new_mail()
    unchecked = TLSOptions(insecure_skip_verification=True)
    with client.session(getattr(postfix, twin), user=ALICE, tls=unchecked) as session:
        receipt = session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert receipt.tls == "TLSv1.3"
    assert not receipt.verified
    assert "NOT VERIFIED" in session.dialogue


def test_no_password_in_clear(client: Client, postfix: Postfix) -> None:
    session = client.session(postfix.cleartext_auth, user=ALICE)
    with pytest.raises(AuthenticationFailed, match="not encrypted") as caught, session:
        pass
    assert "starttls" in caught.value.remedy
    assert session.mechanisms == []


def test_a_password_in_clear_has_to_be_asked_for(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    with client.session(postfix.cleartext_auth, user=ALICE, allow_plaintext_auth=True) as session:
        assert session.mechanisms == ["SCRAM-SHA-256"]
        receipt = session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert receipt.tls is None
    assert not receipt.verified
    assert postfix.cleartext_auth.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_a_server_without_starttls_gets_nothing(client: Client, postfix: Postfix) -> None:
    session = client.session(replace(postfix.cleartext_auth, security="starttls"), user=ALICE)
    with pytest.raises(TLSFailed, match="STARTTLS"), session:
        pass
    assert session.mechanisms == []


def test_tls_on_the_wrong_port_is_explained(client: Client, postfix: Postfix) -> None:
    session = client.session(replace(postfix.submission, security="tls"), user=ALICE)
    with pytest.raises(TLSFailed, match="security='starttls'"), session:
        pass
