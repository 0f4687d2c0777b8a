"""`SMTPPool` and `AsyncSMTPPool`, against real servers on loopback that misbehave."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from envoi import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidAddress,
    NotSupportedByServer,
    RawEmail,
    Receipt,
    RecipientsRejected,
    TLSOptions,
    UsageError,
)
from envoi.message.signing import DKIMSigner
from envoi.pool import PoolServer
from envoi.session import pool_servers
from envoi.testing import SMTPServer, faults
from tests.client.pools import (
    ENVELOPE,
    await_news,
    connected,
    inside,
    kind_of,
    make_pool,
    numbered,
    send_together,
    stats_of,
    subjects,
)
from tests.message.signing.material import dkim_rsa
from tests.servers.daemon import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.colours import Colour

RAW = b"Subject: hi\r\n\r\nHello\r\n"


@pytest.fixture
def two() -> Iterator[tuple[SMTPServer, SMTPServer]]:
    """Two servers in clear."""
    with SMTPServer(security="plaintext") as one, SMTPServer(security="plaintext") as other:
        yield one, other


def gone() -> str:
    """The URL of a server that is no more."""
    with SMTPServer(security="plaintext") as server:
        return server.url


def openings(server: SMTPServer) -> int:
    """How many connections got as far as EHLO."""
    return sum(any(line.startswith("C: EHLO") for line in lines) for lines in server.dialogues)


def test_sends_over_one_connection_while_that_is_enough(colour: Colour, server: SMTPServer) -> None:
    with make_pool(colour, server.url) as pool:
        for _ in range(3):
            assert pool.send(RAW, **ENVELOPE).accepted == ("b@example.org",)
        stats = stats_of(pool)
    assert (stats.connections, stats.busy, stats.waiting, stats.opened, stats.messages) == (1, 0, 0, 1, 3)
    assert stats.servers[0].server == f"127.0.0.1:{server.port}"
    assert len(server.dialogues) == 1
    assert "C: QUIT" in server.dialogues[0]


def test_many_share_few_connections(colour: Colour, server: SMTPServer) -> None:
    with make_pool(colour, server.url, connections=4) as pool:
        results = send_together(pool, map(numbered, range(200)))
    assert [result for result in results if not isinstance(result, Receipt)] == []
    assert Counter(subjects(server)) == Counter(map(str, range(200)))
    assert len(server.dialogues) == 4


def test_opens_more_connections_while_the_others_are_busy(colour: Colour, server: SMTPServer) -> None:
    server.faults.append(faults.delay("CONTENT", 1))
    with make_pool(colour, server.url, connections=3) as pool:
        send_together(pool, map(numbered, range(3)))
        assert stats_of(pool).connections == 3


def test_warms_up(colour: Colour, server: SMTPServer) -> None:
    with make_pool(colour, server.url, connections=3) as pool:
        pool.warm(2)
        assert stats_of(pool).connections == 2
        assert pool.warm() is inside(pool)
        assert stats_of(pool).connections == openings(server) == 3


@pytest.mark.parametrize(
    "fault",
    [
        faults.reply("MAIL", "421 4.3.2 closing", nth=2),
        faults.drop("CONTENT", nth=1),
        faults.reset("CONTENT", nth=1),
    ],
    ids=["421", "FIN", "RST"],
)
def test_a_connection_that_breaks_between_mails_costs_nothing(
    colour: Colour, server: SMTPServer, fault: Any
) -> None:
    server.faults.append(fault)
    with make_pool(colour, server.url, connections=1) as pool:
        pool.send(numbered(0))
        if fault.leaves and fault.at == "CONTENT":
            await_news(pool)
        pool.send(numbered(1))
        pool.send(numbered(2))
    assert set(subjects(server)) == {"0", "1", "2"}


def test_a_connection_on_which_a_mail_got_lost_is_not_used_again(colour: Colour, server: SMTPServer) -> None:
    server.faults.append(faults.drop("CONTENT", before_reply=True, nth=1))
    with make_pool(colour, server.url, connections=1) as pool:
        first, second = pool.send_all(map(numbered, range(2)))
        assert first.accepted.name == "MAYBE"
        assert isinstance(second, Receipt)
        assert stats_of(pool).servers[0].failures == 0
    assert openings(server) == 2


def test_yields_results_in_order(colour: Colour, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="nobody@example.org"))
    server.faults.append(faults.delay("CONTENT", 0.03, nth=1))
    refused = RawEmail(RAW, sender="a@example.org", recipients=["nobody@example.org"])
    mails: list[Any] = [numbered(0), refused, b"no envelope", *map(numbered, range(3, 30))]
    with make_pool(colour, server.url, connections=4) as pool:
        results = list(pool.send_all(iter(mails), concurrency=9))
    expected = [Receipt, RecipientsRejected, UsageError, *[Receipt] * 27]
    assert [type(result) for result in results] == expected
    assert Counter(subjects(server)) == Counter(["0", *map(str, range(3, 30))])
    assert 2 <= openings(server) <= 4


def test_refuses_to_send_less_than_one_at_once(colour: Colour, server: SMTPServer) -> None:
    with pytest.raises(ConfigError):
        list(make_pool(colour, server.url).send_all([numbered(1)], concurrency=0))


def test_another_server_serves_while_one_is_down(colour: Colour, server: SMTPServer) -> None:
    down = gone()
    with make_pool(colour, PoolServer(url=down), PoolServer(url=server.url, priority=1)) as pool:
        for number in range(3):
            pool.send(numbered(number))
        figures = stats_of(pool).servers
    assert (figures[0].messages, figures[1].messages) == (0, 3)
    assert figures[0].failures == 1
    assert "could not connect" in figures[0].error
    assert subjects(server) == ["0", "1", "2"]


def test_a_server_that_goes_away_is_replaced(colour: Colour, two: tuple[SMTPServer, SMTPServer]) -> None:
    one, other = two
    with make_pool(colour, one.url, PoolServer(url=other.url, priority=1), connections=2) as pool:
        pool.send(numbered(0))
        one.close()
        pool.send(numbered(1))
    assert subjects(one, other) == ["0", "1"]


def test_a_server_that_sends_everybody_away_is_replaced(
    colour: Colour, two: tuple[SMTPServer, SMTPServer]
) -> None:
    one, other = two
    one.faults.append(faults.reply("MAIL", "421 4.3.2 shutting down"))
    with make_pool(colour, one.url, PoolServer(url=other.url, priority=1)) as pool:
        pool.send(numbered(0))
        assert stats_of(pool).servers[0].failures == 1
    assert subjects(one, other) == ["0"]


def test_shares_by_weight(colour: Colour, two: tuple[SMTPServer, SMTPServer]) -> None:
    one, other = two
    with make_pool(colour, PoolServer(url=one.url, weight=3), other.url) as pool:
        for number in range(8):
            pool.send(numbered(number))
    assert (len(one.messages), len(other.messages)) == (6, 2)


def test_waits_for_connections_when_the_server_takes_no_more(colour: Colour, server: SMTPServer) -> None:
    for connection in range(3, 20):
        server.faults.append(
            faults.reply("GREETING", "421 4.7.0 too many connections", connection=connection)
        )
    with make_pool(colour, server.url, connections=8) as pool:
        results = send_together(pool, map(numbered, range(40)))
    assert [result for result in results if not isinstance(result, Receipt)] == []
    assert Counter(subjects(server)) == Counter(map(str, range(40)))
    assert openings(server) == 2


def test_a_server_with_nobody_else_says_why(colour: Colour) -> None:
    pool = make_pool(colour, gone(), wait_timeout=0)
    for _ in range(2):
        with pytest.raises(ConnectionFailed, match="could not connect"):
            pool.send(numbered(0))
    with pytest.raises(ConnectionFailed, match="none of the 2 servers"):
        make_pool(colour, gone(), gone()).send(numbered(0))
    with pytest.raises(ConnectionFailed):
        make_pool(colour, gone()).warm()


def test_a_wrong_password_is_tried_once(colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts are locked after a few."""
    for rest in ("FIRST_REST_SECONDS", "LONGEST_REST_SECONDS"):
        monkeypatch.setattr(pool_servers, rest, 3600)
    with SMTPServer(security="tls", accounts={"alice": "open sesame"}) as server:
        options = {**server.session_options(), "password": "wrong"}
        url, options = server.url, {name: options[name] for name in ("username", "password", "tls")}
        pool = make_pool(colour, url, wait_timeout=30, **options)
        results = send_together(pool, map(numbered, range(20)))
        assert {type(result) for result in results} == {AuthenticationFailed}
        assert len(server.dialogues) == 1


