"""What follows from an attempt, for each recipient and for the account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from envoi.errors import (
    Accepted,
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    DeadlineExceeded,
    DeliveryError,
    Disconnected,
    MessageRejected,
    NotSupportedByServer,
    OutboxError,
    Phase,
    RecipientsRejected,
    RemoteProtocolError,
    SenderRejected,
    StoreUnavailable,
    TLSFailed,
)
from envoi.outbox.account_rules import OnUnknown
from envoi.outbox.courier import Attempt
from envoi.outbox.model import RecipientResult, State
from envoi.outbox.policy import Backoff, Decision, Effect, cancelled, expired, judge, settlement
from tests.outbox.values import START, claim, reply

THREE = ("b@example.org", "c@example.org", "d@example.org")
BACKOFF = Backoff(base=60, cap=3600, least=5)


def judged(
    attempt: Attempt,
    *recipients: str,
    hold: bool = False,
    tries: int = 0,
    after: timedelta = timedelta(),
    jitter: float = 1.0,
) -> Decision:
    on_unknown = OnUnknown.HOLD if hold else OnUnknown.RESEND
    return judge(claim(*recipients, tries=tries), attempt, on_unknown, BACKOFF, START + after, jitter)


def states(decision: Decision) -> dict[str, State]:
    return {one.address: one.state for one in decision.results}


def failed(error: Exception, *recipients: str, hold: bool = False) -> Decision:
    return judged(Attempt(error=error), *recipients, hold=hold)


def test_each_recipient_has_its_own_end() -> None:
    decision = judged(
        Attempt(
            accepted=("b@example.org",),
            refused={"c@example.org": reply("451 4.3.0 later"), "d@example.org": reply("550 5.1.1 unknown")},
            reply=reply("250 2.0.0 queued"),
        ),
        *THREE,
    )
    assert states(decision) == dict(zip(THREE, (State.DELIVERED, State.DEFERRED, State.FAILED), strict=True))
    delivered, deferred, gone = decision.results
    assert (delivered.reply, delivered.due_at) == (reply("250 2.0.0 queued"), None)
    assert deferred.due_at == START + timedelta(seconds=60)
    assert (gone.reply, gone.due_at, gone.counted) == (reply("550 5.1.1 unknown"), None, True)
    assert decision.effect is Effect.REACHED


@pytest.mark.parametrize(
    ("tries", "jitter", "seconds"), [(0, 1, 60), (3, 1, 480), (3, 0.5, 240), (3, 0, 5), (9999, 1, 3600)]
)
def test_the_deferred_wait_longer_each_time(tries: int, jitter: float, seconds: float) -> None:
    attempt = Attempt(refused={"b@example.org": reply("451 later")}, accepted=())
    (result,) = judged(attempt, tries=tries, jitter=jitter).results
    assert result.due_at == START + timedelta(seconds=seconds)


def test_recipients_that_were_not_offered_wait_for_nothing() -> None:
    decision = judged(Attempt(accepted=THREE[:2], untried=THREE[2:], reply=reply("250 ok")), *THREE)
    assert decision.results[-1] == RecipientResult(
        address=THREE[2], state=State.PENDING, due_at=START, counted=False
    )


@pytest.mark.parametrize(
    "error",
    [
        ConnectionFailed("nobody there", phase=Phase.CONNECT),
        TLSFailed("expired", phase=Phase.TLS),
        AuthenticationFailed("wrong password", phase=Phase.AUTH, reply=reply("535 5.7.8 no")),
        DeadlineExceeded("silence", phase=Phase.GREETING),
        Disconnected("gone", phase=Phase.MAIL),
        SenderRejected("who are you", phase=Phase.MAIL, reply=reply("530 5.7.0 log in first")),
        ConfigError("no such account"),
    ],
)
def test_what_the_message_cannot_help_is_no_try_of_its(error: Exception) -> None:
    decision = failed(error)
    assert decision.effect is Effect.UNREACHABLE
    (result,) = decision.results
    assert (result.state, result.counted, result.due_at) == (State.DEFERRED, False, None)


@pytest.mark.parametrize(
    "error",
    [
        Disconnected("hung up", phase=Phase.GREETING, reply=reply("421 too many connections")),
        SenderRejected("slow", phase=Phase.MAIL, reply=reply("450 4.7.28 unusual rate")),
        MessageRejected("slow", phase=Phase.FINAL, reply=reply("550 5.4.5 Daily user sending limit")),
        MessageRejected("slow", phase=Phase.FINAL, reply=reply("452 Too many messages in this session")),
        RecipientsRejected(
            "slow", refused={}, phase=Phase.RCPT, reply=reply("451 4.4.4 throttled, come back")
        ),
    ],
)
def test_a_rate_slows_the_account_and_not_the_message(error: DeliveryError) -> None:
    decision = failed(error)
    assert decision.effect is Effect.SLOWED
    assert [one.counted for one in decision.results] == [False]
    assert decision.results[0].reply == error.reply


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("552 5.2.2 user quota exceeded", State.FAILED),
        ("452 4.2.2 daily message quota exceeded", State.DEFERRED),
        ("450 4.2.1 this user is sent too many messages", State.DEFERRED),
    ],
)
def test_a_mailbox_that_takes_no_more_slows_nobody(said: str, state: State) -> None:
    refused = {"b@example.org": reply(said)}
    decision = failed(RecipientsRejected("no", refused=refused, phase=Phase.RCPT, reply=reply(said)))
    assert (decision.effect, decision.results[0].state) == (Effect.REACHED, state)


def test_a_deferral_by_policy_slows_the_account_and_counts() -> None:
    decision = failed(MessageRejected("no", phase=Phase.FINAL, reply=reply("451 4.7.1 not now")))
    assert (decision.effect, decision.results[0].counted) == (Effect.SLOWED, True)


def test_greylisting_slows_nobody() -> None:
    decision = failed(MessageRejected("no", phase=Phase.FINAL, reply=reply("451 4.7.1 Greylisted, wait")))
    assert decision.effect is Effect.REACHED


def test_a_refused_message_fails_for_those_who_were_accepted() -> None:
    error = MessageRejected(
        "no", phase=Phase.FINAL, reply=reply("554 5.7.1 spam"), recipients=["b@example.org"]
    )
    decision = failed(error, *THREE[:2])
    # Why the other was refused is not known any more; the next attempt will tell.
    assert list(states(decision).values()) == [State.FAILED, State.DEFERRED]
    assert decision.effect is Effect.REACHED


def test_nobody_taken_is_told_by_each_reply() -> None:
    refused = {"b@example.org": reply("550 5.1.1 no"), "c@example.org": reply("450 4.2.0 later")}
    error = RecipientsRejected("nobody", refused=refused, phase=Phase.RCPT, reply=reply("450 4.2.0 later"))
    # With all_or_nothing the third was never refused: it shares the hope of the others.
    assert list(states(failed(error, *THREE)).values()) == [State.FAILED, State.DEFERRED, State.DEFERRED]


def test_all_or_nothing_without_hope_fails_all() -> None:
    error = RecipientsRejected(
        "nobody", refused={"b@example.org": reply("550 no")}, phase=Phase.RCPT, reply=reply("550 no")
    )
    assert set(states(failed(error, *THREE)).values()) == {State.FAILED}


@pytest.mark.parametrize("hold", [False, True])
def test_silence_behind_the_dot_is_the_accounts_to_decide(hold: bool) -> None:
    error = Disconnected("silence", phase=Phase.FINAL, accepted=Accepted.MAYBE, recipients=["b@example.org"])
    decision = failed(error, *THREE[:2], hold=hold)
    expected = State.UNKNOWN if hold else State.DEFERRED
    assert list(states(decision).values()) == [expected, State.DEFERRED]
    assert decision.effect is Effect.NONE
    assert all(one.counted for one in decision.results)


@pytest.mark.parametrize("hold", [False, True])
def test_silence_concerns_nobody_who_was_answered_before(hold: bool) -> None:
    error = Disconnected(
        "silence",
        phase=Phase.FINAL,
        accepted=Accepted.MAYBE,
        recipients=THREE[2:],
        verdicts={THREE[0]: reply("250 2.0.0 yours"), THREE[1]: reply("550 5.1.1 unknown")},
    )
    decision = failed(error, *THREE, hold=hold)
    silent = State.UNKNOWN if hold else State.DEFERRED
    assert list(states(decision).values()) == [State.DELIVERED, State.FAILED, silent]
    assert [one.reply for one in decision.results] == [*error.verdicts.values(), None]


def test_a_refused_message_leaves_those_with_their_reply_who_were_refused_before() -> None:
    error = MessageRejected(
        "not now",
        phase=Phase.FINAL,
        reply=reply("451 4.3.0 later"),
        recipients=THREE[:1],
        verdicts={THREE[1]: reply("550 5.1.1 unknown")},
    )
    assert list(states(failed(error, *THREE[:2])).values()) == [State.DEFERRED, State.FAILED]


@pytest.mark.parametrize(
    "error",
    [
        Disconnected("in the middle", phase=Phase.CONTENT),
        RemoteProtocolError("not SMTP", phase=Phase.RCPT),
        ValueError("a bug"),
        KeyError(),
    ],
)
def test_what_happens_in_the_middle_is_a_try(error: Exception) -> None:
    decision = failed(error)
    (result,) = decision.results
    assert (result.state, result.counted, decision.effect) == (State.DEFERRED, True, Effect.NONE)
    assert result.text


def test_what_can_never_be_carried_fails() -> None:
    assert states(failed(NotSupportedByServer("no SMTPUTF8"))) == {"b@example.org": State.FAILED}


@pytest.mark.parametrize("error", [StoreUnavailable("away"), OutboxError("no content")])
def test_a_store_that_fails_is_no_try(error: Exception) -> None:
    (result,) = failed(error).results
    assert (result.state, result.counted) == (State.DEFERRED, False)
    assert result.due_at is not None


def test_nobody_waits_past_the_end_of_the_message() -> None:
    later = Attempt(refused={"b@example.org": reply("451 later")})
    (last,) = judged(later, tries=9, after=timedelta(days=5, seconds=-10)).results
    assert last.due_at == START + timedelta(days=5)
    (over,) = judged(later, tries=9, after=timedelta(days=5)).results
    assert (over.state, over.due_at) == (State.FAILED, None)
    assert "given up" in over.text
    assert over.reply == reply("451 later")
    lost = ConnectionFailed("nobody there", phase=Phase.CONNECT)
    (gone,) = judged(Attempt(error=lost), after=timedelta(days=6)).results
    assert gone.text.endswith("nobody there")


def test_a_message_whose_time_is_over_fails_with_what_was_last_known() -> None:
    last = RecipientResult(address=THREE[0], state=State.DEFERRED, reply=reply("451 later"))
    known, unknown = expired(claim(*THREE[:2]), [last]).results
    assert (known.state, known.reply) == (State.FAILED, reply("451 later"))
    assert (unknown.state, unknown.reply) == (State.FAILED, None)


def test_a_cancelled_message_was_not_tried() -> None:
    (result,) = cancelled(claim()).results
    assert (result.state, result.counted) == (State.CANCELLED, False)


def test_what_waits_with_its_account_is_due_with_it() -> None:
    decision = failed(ConnectionFailed("nobody there", phase=Phase.CONNECT))
    due = START + timedelta(seconds=30)
    made = settlement(claim(), decision, due, "other")
    assert (made.id, made.attempt, made.account) == (claim().id, 1, "other")
    assert made.results[0].due_at == due
    taken = judged(Attempt(accepted=("b@example.org",), reply=reply("250 ok")))
    assert settlement(claim(), taken, due).results[0].due_at is None
