"""Keeps a sink open, to measure a sender against by hand.

    python -m bench.sinks [--no-chunking] [--no-pipelining] [--tls] [--round-trip MS] [--asyncio]

The first line printed is the port on 127.0.0.1; with ``--tls`` (STARTTLS), the second is the file of the
authority to trust, as in ``TLSOptions(ca_file=…)``. Enter prints what was taken so far, Ctrl-D ends. In a
shell, `turn` prints µs of CPU per message, and messages per second:

    (sleep 600 | python -m bench.sinks >/tmp/sink &) ; sleep 1 ; port=$(head -1 /tmp/sink)
    python -m bench.turn envoi_send --port $port --size 10240
    python -m bench.turn smtplib_bytes --port $port --size 10240

With ``--round-trip 10`` the port is that of a proxy that delays both directions by 5 ms. Compare CPU of one
run; what a core is shared with moves messages per second by a factor of five.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path

from bench.cores import pin
from bench.delay import delayed
from bench.sinks.native import best_sink, running


def main() -> None:
    """Run a sink until the input ends."""
    parser = ArgumentParser(prog="python -m bench.sinks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--no-chunking", dest="chunking", action="store_false", help="offer no BDAT")
    parser.add_argument(
        "--no-pipelining", dest="pipelining", action="store_false", help="offer no PIPELINING"
    )
    parser.add_argument("--tls", action="store_true", help="offer STARTTLS")
    parser.add_argument("--round-trip", type=float, default=0.0, metavar="MS", help="of a network between")
    parser.add_argument("--asyncio", action="store_true", help="the slower sink, which needs no compiler")
    given = parser.parse_args()
    with ExitStack() as stack:
        authority, certificate = None, None
        if given.tls:
            from tests.servers.certificates import create_authority

            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            made = create_authority(folder, client_name="bench")
            authority, certificate = made.ca_file, made.good.chain
        command = best_sink(
            chunking=given.chunking,
            pipelining=given.pipelining,
            certificate=certificate,
            native=not given.asyncio,
        )
        sink = stack.enter_context(running(command))
        if not given.round_trip:
            pin(sink.process.pid)
        print(stack.enter_context(delayed(sink.port, given.round_trip)), flush=True)
        if authority:
            print(authority, flush=True)
        for _ in sys.stdin:
            print(sink.counts(), flush=True)


if __name__ == "__main__":
    main()
