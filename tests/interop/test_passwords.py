"""Logging in by password: every mechanism of every server, the right person each time, and one attempt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from envoi import AuthenticationFailed, Retry
from tests.interop.mails import new_mail
from tests.interop.sessions import assert_tells_no_secret
from tests.servers.listeners import ALICE, BOB, ZOE, User

if TYPE_CHECKING:
    from tests.interop.sessions import Client, Session
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.listeners import Listener
    from tests.servers.mailbox import Mailbox
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

EXIM = ["PLAIN", "LOGIN", "CRAM-MD5"]
DOVECOT = [*EXIM, "SCRAM-SHA-1", "SCRAM-SHA-256"]


def sent_by(session: Session, listener: Listener, mailbox: Mailbox) -> bytes:
    """Send a mail, and return what the server noted about who did; ``?`` for each octet outside ASCII."""
    message_id, mail = new_mail()
    session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    stored = mailbox.wait_for(message_id)
    assert listener.as_sent(stored) == mail
    noted = stored.partition(b"(Authenticated sender: ")[2].partition(b")")[0]
    return re.sub(rb"\\[0-7]{3}", b"?", noted)


@pytest.mark.parametrize(
    ("server", "mechanism"),
    [*(("postfix", mechanism) for mechanism in DOVECOT), *(("exim", mechanism) for mechanism in EXIM)],
)
@pytest.mark.parametrize("user", [BOB, ZOE], ids=["punctuation", "utf-8"])
def test_the_server_knows_who_we_are(
    client: Client, request: pytest.FixtureRequest, server: str, mechanism: str, user: User
) -> None:
    running: Postfix | Exim = request.getfixturevalue(server)
    shown = re.sub(rb"[^ -~]", b"?", user.name.encode())
    with client.session(running.submission, user=user, mechanisms=[mechanism]) as session:
        assert session.mechanisms == [mechanism]
        assert sent_by(session, running.submission, running.mailbox(BOB)) == shown


@pytest.mark.parametrize("user", [BOB, ZOE], ids=["punctuation", "utf-8"])
@pytest.mark.parametrize("mechanism", DOVECOT)
def test_dovecot_lets_us_in(client: Client, dovecot_submission: Dovecot, mechanism: str, user: User) -> None:
    with client.session(dovecot_submission.submission, user=user, mechanisms=[mechanism]) as session:
        assert session.mechanisms == [mechanism]
        assert session.noop() == 250


@pytest.mark.parametrize(
    ("server", "strongest"),
    [("postfix", "SCRAM-SHA-256"), ("dovecot_submission", "SCRAM-SHA-256"), ("exim", "PLAIN")],
)
def test_the_strongest_mechanism_is_chosen(
    client: Client, request: pytest.FixtureRequest, server: str, strongest: str
) -> None:
    with client.session(request.getfixturevalue(server).submission, user=ZOE) as session:
        assert session.mechanisms == [strongest]


GUESSED = User(name="alice", password="guessed wrong ☃")
UNKNOWN = User(name="mallory", password="known to nobody")


@pytest.mark.parametrize(
    ("server", "mechanism", "user"),
    [
        ("postfix", "SCRAM-SHA-256", GUESSED),
        ("postfix", "PLAIN", UNKNOWN),
        ("dovecot_submission", "SCRAM-SHA-1", UNKNOWN),
        ("exim", "PLAIN", GUESSED),
        ("exim", "LOGIN", UNKNOWN),
        ("exim", "CRAM-MD5", GUESSED),
    ],
)
def test_a_wrong_login_is_tried_once(
    client: Client, request: pytest.FixtureRequest, server: str, mechanism: str, user: User
) -> None:
    client.secrets.append(user.password)
    session = client.session(request.getfixturevalue(server).submission, user=user, mechanisms=[mechanism])
    with pytest.raises(AuthenticationFailed, match="User name or password is wrong") as caught, session:
        pass
    assert session.mechanisms == [mechanism]
    assert session.connections == 1
    error = caught.value
    assert error.reply is not None
    assert error.reply.code == 535
    assert error.retry is Retry.NEVER
    assert_tells_no_secret(f"{error} {error!r} {error.reply!r} {error.__cause__!r}", client.secrets)
