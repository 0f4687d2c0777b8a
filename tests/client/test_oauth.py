"""OAuth 2.0 against a real provider: every grant, one renewal for all, and the way into a mailbox."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from envoi import AsyncSMTPSession, SMTPSession, TLSOptions, TokenUnavailable
from envoi.drivers import system
from envoi.oauth import (
    AsyncTokenKeeper,
    Consent,
    Grant,
    OAuth2Parameters,
    TokenFolder,
    TokenKeeper,
    TokenState,
    authorize,
    authorize_async,
    discover,
    discover_async,
)
from envoi.oauth.parameters import ClientAuthentication
from envoi.oauth.record import Record
from tests.client.browsers import browser, form_browser, pasting
from tests.interop.mails import new_mail
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.oauth import DeviceCode, Token
    from tests.servers.oidc_provider import OIDCProvider
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("node")

COLOURS = pytest.mark.parametrize("colour", ["blocking", "asyncio"])


def obtained(colour: str, parameters: OAuth2Parameters, consent: Consent | None = None) -> Token:
    consent = consent or Consent()
    if colour == "blocking":
        return authorize(parameters, consent)
    return asyncio.run(authorize_async(parameters, consent))


@pytest.fixture
def desktop(oidc_provider: OIDCProvider) -> OAuth2Parameters:
    oidc_provider.fail_with()
    oidc_provider.token_requests()
    return discover(oidc_provider.issuer).parameters(
        "desktop",
        scope="openid offline_access mail",
        additional_parameters={"prompt": "consent", "login_hint": ALICE.address},
    )


@COLOURS
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_person_signs_in_with_the_browser(colour: str, host: str, desktop: OAuth2Parameters) -> None:
    here = replace(desktop, redirection_url=f"http://{host}:0/")
    token = obtained(colour, here, Consent(open_url=browser, timeout=60))
    assert token.refresh_token is not None
    assert token.expires_at is not None
    assert 3500 < (token.expires_at - system.now()).total_seconds() < 3700
    assert "mail" in token.scope
    for secret in (token.access_token, token.refresh_token, token.id_token or "?"):
        assert secret not in repr(token)


@COLOURS
def test_foreign_pages_change_nothing_and_a_second_code_finds_nobody(
    colour: str, desktop: OAuth2Parameters
) -> None:
    answers: list[int] = []
    places: list[str] = []

    def knock(place: str, **headers: str) -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(place, headers=headers), timeout=60)
        answers.append(refused.value.code)
        refused.value.close()

    def come(url: str) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        (place,), (state,) = query["redirect_uri"], query["state"]
        places.append(f"{place}?code=second&state={state}")
        knock(f"{place}?code=stolen&state=guessed")
        knock(places[0], Host="evil.example")
        browser(url)

    def open_url(url: str) -> None:
        threading.Thread(target=come, args=(url,)).start()

    assert obtained(colour, desktop, Consent(open_url=open_url, timeout=60)).refresh_token
    assert answers == [400, 404]
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(places[0], timeout=60)


@COLOURS
def test_a_form_brings_the_code_as_well(colour: str, desktop: OAuth2Parameters) -> None:
    posted = replace(
        desktop, additional_parameters={**desktop.additional_parameters, "response_mode": "form_post"}
    )
    assert obtained(colour, posted, Consent(open_url=form_browser, timeout=60)).refresh_token


@COLOURS
def test_the_address_can_be_pasted(colour: str, desktop: OAuth2Parameters) -> None:
    assert obtained(colour, desktop, pasting()).refresh_token


@COLOURS
def test_who_declines_gets_no_token(colour: str, desktop: OAuth2Parameters) -> None:
    declined = replace(desktop, additional_parameters={"login_hint": "nobody"})
    with pytest.raises(TokenUnavailable, match=r"access_denied: the person said no. The person declined"):
        obtained(colour, declined, Consent(open_url=browser, timeout=60))


@COLOURS
def test_a_browser_that_never_comes_is_not_waited_for(colour: str, desktop: OAuth2Parameters) -> None:
    with pytest.raises(TokenUnavailable, match="nobody signed in within 0 s"):
        obtained(colour, desktop, Consent(open_url=lambda _: None, timeout=0.01))


@COLOURS
def test_a_device_signs_in(
    colour: str, desktop: OAuth2Parameters, oidc_provider: OIDCProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    async def sleep(self: object, seconds: float) -> None:
        naps.append(seconds)

    monkeypatch.setattr("envoi.drivers.blocking.BlockingClock.sleep", sleep)
    monkeypatch.setattr("envoi.drivers.aio.AsyncioClock.sleep", sleep)
    oidc_provider.fail_with({"status": 400, "body": {"error": "slow_down"}})

    def show(code: DeviceCode) -> None:
        assert code.verification_url.endswith("/device")
        oidc_provider.enter_code(code.user_code)

    device = replace(desktop, grant=Grant.DEVICE_CODE)
    assert obtained(colour, device, Consent(show_code=show)).refresh_token
    assert naps == [5.0, 10.0]


@COLOURS
@pytest.mark.parametrize("client_id", ["daemon", "a:b c", "signer"])
def test_a_program_proves_itself(colour: str, client_id: str, oidc_provider: OIDCProvider) -> None:
    every: dict[str, dict[str, Any]] = {
        "daemon": {"client_secret": oidc_provider.client_secret},
        "a:b c": {
            "client_secret": oidc_provider.client_secret,
            "client_authentication": ClientAuthentication.BASIC,
        },
        "signer": {"private_key": oidc_provider.private_key},
    }
    parameters = discover(oidc_provider.issuer).parameters(
        client_id, scope="mail", grant=Grant.CLIENT_CREDENTIALS, **every[client_id]
    )
    assert obtained(colour, parameters).access_token


def test_a_wrong_secret_is_explained_and_not_repeated(oidc_provider: OIDCProvider) -> None:
    parameters = discover(oidc_provider.issuer).parameters(
        "daemon", client_secret="certainly wrong", grant=Grant.CLIENT_CREDENTIALS
    )
    with pytest.raises(
        TokenUnavailable, match=r"invalid_client.*Compare client_id and client_secret"
    ) as caught:
        authorize(parameters)
    assert "certainly wrong" not in f"{caught.value} {caught.value!r} {parameters!r}"


def test_discovery_in_both_colours_is_one(oidc_provider: OIDCProvider) -> None:
    found = discover(oidc_provider.issuer)
    assert asyncio.run(discover_async(oidc_provider.issuer)) == found
    assert found.token_url == f"{oidc_provider.issuer}/token"
    assert found.issuer_is_sent


def expire(store: TokenFolder, account: str = "alice") -> None:
    """Let the kept token's time be over."""
    hold = store.try_hold(account)
    assert hold is not None
    record = hold.load()
    assert record is not None
    past = system.now() - timedelta(hours=2)
    hold.save(Record(token=replace(record.token, obtained_at=past, expires_at=past + timedelta(hours=1))))
    hold.release()