def test_is_too_late_when_all_connections_are_in_use(colour: Colour, server: SMTPServer) -> None:
    results = list[Any]()

    def once_the_others_have_given_up(answer: bytes) -> bytes:
        assert wait_until(lambda: len(results) == 2, seconds=30)
        return answer

    server.faults.append(faults.Fault(at="CONTENT", rewrite=once_the_others_have_given_up))
    with make_pool(colour, server.url, connections=1, wait_timeout=0.05) as pool:
        send_together(pool, map(numbered, range(3)), results)
    assert Counter(type(result) for result in results) == {Receipt: 1, DeadlineExceeded: 2}
    late = next(result for result in results if isinstance(result, DeadlineExceeded))
    assert "none of the pool's 1 connections became free within 0.05 seconds" in str(late)
    assert (late.accepted.name, late.retry.name) == ("NO", "LATER")


@pytest.mark.parametrize(("options", "announced"), [({"messages": 2}, ""), ({}, "MAILMAX=2")])
def test_a_connection_carries_so_many_mails(
    colour: Colour, server: SMTPServer, options: dict[str, Any], announced: str
) -> None:
    if announced:
        server.faults.extend([faults.hide("LIMITS"), faults.advertise(f"LIMITS {announced}")])
    with make_pool(colour, server.url, **options) as pool:
        for number in range(5):
            pool.send(numbered(number))
    mails = [sum(line.startswith("C: MAIL") for line in lines) for lines in server.dialogues]
    assert mails == [2, 2, 1]
    assert all("C: QUIT" in lines for lines in server.dialogues)


