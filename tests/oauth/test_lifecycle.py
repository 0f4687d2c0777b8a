from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from envoi.drivers.token_memory import TokenMemory
from envoi.errors import Phase, Retry, TokenUnavailable
from envoi.oauth.lifecycle import Lifecycle
from envoi.oauth.parameters import Grant
from envoi.oauth.record import Record
from envoi.oauth.token import Token, TokenState
from envoi.session.run import run_sync
from envoi.testing.clock import FakeClock
from tests.oauth.stage import NOW, StillWorld, answered, parameters, token_answer, world

ACCOUNT = "zoe@example.org"
SILENCE = TokenUnavailable("no answer", phase=Phase.AUTH, retry=Retry.LATER)


def old_token(**changes: Any) -> Token:
    values: dict[str, Any] = {
        "access_token": "access-0",
        "refresh_token": "refresh-0",
        "obtained_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(hours=1),
    }
    return Token(**values | changes)


class Account:
    """A lifecycle over memory, and what the provider was asked."""

    def __init__(self, staged: StillWorld, token: Token | None = None, **changes: Any) -> None:
        self.world = staged
        self.store = TokenMemory()
        self.lifecycle = Lifecycle(staged, parameters(**changes), self.store, ACCOUNT)
        if token is not None:
            self.put(token)

    def put(self, token: Token, hold: Any = None) -> None:
        hold = hold or self.store.try_hold(ACCOUNT)
        assert hold is not None
        hold.save(Record(token=token))
        hold.release()

    def token(self, *, renew: bool = False) -> str:
        return run_sync(self.lifecycle.token(renew=renew))

    @property
    def kept(self) -> Token:
        record = self.store.load(ACCOUNT)
        assert record is not None
        return record.token

    @property
    def questions(self) -> int:
        return len(self.world.http.asked)


def test_a_good_token_is_used_as_it_is() -> None:
    account = Account(world(), old_token())
    assert account.token() == "access-0"
    assert account.lifecycle.status().state is TokenState.VALID


