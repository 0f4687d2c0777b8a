"""The contestants: each opens what it keeps mail in, and puts so many messages of 10 KiB there, durably.

Every function is a context manager over a folder. What it gives takes a number and returns seconds for each.
"""

from __future__ import annotations

import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envoi.drivers.sqlite_store import SQLiteStore

    Do = Callable[[int], list[float]]

SIZE = 10 * 1024
THREADS = 16
PACE = 0.025
_LINE = "Every line of this message is as long as all others, and nothing happens in it.\n"
TEXT = (_LINE * (SIZE // len(_LINE) + 1))[: SIZE - 400]


def _timed(act: Callable[[], object], count: int) -> list[float]:
    latencies: list[float] = []
    for _ in range(count):
        begun = perf_counter()
        act()
        latencies.append(perf_counter() - begun)
    return latencies


def _in_threads(acts: list[Callable[[], object]], count: int) -> list[float]:
    shares = [count // len(acts) + (number < count % len(acts)) for number in range(len(acts))]
    with ThreadPoolExecutor(len(acts)) as pool:
        parts = list(pool.map(_timed, acts, shares))
    return [latency for part in parts for latency in part]


@contextmanager
def _store(folder: Path) -> Iterator[SQLiteStore]:
    from envoi.drivers.sqlite_store import open_store
    from envoi.session.run import run_sync

    store = open_store(folder / "outbox.db")
    run_sync(store.stats())
    yield store
    run_sync(store.close())


def _put(store: SQLiteStore) -> Callable[[], object]:
    from bench.outbox.letters import letter
    from envoi.session.run import run_sync

    return lambda: run_sync(store.put([letter()]))


@contextmanager
def submit(folder: Path) -> Iterator[Do]:
    """`Outbox.submit`: one mail, from its text to the disk."""
    from envoi import Email, Outbox

    with Outbox(f"sqlite:///{folder}/outbox.db") as outbox:

        def act() -> None:
            outbox.submit(
                Email(sender="accounts@example.com", to=["buyer@example.org"], subject="Report", text=TEXT)
            )

        act()
        yield lambda count: _timed(act, count)


@contextmanager
def put(folder: Path) -> Iterator[Do]:
    """The store alone: one message of octets a commit."""
    with _store(folder) as store:
        yield lambda count: _timed(_put(store), count)


@contextmanager
def bare(folder: Path) -> Iterator[Do]:
    """What SQLite takes for the content and a line of a queue, by two statements and nothing around them."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for statement in (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE content (number INTEGER PRIMARY KEY, octets BLOB)",
        "CREATE TABLE queue (number INTEGER PRIMARY KEY, recipient TEXT, due_at INTEGER)",
    ):
        connection.execute(statement)
    octets = TEXT.encode()

    def act() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO content (octets) VALUES (?)", (octets,))
        connection.execute("INSERT INTO queue (recipient, due_at) VALUES (?, ?)", ("buyer@example.org", 1))
        connection.execute("COMMIT")

    yield lambda count: _timed(act, count)
    connection.close()


@contextmanager
def put_in_threads(folder: Path) -> Iterator[Do]:
    """The store alone, by sixteen threads of one process."""
    with _store(folder) as store:
        yield lambda count: _in_threads([_put(store)] * THREADS, count)


@contextmanager
def put_for(folder: Path) -> Iterator[Do]:
    """The same for so many milliseconds."""

    def until(end: float, act: Callable[[], object]) -> list[float]:
        latencies: list[float] = []
        while perf_counter() < end:
            latencies += _timed(act, 1)
        return latencies

    def do(milliseconds: int) -> list[float]:
        end = perf_counter() + milliseconds / 1000
        with ThreadPoolExecutor(THREADS) as pool:
            parts = list(pool.map(lambda _: until(end, _put(store)), range(THREADS)))
        return [latency for part in parts for latency in part]

    with _store(folder) as store:
        yield do


@contextmanager
def settle_for(folder: Path) -> Iterator[Do]:
    """A worker that claims and settles what is there, once in 25 ms, for so many milliseconds."""
    from bench.outbox.letters import delivered
    from envoi.session.run import run_sync

    def do(milliseconds: int) -> list[float]:
        end = perf_counter() + milliseconds / 1000
        settled: list[float] = []
        while perf_counter() < end:
            begun = perf_counter()
            claims = run_sync(store.claim("worker", 200, 60)).claims
            if claims:
                run_sync(store.settle([delivered(claim) for claim in claims]))
            spent = perf_counter() - begun
            settled += [spent] * len(claims)
            sleep(max(0.0, PACE - spent))
        return settled

    with _store(folder) as store:
        yield do


@contextmanager
def work_for(folder: Path) -> Iterator[Do]:
    """`Worker` with sixteen connections to a server that takes everything at once, likewise."""
    from bench.outbox.carrying import work

    yield lambda milliseconds: work(folder / "outbox.db", milliseconds / 1000, THREADS)


@contextmanager
def work_with_few_for(folder: Path) -> Iterator[Do]:
    """`Worker` with four, as it has by default."""
    from bench.outbox.carrying import work

    yield lambda milliseconds: work(folder / "outbox.db", milliseconds / 1000, 4)


@contextmanager
def work_async_for(folder: Path) -> Iterator[Do]:
    """`AsyncWorker` with sixteen."""
    from bench.outbox.carrying import work_async

    yield lambda milliseconds: work_async(folder / "outbox.db", milliseconds / 1000, THREADS)


@contextmanager
def uncoordinated(folder: Path) -> Iterator[Do]:
    """The same statements by sixteen threads, each with a connection of its own and SQLite's waiting."""
    from bench.outbox.letters import letter
    from envoi.drivers.sqlite_store import accepting
    from envoi.drivers.sqlite_store.transaction import Transaction

    with _store(folder):
        pass

    def connected() -> Callable[[], None]:
        place = folder / "outbox.db"
        connection = sqlite3.connect(place, timeout=60, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")

        def act() -> None:
            connection.execute("BEGIN IMMEDIATE")
            accepting.put(Transaction(cursor=connection.cursor(), now=1), [letter()])
            connection.execute("COMMIT")

        return act

    acts = [connected() for _ in range(THREADS)]
    yield lambda count: _in_threads(list(acts), count)


@contextmanager
def _shop(folder: Path) -> Iterator[tuple[SQLiteStore, sqlite3.Connection]]:
    """An application with orders in the file where its outbox is."""
    with _store(folder) as store:
        connection = sqlite3.connect(folder / "outbox.db")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, what TEXT)")
        yield store, connection
        connection.close()


@contextmanager
def order_with_mail(folder: Path) -> Iterator[Do]:
    """An order and its mail in one transaction."""
    from bench.outbox.letters import letter
    from envoi.session.run import run_sync

    with _shop(folder) as (store, connection):

        def act() -> None:
            connection.execute("INSERT INTO orders (what) VALUES ('a report')")
            run_sync(store.put([letter()], connection=connection))
            connection.commit()

        yield lambda count: _timed(act, count)


@contextmanager
def order_then_mail(folder: Path) -> Iterator[Do]:
    """An order, committed, and then its mail."""
    with _shop(folder) as (store, connection):

        def act() -> None:
            connection.execute("INSERT INTO orders (what) VALUES ('a report')")
            connection.commit()
            _put(store)()

        yield lambda count: _timed(act, count)


@contextmanager
def sendmail(_folder: Path) -> Iterator[Do]:
    """Postfix's `sendmail` command, into an instance of its own that discards what it is to deliver."""
    from bench.outbox.postfix import running

    message = f"From: accounts@example.com\nTo: buyer@example.org\nSubject: Report\n\n{TEXT}".encode()
    with running() as configuration:
        program = ["/usr/sbin/sendmail", "-C", str(configuration), "-f", "accounts@example.com"]

        def act() -> None:
            subprocess.run([*program, "buyer@example.org"], input=message, check=True)

        act()
        yield lambda count: _timed(act, count)


@contextmanager
def django_post_office(folder: Path) -> Iterator[Do]:
    """`post_office.mail.send`, its queue in SQLite with the same durability."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(folder / "django.db"),
                "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"},
            }
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from post_office import mail

    def act() -> None:
        mail.send(["buyer@example.org"], "accounts@example.com", subject="Report", message=TEXT)

    act()
    yield lambda count: _timed(act, count)