def test_says_how_many_recipients_the_server_takes(colour: Colour, server: SMTPServer) -> None:
    server.faults.extend([faults.hide("LIMITS"), faults.advertise("LIMITS RCPTMAX=2")])
    mail = RawEmail(RAW, sender="a@example.org", recipients=[f"{name}@example.org" for name in "bcd"])
    with make_pool(colour, server.url) as pool, pytest.raises(NotSupportedByServer, match="2 recipients"):
        pool.send(mail)
    assert server.messages == []


@pytest.mark.parametrize("limit", [{"idle_seconds": 1e-9}, {"age_seconds": 1e-9}])
def test_replaces_what_is_too_old(colour: Colour, server: SMTPServer, limit: dict[str, float]) -> None:
    with make_pool(colour, server.url, **limit) as pool:
        for number in range(2):
            pool.send(numbered(number))
    assert openings(server) == 3
    assert len(server.messages) == 2


def test_resumes_tls_sessions(colour: Colour) -> None:
    with SMTPServer(security="tls") as server:
        tls = TLSOptions(ca_file=server.ca_file)
        with make_pool(colour, server.url, tls=tls, messages=1) as pool:
            pool.send(numbered(0))
            pool.send(numbered(1))
            [link] = connected(pool)
            assert link._stream._engine.resumed
        assert len(server.messages) == 2


def test_signs(colour: Colour, server: SMTPServer) -> None:
    with make_pool(colour, server.url, signer=DKIMSigner(dkim_rsa())) as pool:
        pool.send(numbered(0))
    assert server.messages[0].data.startswith(b"DKIM-Signature:")


def test_tells_progress(colour: Colour, server: SMTPServer) -> None:
    told = list[Any]()
    with make_pool(colour, server.url) as pool:
        pool.send(RAW, **ENVELOPE, progress=lambda sent, total: told.append((sent, total)))
    assert told[-1] == (len(RAW), len(RAW))


def test_a_bad_address_takes_no_connection(colour: Colour) -> None:
    pool = make_pool(colour, "smtp://host.invalid")
    with pytest.raises(InvalidAddress):
        pool.send(RAW, sender="a@example.org", recipients=["b\r\nRSET@example.org"])


def test_closed_it_sends_no_more_until_opened(colour: Colour, server: SMTPServer) -> None:
    pool = make_pool(colour, server.url)
    with pool:
        pool.send(numbered(0))
    pool.close()
    with pytest.raises(UsageError, match="pool is closed"):
        pool.send(numbered(1))
    assert stats_of(pool).connections == 0
    with pool:
        pool.send(numbered(1))
    assert subjects(server) == ["0", "1"]


def test_closes_on_an_error_inside_with(colour: Colour, server: SMTPServer) -> None:
    with pytest.raises(ZeroDivisionError), make_pool(colour, server.url):
        raise ZeroDivisionError
    assert server.wait_for(0) == []
    assert "C: QUIT" in server.dialogues[0]


def test_is_shown_without_secrets(colour: Colour) -> None:
    pool = make_pool(colour, "smtps://alice:secret@mail.example.org", PoolServer(url="smtp://other.example"))
    shown = "mail.example.org:465, other.example:587; at most 4 connections"
    assert repr(pool) == f"<{kind_of(colour).__name__} {shown}>"


@pytest.mark.parametrize(
    ("servers", "options"),
    [
        ((), {}),
        (("mail.example.org",), {}),
        (("smtp://mail.example.org",), {"connections": 0}),
        (("smtp://mail.example.org",), {"wait_timeout": -1}),
        (("smtp://mail.example.org",), {"username": "alice"}),
        ((PoolServer(account="no such account"),), {}),
    ],
)
def test_refuses_what_cannot_work(
    colour: Colour,
    servers: tuple[Any, ...],
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    monkeypatch.setenv("ENVOI_CONFIG", str(tmp_path / "config.toml"))
    with pytest.raises(ConfigError):
        make_pool(colour, *servers, **options)


def test_takes_accounts_and_options_of_their_own(
    colour: Colour, server: SMTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[accounts.work]\nserver = "127.0.0.1"\nport = {server.port}\nsecurity = "plaintext"\n'
    )
    monkeypatch.setenv("ENVOI_CONFIG", str(config))
    work = PoolServer(account="work", options={"local_hostname": "client.example"})
    with make_pool(colour, work, local_hostname="other.example") as pool:
        pool.send(numbered(0))
        assert stats_of(pool).servers[0].server == "work"
    assert "C: EHLO client.example" in server.dialogues[0]


def test_warns_of_a_pool_that_was_not_closed(colour: Colour, server: SMTPServer) -> None:
    with ExitStack() as stack:
        pool = make_pool(colour, server.url)
        pool.open()
        held = [pool]
        del pool
        stack.enter_context(pytest.warns(ResourceWarning, match="unclosed <(Async)?SMTPPool 127.0.0.1"))
        held.clear()
        gc.collect()