def test_an_expired_token_is_renewed_and_the_new_refresh_token_kept() -> None:
    account = Account(world(token_answer()), old_token(expires_at=NOW))
    assert account.lifecycle.status().state is TokenState.EXPIRING
    assert [account.token(), account.token()] == ["access-1", "access-1"]
    assert account.kept.refresh_token == "refresh-1"
    form = account.world.http.asked[0][1]
    assert form == {"grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "client"}
    assert account.questions == 1


def test_addresses_are_looked_up_when_somebody_has_to_be_asked_and_then_known() -> None:
    nowhere = {"token_url": "", "authorization_url": "", "revocation_url": ""}
    description = answered(
        issuer="https://login.example.org",
        token_endpoint="https://login.example.org/t",
        authorization_endpoint="https://login.example.org/a",
        revocation_endpoint="https://login.example.org/r",
    )
    staged = world(description, token_answer(), answered())
    account = Account(staged, old_token(), **nowhere)
    assert (account.token(), account.questions) == ("access-0", 0)
    account.put(old_token(expires_at=NOW))
    assert account.token() == "access-1"
    run_sync(account.lifecycle.end(revoked=True))
    asked = [url.removeprefix("https://login.example.org/") for url, _, _ in staged.http.asked]
    assert asked == [".well-known/openid-configuration", "t", "r"]


def test_an_issuer_that_describes_nothing_is_no_reason_to_keep_mail_back() -> None:
    staged = world(answered(404), answered(404))
    account = Account(staged, old_token(expires_at=NOW + timedelta(minutes=1)), token_url="")
    assert account.token() == "access-0"


@pytest.mark.parametrize(("seconds_left", "questions"), [(331, 0), (329, 1)])
def test_renews_five_to_six_minutes_ahead(seconds_left: int, questions: int) -> None:
    # The stage's chance is always one half.
    account = Account(world(token_answer()), old_token(expires_at=NOW + timedelta(seconds=seconds_left)))
    account.token()
    assert account.questions == questions


def test_a_short_life_is_renewed_at_its_half() -> None:
    token = old_token(obtained_at=NOW - timedelta(seconds=29), expires_at=NOW + timedelta(seconds=31))
    account = Account(world(token_answer()), token)
    assert account.token() == "access-0"
    account.world.clock.advance(2)
    assert account.token() == "access-1"


def test_a_refused_token_is_renewed_once_a_minute_at_most() -> None:
    account = Account(world(token_answer(1), token_answer(2)), old_token())
    assert [account.token(renew=True), account.token(renew=True)] == ["access-1", "access-1"]
    account.world.clock.advance(61)
    assert account.token(renew=True) == "access-2"


def test_a_server_without_rotation_keeps_its_refresh_token() -> None:
    account = Account(world(token_answer(refresh_token=None)), old_token(expires_at=NOW))
    account.token()
    assert account.kept.refresh_token == "refresh-0"


def test_whoever_comes_second_uses_the_token_that_is_still_good() -> None:
    account = Account(world(), old_token(expires_at=NOW + timedelta(minutes=1)))
    hold = account.store.try_hold(ACCOUNT)
    assert hold is not None
    assert account.token() == "access-0"


def test_whoever_has_to_wait_reads_what_the_other_stored() -> None:
    account = Account(world(), old_token(expires_at=NOW))
    hold = account.store.try_hold(ACCOUNT)
    assert hold is not None

    class Meanwhile(FakeClock):
        async def sleep(self, seconds: float) -> None:
            account.put(old_token(access_token="theirs"), hold)

    account.world.clock = Meanwhile(NOW)
    assert account.token() == "theirs"


def test_whoever_gets_the_hold_late_finds_it_done() -> None:
    account = Account(world(), old_token(expires_at=NOW))
    take = account.store.try_hold

    def taken_late(name: str) -> Any:
        hold = take(name)
        assert hold is not None
        hold.save(Record(token=old_token(access_token="theirs")))
        return hold

    account.store.try_hold = taken_late  # type: ignore[assignment, method-assign]
    assert account.token() == "theirs"


def test_a_hold_that_never_ends_is_waited_for_two_minutes() -> None:
    account = Account(world(), old_token(expires_at=NOW))
    assert account.store.try_hold(ACCOUNT) is not None
    with pytest.raises(TokenUnavailable, match="120 s") as caught:
        account.token()
    assert caught.value.retry is Retry.LATER
    with pytest.raises(TokenUnavailable, match="120 s"):
        run_sync(account.lifecycle.keep(old_token()))


def test_trouble_before_the_end_is_no_trouble() -> None:
    account = Account(world(SILENCE), old_token(expires_at=NOW + timedelta(minutes=4)))
    assert [account.token(), account.token()] == ["access-0", "access-0"]
    assert account.questions == 1


def test_one_failure_stands_for_all_who_ask_in_the_next_seconds() -> None:
    account = Account(world(SILENCE, token_answer()), old_token(expires_at=NOW))
    for _ in range(3):
        with pytest.raises(TokenUnavailable, match="no answer"):
            account.token()
    assert account.questions == 1
    account.world.clock.advance(6)
    assert account.token() == "access-1"


def test_a_pause_that_the_provider_wants_is_kept() -> None:
    busy = answered(429, {"retry-after": "60"})
    account = Account(world(busy, token_answer()), old_token(expires_at=NOW))
    for seconds in (0, 59):
        account.world.clock.advance(seconds)
        with pytest.raises(TokenUnavailable, match="in 60 s"):
            account.token()
    account.world.clock.advance(2)
    assert account.token() == "access-1"


def test_a_sign_in_that_has_ended_is_told_as_a_state_and_asked_about_no_more() -> None:
    gone = answered(400, error="invalid_grant", error_description="Token has been expired or revoked.")
    account = Account(world(gone), old_token(expires_at=NOW))
    with pytest.raises(TokenUnavailable, match="100 sign-ins") as caught:
        account.token()
    assert caught.value.retry is Retry.NEVER
    status = account.lifecycle.status()
    assert (status.state, status.since) == (TokenState.NEEDS_CONSENT, NOW)
    assert status.why == "The sign-in no longer holds"
    with pytest.raises(TokenUnavailable, match=r"has to sign in again \(since 2026-01-01"):
        account.token()
    assert account.questions == 1


def test_a_token_outlives_the_sign_in_it_came_from() -> None:
    gone = answered(400, error="invalid_grant")
    account = Account(world(gone), old_token(expires_at=NOW + timedelta(minutes=4)))
    assert [account.token(), account.token()] == ["access-0", "access-0"]
    assert account.questions == 1
    with pytest.raises(TokenUnavailable, match="sign in again"):
        account.token(renew=True)


def test_signing_in_again_ends_that_state() -> None:
    account = Account(world(answered(400, error="invalid_grant")), old_token(expires_at=NOW))
    with pytest.raises(TokenUnavailable):
        account.token()
    run_sync(account.lifecycle.keep(old_token(access_token="again")))
    assert account.token() == "again"
    assert account.lifecycle.status().state is TokenState.VALID


def test_a_wrong_secret_is_no_reason_to_sign_in() -> None:
    wrong = answered(401, error="invalid_client", error_description="AADSTS7000222: expired")
    account = Account(world(wrong), old_token(expires_at=NOW))
    with pytest.raises(TokenUnavailable, match="secret has expired"):
        account.token()
    assert account.lifecycle.status().state is TokenState.EXPIRING


def test_nobody_has_signed_in_yet() -> None:
    account = Account(world())
    status = account.lifecycle.status()
    assert (status.state, status.since) == (TokenState.NEEDS_CONSENT, None)
    with pytest.raises(TokenUnavailable, match="Nobody has signed in yet"):
        account.token()


def test_without_a_refresh_token_the_end_is_the_end() -> None:
    account = Account(world(), old_token(expires_at=NOW, refresh_token=None))
    assert account.lifecycle.status().why == "The provider gave no refresh token with this one"
    with pytest.raises(TokenUnavailable, match="offline_access"):
        account.token()
    assert account.lifecycle.status().state is TokenState.NEEDS_CONSENT


def test_a_program_gets_its_own_token_without_anybody() -> None:
    account = Account(
        world(token_answer(refresh_token=None)), grant=Grant.CLIENT_CREDENTIALS, client_secret="s"
    )
    assert account.lifecycle.status().state is TokenState.EXPIRING
    assert account.token() == "access-1"


class FullStore(TokenMemory):
    """Memory with the manners of a disk: full at the word of the test."""

    full_at = ""

    def try_hold(self, account: str) -> Any:
        hold = super().try_hold(account)
        if hold is None:
            return None

        def fail_if(step: str, then: Any) -> Any:
            def act(*values: Any) -> None:
                if self.full_at == step:
                    raise TokenUnavailable("no space left", phase=Phase.AUTH, retry=Retry.LATER)
                then(*values)

            return act

        hold.prepare = fail_if("prepare", hold.prepare)  # type: ignore[method-assign]
        hold.save = fail_if("save", hold.save)  # type: ignore[method-assign]
        return hold


def full_account(token: Token, *answers: Any) -> tuple[Account, FullStore]:
    account = Account(world(*answers))
    store = account.store = FullStore()
    account.lifecycle = Lifecycle(account.world, parameters(), store, ACCOUNT)
    account.put(token)
    return account, store


def test_no_room_is_found_out_before_the_refresh_token_is_used_up() -> None:
    account, store = full_account(old_token(expires_at=NOW), token_answer())
    store.full_at = "prepare"
    with pytest.raises(TokenUnavailable, match="no space"):
        account.token()
    assert account.questions == 0
    store.full_at = ""
    assert account.token() == "access-1"


def test_a_token_that_could_not_be_stored_is_kept_in_mind_and_not_used() -> None:
    account, store = full_account(old_token(expires_at=NOW + timedelta(minutes=4)), token_answer())
    store.full_at = "save"
    for _ in range(2):
        with pytest.raises(TokenUnavailable, match="no space"):
            account.token()
    assert account.kept.access_token == "access-0"
    store.full_at = ""
    assert account.token() == "access-1"
    assert account.kept.refresh_token == "refresh-1"
    assert account.questions == 1


def test_a_later_sign_in_is_worth_more_than_what_could_not_be_stored() -> None:
    account, store = full_account(old_token(expires_at=NOW), token_answer())
    store.full_at = "save"
    with pytest.raises(TokenUnavailable):
        account.token()
    store.full_at = ""
    account.put(old_token(access_token="later", obtained_at=NOW + timedelta(seconds=1)))
    assert account.token() == "later"


def test_signing_out_gives_the_token_back_and_forgets_it() -> None:
    account = Account(world(answered()), old_token())
    run_sync(account.lifecycle.end(revoked=True))
    url, form, _ = account.world.http.asked[0]
    assert url == "https://login.example.org/revoke"
    assert form["token"] == "refresh-0"
    assert account.store.load(ACCOUNT) is None
    run_sync(account.lifecycle.end(revoked=True))
    assert account.questions == 1


def test_what_the_provider_does_not_take_back_is_kept() -> None:
    account = Account(world(answered(400, error="invalid_request")), old_token())
    with pytest.raises(TokenUnavailable):
        run_sync(account.lifecycle.end(revoked=True))
    assert account.token() == "access-0"
    run_sync(account.lifecycle.end(revoked=False))
    assert account.store.load(ACCOUNT) is None