@pytest.fixture
def folder(tmp_path: Path, desktop: OAuth2Parameters, oidc_provider: OIDCProvider) -> TokenFolder:
    """A store with an expired token of alice, whose refresh token is good for one use."""
    store = TokenFolder(tmp_path / "tokens")
    TokenKeeper(desktop, store=store, account="alice").authorize(pasting())
    expire(store)
    oidc_provider.token_requests()
    return store


RENEWAL = [{"grant": "refresh_token", "status": 200}]


def test_fifty_threads_renew_once(
    folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    keeper = TokenKeeper(desktop, store=folder, account="alice")
    start = threading.Barrier(50)

    def ask(_: int) -> str:
        start.wait()
        return keeper.access_token()

    with ThreadPoolExecutor(50) as pool:
        assert len(set(pool.map(ask, range(50)))) == 1
    assert oidc_provider.token_requests() == RENEWAL
    # Reuse would have ended the grant.
    expire(folder)
    assert keeper.access_token()


def test_fifty_tasks_renew_once(
    folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    async def ask() -> list[str]:
        keepers = [AsyncTokenKeeper(desktop, store=folder, account="alice") for _ in range(10)]
        return await asyncio.gather(*(keepers[number % 10].access_token() for number in range(50)))

    assert len(set(asyncio.run(ask()))) == 1
    assert oidc_provider.token_requests() == RENEWAL


PROGRAM = """
import json, sys
from envoi.oauth import OAuth2Parameters, TokenFolder, TokenKeeper
folder, values = json.loads(sys.argv[1])
keeper = TokenKeeper(OAuth2Parameters(**values), store=TokenFolder(folder), account="alice")
keeper.status
print("ready", flush=True)
sys.stdin.readline()
print(keeper.access_token())
"""


def test_five_processes_renew_once(
    tmp_path: Path, folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    values = {
        "client_id": "desktop",
        "token_url": desktop.token_url,
        "authorization_url": desktop.authorization_url,
    }
    command = [sys.executable, "-c", PROGRAM, json.dumps([str(tmp_path / "tokens"), values])]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(5)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    tokens = {process.communicate(timeout=30)[0] for process in processes}
    assert len(tokens) == 1
    assert len(tokens.pop()) > 50
    assert oidc_provider.token_requests() == RENEWAL


def test_a_cancelled_task_does_not_lose_the_new_refresh_token(
    folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    async def go() -> None:
        keeper = AsyncTokenKeeper(desktop, store=folder, account="alice")
        task = asyncio.ensure_future(keeper.access_token())
        while len(asyncio.all_tasks()) < 3:  # noqa: ASYNC110 - the renewal has a task of its own
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert keeper.status.state is TokenState.VALID
        assert await keeper.access_token()

    asyncio.run(go())
    assert oidc_provider.token_requests() == RENEWAL


def test_reuse_of_a_refresh_token_ends_in_a_state_that_says_so(
    folder: TokenFolder, desktop: OAuth2Parameters
) -> None:
    keeper = TokenKeeper(desktop, store=folder, account="alice")
    before = folder.load("alice")
    assert before is not None
    keeper.access_token()
    hold = folder.try_hold("alice")
    assert hold is not None
    hold.save(before)
    hold.release()
    with pytest.raises(TokenUnavailable, match="invalid_grant"):
        keeper.access_token()
    assert keeper.status.state is TokenState.NEEDS_CONSENT
    assert keeper.status.since is not None


@COLOURS
def test_signing_out_revokes_the_grant(
    colour: str, folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    record = folder.load("alice")
    assert record is not None
    if colour == "blocking":
        TokenKeeper(desktop, store=folder, account="alice").sign_out()
    else:
        asyncio.run(AsyncTokenKeeper(desktop, store=folder, account="alice").sign_out())
    assert folder.load("alice") is None
    hold = folder.try_hold("alice")
    assert hold is not None
    hold.save(record)
    hold.release()
    with pytest.raises(TokenUnavailable, match="invalid_grant"):
        TokenKeeper(desktop, store=folder, account="alice").access_token()


def test_a_disk_that_fills_up_while_the_new_token_is_stored_loses_nothing(
    folder: TokenFolder,
    desktop: OAuth2Parameters,
    oidc_provider: OIDCProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper = TokenKeeper(desktop, store=folder, account="alice")
    before = folder.load("alice")
    synchronised: list[int] = []

    def full_at_the_second(descriptor: int) -> None:
        synchronised.append(descriptor)
        if len(synchronised) >= 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_at_the_second)
        for _ in range(2):
            with pytest.raises(TokenUnavailable, match="No space left on device"):
                keeper.access_token()
        assert folder.load("alice") == before
    token = keeper.access_token()
    after = folder.load("alice")
    assert after is not None
    assert after.token.access_token == token
    assert oidc_provider.token_requests() == RENEWAL


def test_a_busy_provider_is_asked_again(
    folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    oidc_provider.fail_with({"status": 503, "headers": {"retry-after": "0"}})
    assert TokenKeeper(desktop, store=folder, account="alice").access_token()
    assert oidc_provider.token_requests() == [{"fault": 503}, *RENEWAL]


def test_a_provider_that_wants_a_long_pause_gets_it(
    folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    oidc_provider.fail_with({"status": 429, "headers": {"retry-after": "120"}})
    keeper = TokenKeeper(desktop, store=folder, account="alice")
    for _ in range(2):
        with pytest.raises(TokenUnavailable, match="Try again in 120 s"):
            keeper.access_token()
    assert oidc_provider.token_requests() == [{"fault": 429}]


def _asked(parameters: OAuth2Parameters, options: dict[str, Any]) -> Callable[[], str]:
    return lambda: asyncio.run(AsyncTokenKeeper(parameters, **options).access_token())


@COLOURS
def test_a_provider_that_hangs_is_left(
    colour: str, folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider
) -> None:
    oidc_provider.fail_with({"hang": True})
    options: dict[str, Any] = {"store": folder, "account": "alice", "timeout": 0.2}
    ask = TokenKeeper(desktop, **options).access_token if colour == "blocking" else _asked(desktop, options)
    with pytest.raises(TokenUnavailable, match=r"no answer from 127\.0\.0\.1"):
        ask()


@pytest.mark.programs("dovecot", "postfix")
@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_keeper_sends_a_mail(
    folder: TokenFolder,
    desktop: OAuth2Parameters,
    oidc_provider: OIDCProvider,
    postfix: Postfix,
    mechanism: str,
) -> None:
    keeper = TokenKeeper(desktop, store=folder, account="alice")
    message_id, mail = new_mail()
    with SMTPSession(
        "localhost",
        postfix.submission.port,
        username=ALICE.address,
        auth=keeper,
        mechanisms=[mechanism],
        tls=TLSOptions(ca_file=postfix.ca_file),
    ) as session:
        session.send(mail, sender=ALICE.address, recipients=[BOB.address])
    assert b"(Authenticated sender: alice" in postfix.mailbox(BOB).wait_for(message_id)
    assert oidc_provider.token_requests() == RENEWAL


@pytest.mark.programs("dovecot", "postfix")
def test_a_token_that_the_mail_server_refuses_is_renewed_once(
    folder: TokenFolder, desktop: OAuth2Parameters, oidc_provider: OIDCProvider, postfix: Postfix
) -> None:
    stale = postfix.dovecot.tokens.mint(ALICE.address, lifetime_seconds=-5)
    hold = folder.try_hold("alice")
    assert hold is not None
    record = hold.load()
    assert record is not None
    later = system.now() + timedelta(hours=1)
    hold.save(Record(token=replace(record.token, access_token=stale, expires_at=later)))
    hold.release()
    message_id, mail = new_mail()

    async def send() -> None:
        async with AsyncSMTPSession(
            "localhost",
            postfix.submission.port,
            username=ALICE.address,
            auth=AsyncTokenKeeper(desktop, store=folder, account="alice"),
            tls=TLSOptions(ca_file=postfix.ca_file),
        ) as session:
            await session.send(mail, sender=ALICE.address, recipients=[BOB.address])

    asyncio.run(send())
    assert b"(Authenticated sender: alice" in postfix.mailbox(BOB).wait_for(message_id)
    assert oidc_provider.token_requests() == RENEWAL


@COLOURS
def test_a_keeper_signs_in_and_keeps(colour: str, tmp_path: Path, desktop: OAuth2Parameters) -> None:
    store = TokenFolder(tmp_path / "tokens")
    if colour == "blocking":
        keeper = TokenKeeper(desktop, store=store, account="zoe")
        assert keeper.status.state is TokenState.NEEDS_CONSENT
        token = keeper.authorize(pasting())
    else:
        token = asyncio.run(AsyncTokenKeeper(desktop, store=store, account="zoe").authorize(pasting()))
    again = TokenKeeper(desktop, store=store, account="zoe")
    assert again.status.state is TokenState.VALID
    assert again.access_token() == token.access_token


@COLOURS
def test_no_log_tells_a_secret(
    colour: str, desktop: OAuth2Parameters, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    token = obtained(colour, desktop, pasting())
    assert caplog.records
    for secret in (token.access_token, token.refresh_token, "code=", "code_verifier"):
        assert secret is not None
        assert secret not in caplog.text


def test_asks_at_most_for_what_is_public(desktop: OAuth2Parameters) -> None:
    opened: list[str] = []
    with pytest.raises(TokenUnavailable):
        authorize(desktop, Consent(open_url=opened.append, timeout=0.01))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(opened[0]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert "code_verifier" not in query
