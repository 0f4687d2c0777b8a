"""The servers of a pool: named, left alone after failures, and taken in turn."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import ConfigError, ConnectionFailed, DeliveryError, Phase, Retry
from envoi.session.pool_servers import LONGEST_REST_SECONDS, PoolServer, Standing, none_available, whose_turn


def failure(text: str = "refused", retry: Retry = Retry.LATER) -> DeliveryError:
    """Something that went wrong while connecting."""
    return ConnectionFailed(text, phase=Phase.CONNECT, retry=retry)


@pytest.mark.parametrize(
    ("server", "name"),
    [
        (PoolServer(url="smtps://alice:secret@mail.example.org"), "mail.example.org:465"),
        (PoolServer(url="smtp+plaintext://mail.example.org:2525"), "mail.example.org:2525"),
        (PoolServer(account="work"), "work"),
    ],
)
def test_is_named_without_its_password(server: PoolServer, name: str) -> None:
    assert str(server) == name
    assert "secret" not in repr(server)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"url": "smtp://mail.example.org", "account": "work"},
        {"url": "http://mail.example.org"},
        {"account": "work", "weight": 0},
        {"account": "work", "weight": 1.5},
    ],
)
def test_refuses_a_server_that_is_none(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        PoolServer(**arguments)  # type: ignore[arg-type]


def test_takes_turns_evenly_mixed() -> None:
    three, two, one = (Standing(name, 0, weight=weight) for name, weight in [("a", 3), ("b", 2), ("c", 1)])
    turns = [whose_turn([three, two, one]).name for _ in range(6)]
    assert turns == ["a", "b", "a", "c", "b", "a"]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_gives_each_its_share_in_every_round(weights: list[int]) -> None:
    standings = [Standing(str(number), number, weight=weight) for number, weight in enumerate(weights)]
    turns = Counter(whose_turn(standings).number for _ in range(3 * sum(weights)))
    assert turns == {number: 3 * weight for number, weight in enumerate(weights)}


def test_is_tried_by_one_until_it_was_reached() -> None:
    server = Standing("a", 0)
    assert server.may_open(0.0)
    server.begin()
    assert not server.may_open(0.0)
    server.work()
    server.begin()
    assert server.may_open(0.0)


def test_rests_for_longer_each_time() -> None:
    server = Standing("a", 0)
    now, rests = 100.0, list[float]()
    for _ in range(20):
        server.fail(now, failure())
        rests.append(server.rests_until - now)
        assert not server.may_open(server.rests_until - 0.01)
        now = server.rests_until
        assert server.may_open(now)
    assert rests[:6] == [1, 2, 4, 8, 16, LONGEST_REST_SECONDS]
    assert rests[-1] == LONGEST_REST_SECONDS
    server.begin()
    server.work()
    assert (server.failures, server.error) == (0, None)


def test_failures_at_once_are_one() -> None:
    server = Standing("a", 0)
    for _ in range(5):
        server.fail(0.0, failure())
    assert (server.failures, server.rests_until) == (1, 1.0)


def test_an_attempt_that_was_given_up_says_nothing() -> None:
    server = Standing("a", 0)
    server.begin()
    server.give_up()
    assert server.may_open(0.0)


def test_tells_what_a_single_server_said() -> None:
    server = Standing("a", 0)
    server.fail(0.0, failure("wrong password", Retry.NEVER))
    error = none_available([server], 0.25, None)
    assert (str(error), error.retry) == ("wrong password", Retry.NEVER)
    assert error is not server.error
    assert error.__notes__ == ["the pool tries a server again in 0.8 seconds"]
    own = failure()
    assert none_available([server], 0.25, own) is own


@pytest.mark.parametrize(
    ("retries", "together"),
    [((Retry.NEVER, Retry.NEVER), Retry.NEVER), ((Retry.NEVER, Retry.LATER), Retry.LATER)],
)
def test_tells_what_all_servers_said(retries: tuple[Retry, Retry], together: Retry) -> None:
    standings = [Standing("a:25", 0), Standing("b:25", 1)]
    for server, retry in zip(standings, retries, strict=True):
        server.fail(0.0, failure(f"{server.name} is down", retry))
    error = none_available(standings, 0.0, failure())
    assert "none of the 2 servers" in str(error)
    assert "a:25: a:25 is down; b:25: b:25 is down" in str(error)
    assert error.retry is together
