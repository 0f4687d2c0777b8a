"""``envoi outbox work``: sends what is in the outbox, until a signal asks it to stop.

SIGTERM and the first Ctrl-C finish what is in flight and give the rest back; a second Ctrl-C ends at once,
which loses nothing either. What happens is told line by line. Under systemd (``Type=notify``) it says when it
is ready.
"""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action
from envoi.cli.outbox.metrics_page import place_of, serving
from envoi.cli.outbox.place import open_outbox
from envoi.cli.outbox.showing import counted, event_line, event_report
from envoi.client.outbox_rules import rules_of
from envoi.client.worker import Worker
from envoi.drivers.account_file import AccountFile
from envoi.drivers.sd_notify import notify
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection, Generator, Iterator

    from envoi.cli.terminal import Terminal
    from envoi.outbox.model import Event, Stats

__all__ = ["ACTIONS"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--account", metavar="NAME", action="append", help="serve this account; repeat it; by default all"
    )
    parser.add_argument(
        "--connections", metavar="N", type=int, default=4, help="per account, at most; 4 by default"
    )
    parser.add_argument(
        "--lease",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="after so long without a sign of life others take its mail over; 60 by default",
    )
    parser.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        type=place_of,
        help="serve the figures for Prometheus there, under /metrics",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="do not tell what happens")


def _work(given: Namespace, terminal: Terminal) -> Exit:
    accounts = AccountFile().accounts()
    unknown = [name for name in given.account or () if name not in accounts]
    if unknown:
        raise ConfigError(f"there is no account {unknown[0]!r}; `envoi account list` shows them")
    if not accounts:
        raise ConfigError("there is no account to send with: `envoi account add ADDRESS` makes one")

    def tell(event: Event) -> None:
        if given.json:
            terminal.print(json.dumps(event_report(event), ensure_ascii=False) + "\n")
        elif not given.quiet:
            terminal.print(event_line(event) + "\n")

    with open_outbox(given, terminal, [rules_of(account) for account in accounts.values()]) as outbox:
        worker = Worker(
            outbox,
            accounts=given.account or list(accounts),
            connections=given.connections,
            lease=given.lease,
            on_event=tell,
        )
        if not given.quiet and not given.json:
            for line in _greeting(outbox.stats(), () if given.account else accounts):
                terminal.complain(f"envoi: {line}")
        try:
            with _stopped_by_signals(worker, terminal), serving(given.metrics, outbox):
                notify("READY=1")
                worker.run()
        except KeyboardInterrupt:
            terminal.complain("envoi: ended at once; what was in flight is up to the next worker")
            return Exit.INTERRUPTED
    return Exit.OK


def _greeting(stats: Stats, accounts: Collection[str]) -> Iterator[str]:
    """What there is to do, and what nobody does who has these accounts; none for those who name theirs."""
    yield f"at work, {counted(stats.due)} due; Ctrl-C finishes what is in flight and ends"
    for name, waiting in stats.accounts.items():
        if waiting and accounts and name not in accounts:
            yield f"there is no account {name!r} here; left to another worker: {counted(waiting)}"


@contextmanager
def _stopped_by_signals(worker: Worker, terminal: Terminal) -> Generator[None]:
    def stop(number: int, _: object) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            terminal.complain("envoi: finishing what is in flight; Ctrl-C again ends at once")
        notify("STOPPING=1")
        if not worker.stop():
            # It has not begun, or is over: nothing is in flight.
            raise SystemExit

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        with suppress(SystemExit):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_WORK_EXAMPLES = """\
# send until Ctrl-C or SIGTERM, which finish what is in flight (a systemd unit is in examples/systemd)
envoi outbox work

# one account alone, over eight connections, with figures for Prometheus
envoi outbox work --account newsletter --connections 8 --metrics 127.0.0.1:9464

# what happens, a JSON object a line
envoi outbox work --json
"""
ACTIONS = {
    "work": Action(
        summary="send what is in the outbox, until a signal",
        examples=_WORK_EXAMPLES,
        codes={Exit.OK: "it was asked to stop, and has"},
        declare=_declare,
        run=_work,
    )
}
