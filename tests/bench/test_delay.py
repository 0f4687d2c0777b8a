"""The delaying proxy: its arithmetic on a clock of our own, and one dialogue through the real one."""

from __future__ import annotations

import socket

from bench.delay import DelayLine, delayed


def test_octets_arrive_after_the_delay() -> None:
    line = DelayLine(0.5)
    line.put(b"EHLO", now=10.0)
    assert line.next_arrival == 10.5
    assert line.due(10.49) == []
    assert line.due(10.5) == [b"EHLO"]


def test_octets_arrive_in_order_and_once() -> None:
    line = DelayLine(1)
    for number in range(3):
        line.put(b"%d" % number, now=number)
    assert line.due(2) == [b"0", b"1"]
    assert line.due(2) == []
    assert line.due(3) == [b"2"]


def test_nothing_under_way_is_not_awaited() -> None:
    line = DelayLine(1)
    line.put(b"x", now=0)
    line.due(1)
    assert line.next_arrival is None


def test_the_delay_does_not_limit_how_much_is_under_way() -> None:
    line = DelayLine(1)
    for _ in range(1000):
        line.put(bytes(1 << 16), now=0)
    assert sum(map(len, line.due(1))) == 1000 << 16


def test_a_dialogue_takes_as_many_round_trips_as_it_has_flights() -> None:
    to_server, to_client = DelayLine(0.5), DelayLine(0.5)
    now, flights = 0.0, 3
    for _ in range(flights):
        to_server.put(b"command", now)
        now = to_server.next_arrival or now
        to_client.put(b"".join(to_server.due(now)), now)
        now = to_client.next_arrival or now
        assert to_client.due(now) == [b"command"]
    assert now == flights * 1.0


def test_without_a_delay_there_is_no_proxy() -> None:
    with delayed(2525, 0) as port:
        assert port == 2525


def test_the_proxy_passes_everything_on_both_ways_and_the_end_too() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        delayed(server.getsockname()[1], 0.1) as port,
        socket.create_connection(("127.0.0.1", port), timeout=60) as client,
    ):
        client.sendall(b"question")
        behind, _ = server.accept()
        with behind:
            behind.settimeout(10)
            assert behind.recv(100) == b"question"
            behind.sendall(b"answer")
            assert client.recv(100) == b"answer"
            client.shutdown(socket.SHUT_WR)
            assert behind.recv(100) == b""
