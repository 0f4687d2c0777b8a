"""One contestant in a process of its own: told a number of messages, it sends them and says what that took.

``python -m bench.turn PEER`` reads an `Order` as one line of JSON, connects, and answers each further line, a
number, with a line of JSON: messages, seconds, CPU seconds (user and system, all threads), and the peak of
resident memory in KiB; or with why it is left out. Connecting is not in the figures; who connects for each
message does so inside them. By hand:

    python -m bench.turn envoi_send --port 2525 --size 10240 [--seconds 3] [--recipients 10] [--tls]

Contestants in other languages keep to the same lines.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import TYPE_CHECKING

from bench.contestant import NotHere
from bench.cores import pin
from bench.order import Order, write_contents

if TYPE_CHECKING:
    from bench.contestant import Sender


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> int:
    """KiB of resident memory at the peak."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    return int(found[1]) if found else 0


def turn(send: Sender, count: int) -> dict[str, float]:
    """Send so many messages and measure; who sends by another process knows better what that took."""
    cpu, started = _cpu(), perf_counter()
    measured = send(count)
    seconds = perf_counter() - started
    own = {"messages": count, "seconds": seconds, "cpu": _cpu() - cpu, "peak": _peak()}
    return own | measured if isinstance(measured, dict) else own


def answer(peer: str) -> None:
    """Take turns as the standard input says."""
    order = Order.from_json(sys.stdin.readline())
    try:
        with import_module(f"bench.peers.{peer}").opened(order) as send:
            for line in sys.stdin:
                print(json.dumps(turn(send, int(line))), flush=True)
    except (NotHere, ModuleNotFoundError) as error:
        print(json.dumps({"left_out": str(error)}), flush=True)


def by_hand(peer: str, order: Order, seconds: float) -> None:
    """Take turns for a while and print each."""
    pin(os.getpid())
    with import_module(f"bench.peers.{peer}").opened(order) as send:
        count, left = 1, seconds
        while left > 0:
            done = turn(send, count)
            left -= done["seconds"]
            if done["seconds"] < seconds / 10:
                count *= 2
                continue
            cpu, rate = done["cpu"] / count * 1e6, count / done["seconds"]
            print(f"{peer}: {cpu:10,.1f} µs CPU  {rate:10,.0f} messages/s  {done['peak'] / 1024:6.1f} MiB")


def main() -> None:
    """Take turns."""
    parser = ArgumentParser(prog="python -m bench.turn", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("peer", help="a module of bench.peers")
    parser.add_argument("--port", type=int, help="of the sink; without it, orders come from standard input")
    parser.add_argument("--size", type=int, default=10240, help="octets of the message")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--recipients", type=int, default=1)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--window", type=int, default=0, help="mails under way at once")
    parser.add_argument("--tls", action="store_true", help="STARTTLS; the authority is in SSL_CERT_FILE")
    given = parser.parse_args()
    if given.port is None:
        answer(given.peer)
        return
    with tempfile.TemporaryDirectory() as folder:
        message, text = write_contents(Path(folder), given.size)
        order = Order(
            port=given.port,
            starttls=given.tls,
            message=str(message),
            text=str(text),
            recipients=given.recipients,
            connections=given.connections,
            window=given.window,
        )
        by_hand(given.peer, order, given.seconds)


if __name__ == "__main__":
    main()
