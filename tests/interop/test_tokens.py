"""Logging in with OAuth 2.0 tokens: both mechanisms, long tokens, and one renewal of a refused one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import AuthenticationFailed, Retry
from tests.interop.mails import new_mail
from tests.interop.sessions import assert_tells_no_secret
from tests.servers.listeners import ALICE, BOB
from tests.servers.tokens import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.interop.sessions import Client
    from tests.servers.dovecot import Dovecot
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix")

MECHANISMS = pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])


@MECHANISMS
def test_postfix_takes_a_token(client: Client, postfix: Postfix, mechanism: str) -> None:
    token = postfix.dovecot.tokens.mint(ALICE.address)
    client.secrets.append(token)
    message_id, mail = new_mail()
    with client.session(
        postfix.submission, username=ALICE.address, auth=token, mechanisms=[mechanism]
    ) as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    stored = postfix.mailbox(BOB).wait_for(message_id)
    assert postfix.submission.as_sent(stored) == mail
    assert b"(Authenticated sender: alice" in stored


@MECHANISMS
def test_dovecot_takes_a_token(client: Client, dovecot_submission: Dovecot, mechanism: str) -> None:
    token = dovecot_submission.tokens.mint(ALICE.address)
    client.secrets.append(token)
    with client.session(
        dovecot_submission.submissions, username=ALICE.address, auth=token, mechanisms=[mechanism]
    ) as session:
        assert session.mechanisms == [mechanism]
        assert session.noop() == 250


def test_oauthbearer_is_chosen_although_passwords_are_offered_too(client: Client, postfix: Postfix) -> None:
    async def fetch() -> str:
        return postfix.dovecot.tokens.mint(ALICE.address)

    with client.session(postfix.submission, username=ALICE.address, auth=fetch) as session:
        assert session.mechanisms == ["OAUTHBEARER"]


@MECHANISMS
def test_a_long_token_waits_for_the_challenge(client: Client, postfix: Postfix, mechanism: str) -> None:
    # Postfix cuts command lines at 2048 octets.
    token = postfix.dovecot.tokens.mint(ALICE.address, scope=f"{SCOPE} {'x' * 2000}")
    assert len(token) > 2048
    client.secrets.append(token)
    with client.session(
        postfix.submission, username=ALICE.address, auth=token, mechanisms=[mechanism]
    ) as session:
        assert session.commands[-2:] == [f"AUTH {mechanism}", "<redacted>"]
        assert session.noop() == 250


def in_turn(tokens: list[str], asked: list[str]) -> Callable[[], str]:
    """A token callable that notes what it gave."""

    def give() -> str:
        asked.append(tokens[len(asked)])
        return asked[-1]

    return give


@MECHANISMS
def test_an_expired_token_is_renewed_once(client: Client, postfix: Postfix, mechanism: str) -> None:
    mint = postfix.dovecot.tokens
    tokens = [mint.mint(ALICE.address, lifetime_seconds=-5), mint.mint(ALICE.address)]
    client.secrets.extend(tokens)
    asked: list[str] = []
    message_id, mail = new_mail()
    session = client.session(
        postfix.submission, username=ALICE.address, auth=in_turn(tokens, asked), mechanisms=[mechanism]
    )
    with session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert asked == tokens
    assert session.mechanisms == [mechanism] * 2
    assert session.connections == 1
    assert postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_two_refused_tokens_are_enough(client: Client, postfix: Postfix) -> None:
    mint = postfix.dovecot.tokens
    tokens = [
        mint.mint(ALICE.address, lifetime_seconds=-5),
        mint.mint_foreign(ALICE.address),
        "never asked for",
    ]
    client.secrets.extend(tokens)
    asked: list[str] = []
    session = client.session(postfix.submission, username=ALICE.address, auth=in_turn(tokens, asked))
    with pytest.raises(AuthenticationFailed, match="access token") as caught, session:
        pass
    assert asked == tokens[:2]
    assert session.mechanisms == ["OAUTHBEARER"] * 2
    error = caught.value
    assert error.reply is not None
    assert error.reply.code == 535
    assert error.retry is Retry.NEVER
    assert "token" in error.remedy
    assert_tells_no_secret(f"{error} {error!r} {error.reply!r} {error.__context__!r}", tokens)


def test_the_same_token_is_not_shown_twice(client: Client, postfix: Postfix) -> None:
    token = postfix.dovecot.tokens.mint(ALICE.address, lifetime_seconds=-5)
    client.secrets.append(token)
    session = client.session(postfix.submission, username=ALICE.address, auth=lambda: token)
    with pytest.raises(AuthenticationFailed, match="access token"), session:
        pass
    assert session.mechanisms == ["OAUTHBEARER"]
