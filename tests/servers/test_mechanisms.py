"""Every SASL mechanism that the servers offer lets the right people in, and nobody else."""

from __future__ import annotations

import hmac
import imaplib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import scramp

from tests.servers.independent import authenticate, connect, plain, strict_context
from tests.servers.listeners import ALICE, HOST, USERS, User

if TYPE_CHECKING:
    from tests.servers.certificates import CertificateAuthority
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

Answer = Callable[[bytes], bytes]
WITH_PASSWORD = {"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}
WITH_TOKEN = {"XOAUTH2", "OAUTHBEARER"}
MALLORY = User(name="alice", password="guessed")


def password_answers(mechanism: str, user: User) -> list[Answer]:
    name, password = user.name.encode(), user.password.encode()
    if mechanism == "PLAIN":
        return [plain(user)]
    if mechanism == "LOGIN":
        return [lambda _: name, lambda _: password]
    return [lambda challenge: name + b" " + hmac.new(password, challenge, "md5").hexdigest().encode()]


def scram_answers(mechanism: str, user: User) -> list[Answer]:
    client = scramp.ScramClient([mechanism], user.name, user.password)

    def final(challenge: bytes) -> bytes:
        client.set_server_first(challenge.decode())
        return bytes(client.get_client_final().encode())

    def check(challenge: bytes) -> bytes:
        client.set_server_final(challenge.decode())
        return b""

    return [lambda _: bytes(client.get_client_first().encode()), final, check]


def token_answers(mechanism: str, user: User, token: str) -> list[Answer]:
    start = f"user={user.address}" if mechanism == "XOAUTH2" else f"n,a={user.address},"
    request = f"{start}\1auth=Bearer {token}\1\1"
    # A refusal comes as a challenge that wants an answer, empty or ^A, before the 535.
    return [lambda _: request.encode(), lambda _: b"" if mechanism == "XOAUTH2" else b"\1"]


@pytest.mark.parametrize("user", [*USERS, MALLORY], ids=["alice", "bob", "zoe", "mallory"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("server", ["postfix", "exim"])
def test_passwords(request: pytest.FixtureRequest, server: str, mechanism: str, user: User) -> None:
    running: Postfix | Exim = request.getfixturevalue(server)
    with connect(running.submission, strict_context(running.ca_file)) as session:
        code = authenticate(session, mechanism, *password_answers(mechanism, user))
    assert code == (535 if user is MALLORY else 235)


@pytest.mark.parametrize("user", USERS, ids=["alice", "bob", "zoe"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_scram(postfix: Postfix, mechanism: str, user: User) -> None:
    with connect(postfix.submission, strict_context(postfix.ca_file)) as session:
        assert authenticate(session, mechanism, *scram_answers(mechanism, user)) == 235


@pytest.mark.parametrize("mechanism", sorted(WITH_TOKEN))
def test_tokens(postfix: Postfix, mechanism: str) -> None:
    mint = postfix.dovecot.tokens
    tokens = {
        mint.mint(ALICE.address): 235,
        mint.mint(ALICE.address, lifetime_seconds=-5): 535,
        mint.mint(ALICE.address, scope="calendar"): 535,
        mint.mint(ALICE.address, issuer="https://elsewhere.test"): 535,
        mint.mint_foreign(ALICE.address): 535,
    }
    for token, expected in tokens.items():
        with connect(postfix.submission, strict_context(postfix.ca_file)) as session:
            assert authenticate(session, mechanism, *token_answers(mechanism, ALICE, token)) == expected


@pytest.mark.parametrize("server", ["exim", "dovecot_submission"])
@pytest.mark.parametrize(("name", "code"), [(b"alice", 235), (b"", 235), (b"bob", 535)])
def test_client_certificate(
    request: pytest.FixtureRequest, ca: CertificateAuthority, server: str, name: bytes, code: int
) -> None:
    running: Exim | Dovecot = request.getfixturevalue(server)
    with connect(running.submission, strict_context(running.ca_file, client=ca.client)) as session:
        assert authenticate(session, "EXTERNAL", lambda _: name) == code


def test_mechanisms_on_offer(postfix: Postfix, exim: Exim, dovecot: Dovecot) -> None:
    with connect(postfix.submission, strict_context(postfix.ca_file)) as session:
        assert set(session.esmtp_features["auth"].split()) >= WITH_PASSWORD | WITH_TOKEN
    with connect(exim.submission, strict_context(exim.ca_file)) as session:
        assert set(session.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN", "CRAM-MD5"}
    with imaplib.IMAP4_SSL(HOST, dovecot.imaps.port, ssl_context=strict_context(dovecot.ca_file)) as session:
        offered = {name.removeprefix("AUTH=") for name in session.capabilities if name.startswith("AUTH=")}
        assert offered == WITH_PASSWORD | WITH_TOKEN | {"EXTERNAL"}
