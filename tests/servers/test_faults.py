"""What the servers refuse, and what a client must refuse of them: twins, carelessness, fates and limits."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.servers.fates import Fate
from tests.servers.independent import connect, log_in, new_mail, strict_context
from tests.servers.listeners import ALICE, BOB, HOST

if TYPE_CHECKING:
    from tests.servers.certificates import CertificateAuthority
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("expired", "certificate has expired"),
        ("wrong_host", "Hostname mismatch"),
        ("self_signed", "self-signed certificate"),
        ("outdated", "protocol version"),
    ],
)
@pytest.mark.parametrize("suffix", ["", "_tls"])
def test_faulty_twins_are_refused(postfix: Postfix, name: str, suffix: str, complaint: str) -> None:
    with pytest.raises(ssl.SSLError, match=f"(?i){complaint}".replace(" ", "[ _]")):
        connect(getattr(postfix, name + suffix), strict_context(postfix.ca_file))


@pytest.mark.parametrize("server", ["postfix", "exim", "dovecot_submission"])
def test_the_authority_is_known_to_nobody_else(request: pytest.FixtureRequest, server: str) -> None:
    running: Postfix | Exim | Dovecot = request.getfixturevalue(server)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        connect(running.submissions, ssl.create_default_context())


def test_submission_offers_no_password_exchange_before_tls(postfix: Postfix, exim: Exim) -> None:
    for listener in (postfix.submission, exim.submission):
        with smtplib.SMTP(HOST, listener.port) as session:
            session.ehlo()
            assert session.has_extn("starttls")
            assert not session.has_extn("auth")


def test_careless_postfix_asks_for_a_password_in_clear(postfix: Postfix, ca: CertificateAuthority) -> None:
    with connect(postfix.cleartext_auth, strict_context(ca.ca_file)) as session:
        assert session.has_extn("auth")
        assert not session.has_extn("starttls")


def test_plainest_postfix_has_no_extension(postfix: Postfix, ca: CertificateAuthority) -> None:
    with connect(postfix.no_extensions, strict_context(ca.ca_file)) as session:
        assert session.esmtp_features == {}


@pytest.mark.parametrize(
    ("recipient", "code", "enhanced"),
    [
        (Fate.DEFERRED, 451, b"4.3.0"),
        (Fate.REFUSED, 550, b"5.1.1"),
        (Fate.FULL, 552, b"5.2.2"),
    ],
)
@pytest.mark.parametrize("name", ["submission", "mx", "no_extensions"])
def test_recipients_meet_their_fate(
    postfix: Postfix, name: str, recipient: str, code: int, enhanced: bytes
) -> None:
    with connect(getattr(postfix, name), strict_context(postfix.ca_file)) as session:
        log_in(session)
        session.mail(ALICE.address)
        reply = session.rcpt(recipient)
        assert reply[0] == code
        assert reply[1].startswith(enhanced)


@pytest.mark.parametrize(
    ("subject", "code"), [(Fate.REFUSED_SUBJECT, 550), (Fate.DEFERRED_SUBJECT, 451), ("Welcome", 250)]
)
def test_subjects_meet_their_fate(postfix: Postfix, subject: str, code: int) -> None:
    _, mail = new_mail(subject=subject)
    with connect(postfix.mx, strict_context(postfix.ca_file)) as session:
        session.mail(ALICE.address)
        session.rcpt(BOB.address)
        assert session.data(mail)[0] == code


def test_silent_recipient_is_not_answered(postfix: Postfix) -> None:
    with connect(postfix.mx, strict_context(postfix.ca_file)) as session:
        session.mail(ALICE.address)
        assert session.sock is not None
        session.sock.settimeout(0.3)
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            session.rcpt(Fate.SILENT)


def test_a_hundred_recipients_and_ten_mebibytes_are_the_limit(postfix: Postfix) -> None:
    with connect(postfix.mx, strict_context(postfix.ca_file)) as session:
        assert session.mail(ALICE.address, [f"SIZE={10 * 1024 * 1024 + 1}"])[0] == 552
        session.mail(ALICE.address, [f"SIZE={10 * 1024 * 1024}"])
        codes = [session.rcpt(f"alice+{number}@mail.test")[0] for number in range(101)]
        assert codes == [250] * 100 + [452]
