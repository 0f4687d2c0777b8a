"""Tokens that only their provider can judge, before a mail server that asks it about each one (RFC 7662)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envoi import AuthenticationFailed, Retry, SMTPSession, TLSOptions
from envoi.oauth import OAuth2Parameters, TokenKeeper, TokenMemory, authorize
from envoi.oauth.record import Record
from tests.client.browsers import pasting
from tests.interop.mails import new_mail
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.ports import TokenSource
    from tests.servers.dovecot import Dovecot
    from tests.servers.oidc_provider import OIDCProvider
    from tests.servers.postfix import Postfix

    SessionOf = Callable[[str | TokenSource], SMTPSession]

pytestmark = pytest.mark.programs("node", "dovecot", "postfix")


@pytest.fixture
def opaque(oidc_provider: OIDCProvider) -> OAuth2Parameters:
    oidc_provider.fail_with()
    oidc_provider.token_requests()
    return asking(oidc_provider, ALICE.address, "openid offline_access mail")


def asking(oidc_provider: OIDCProvider, who: str, scope: str) -> OAuth2Parameters:
    return OAuth2Parameters(
        client_id="opaque",
        issuer=oidc_provider.issuer,
        scope=scope,
        additional_parameters={"prompt": "consent", "login_hint": who},
    )


@pytest.fixture(params=["OAUTHBEARER", "XOAUTH2"])
def session(request: pytest.FixtureRequest, introspecting_dovecot: Dovecot) -> SessionOf:
    """Make a session of alice's on the server that asks."""
    return lambda auth: SMTPSession(
        "localhost",
        introspecting_dovecot.submission.port,
        username=ALICE.address,
        auth=auth,
        mechanisms=[request.param],
        tls=TLSOptions(ca_file=introspecting_dovecot.ca_file),
    )


def refused(session: SMTPSession) -> AuthenticationFailed:
    with pytest.raises(AuthenticationFailed) as caught:
        session.open()
    assert caught.value.retry is Retry.NEVER
    assert caught.value.reply is not None
    assert caught.value.reply.code == 535
    return caught.value


def test_a_good_token_sends(session: SessionOf, opaque: OAuth2Parameters, postfix: Postfix) -> None:
    keeper = TokenKeeper(opaque)
    assert "." not in keeper.authorize(pasting()).access_token, "nothing can be read from it"
    message_id, mail = new_mail()
    with session(keeper) as opened:
        opened.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert b"ESMTPSA" in postfix.mailbox(BOB).wait_for(message_id)


def test_a_revoked_token_dies_at_once(session: SessionOf, opaque: OAuth2Parameters) -> None:
    keeper = TokenKeeper(opaque)
    token = keeper.authorize(pasting()).access_token
    with session(token):
        pass
    keeper.sign_out()
    error = refused(session(token))
    assert token not in f"{error} {error!r}"


def test_an_expired_token_is_refused_and_renewed_once(
    session: SessionOf, opaque: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    store = TokenMemory()
    keeper = TokenKeeper(opaque, store=store, account="alice")
    token = keeper.authorize(pasting())
    oidc_provider.expire(token.access_token)
    assert "has expired" in str(refused(session(token.access_token)))

    hold = store.try_hold("alice")
    assert hold is not None
    hold.save(Record(token=replace(token, obtained_at=token.obtained_at - timedelta(minutes=5))))
    hold.release()
    oidc_provider.token_requests()
    with session(keeper):
        pass
    assert oidc_provider.token_requests() == [{"grant": "refresh_token", "status": 200}]


@pytest.mark.parametrize(
    ("who", "scope"),
    [(BOB.address, "openid mail"), (ALICE.address, "openid calendar")],
    ids=["of somebody else", "for something else"],
)
def test_a_token_opens_one_mailbox_for_one_thing(
    session: SessionOf, oidc_provider: OIDCProvider, who: str, scope: str
) -> None:
    token = authorize(asking(oidc_provider, who, scope), pasting()).access_token
    refused(session(token))


def test_a_made_up_token_opens_nothing(session: SessionOf) -> None:
    refused(session("made-up"))
