"""The outbox on PostgreSQL: what a message costs the server, and what does not grow with the backlog.

``python -m bench.outbox.postgres_figures [--most 1000000] [--write FILE]`` runs a cluster of its own, with
every commit on disk, and prints the page `docs/benchmarks/outbox-postgres.md`. CPU is that of all server
processes, those that vacuum included, from `/proc`; its unit is 10 ms, so each figure is of thousands of
messages. Not here: the other engine, and other people's queues.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psycopg

from bench.outbox.letters import letter
from envoi.drivers.postgres_store import PostgresStore, open_store
from envoi.outbox.model import Query, RecipientResult, Settlement, Stage, State
from envoi.session.run import run_sync
from envoi.smtp.replies import Reply
from tests.conftest import find_program
from tests.servers.ports import PortPool
from tests.servers.postgresql import OWNER, PostgreSQL, running_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 100
ACCOUNTS = 8
OK = Reply(code=250, enhanced="2.0.0", text="Ok: queued as 4XyZ12")
# What is stocked is the rows that `put` writes. The first to leave have 10 KiB, the others 1 KiB: a million
# of 10 KiB would measure the disk.
STOCK = """
WITH n AS (
    SELECT i, ('01900000' || lpad(to_hex(i), 8, '0') || '8000800000000000')::uuid AS id
    FROM generate_series(1, %(n)s) i
), m AS (
    INSERT INTO envoi_messages
    SELECT id, 'account' || i %% %(accounts)s, 'me@example.com', '{}', '<' || id || '@example.com>', 'Report',
        '', CASE WHEN i <= %(first)s THEN 10240 ELSE 1024 END, id, 5, now(), now() + interval '5 days' FROM n
), q AS (
    INSERT INTO envoi_queue (id, account, priority, stage, due_at)
    SELECT id, 'account' || i %% %(accounts)s, 5, 'waiting',
        now() - interval '1 hour' + i * interval '1 millisecond'
    FROM n
), r AS (
    INSERT INTO envoi_recipients (message, address, position, state, due_at)
    SELECT id, 'buyer' || i || '@example.org', 0, 'pending', now() - interval '1 hour' FROM n
), c AS (
    INSERT INTO envoi_contents
    SELECT id, 0, convert_to(repeat('x', CASE WHEN i <= %(first)s THEN 10240 ELSE 1024 END), 'UTF8')
    FROM n
)
INSERT INTO envoi_events (at, kind, message) SELECT now(), 'submitted', id FROM n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something took for each message, microseconds: CPU of the server, its backends' part, time."""

    cpu: float
    backends: float
    time: float


class Bench:
    """A cluster, a database with an outbox in it, and a meter."""

    def __init__(self, server: PostgreSQL, url: str) -> None:
        self.url = url
        self._server = server
        self.store: PostgresStore = open_store(url)
        self._postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        self.sql = psycopg.connect(url, autocommit=True)

    def cpu(self) -> tuple[float, float]:
        """Seconds of CPU of the server, with all its processes, and of its backends alone."""
        ticks = backends = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                title = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if int(folder.name) == self._postmaster:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == self._postmaster:
                own = sum(map(int, fields[11:13]))
                ticks += own
                backends += own if title.startswith(f"postgres: {OWNER} ".encode()) else 0
        return ticks / os.sysconf("SC_CLK_TCK"), backends / os.sysconf("SC_CLK_TCK")

    def measure(self, count: int, do: Callable[[], object]) -> Cost:
        """What `do` takes for each of `count` messages."""
        cpu, backends = self.cpu()
        begun = perf_counter()
        do()
        seconds = perf_counter() - begun
        after = self.cpu()
        return Cost(
            cpu=1e6 * (after[0] - cpu) / count,
            backends=1e6 * (after[1] - backends) / count,
            time=1e6 * seconds / count,
        )

    def stock(self, waiting: int, first: int) -> None:
        """Fill the empty outbox."""
        self.sql.execute(
            "INSERT INTO envoi_accounts (name) SELECT 'account' || i FROM generate_series(0, %s) i",
            [ACCOUNTS - 1],
        )
        self.sql.execute(STOCK, {"n": waiting, "first": first, "accounts": ACCOUNTS})
        self.sql.execute("VACUUM (ANALYZE)")
        run_sync(self.store.reap(60))

    def drain(self, count: int, batch: int = BATCH) -> None:
        """Claim and settle as many."""
        done = 0
        while done < count:
            claims = run_sync(self.store.claim("worker", batch, 60)).claims
            assert claims, f"the queue is empty after {done}"
            run_sync(
                self.store.settle(
                    [
                        Settlement(
                            id=claim.id,
                            attempt=claim.attempt,
                            results=tuple(
                                RecipientResult(address=address, state=State.DELIVERED, reply=OK)
                                for address in claim.recipients
                            ),
                        )
                        for claim in claims
                    ]
                )
            )
            done += len(claims)

    def put(self, count: int, batch: int, content: bytes | None = None) -> None:
        """Accept as many, so many a commit."""
        more: dict[str, Any] = {} if content is None else {"content": content}
        for begun in range(0, count, batch):
            run_sync(
                self.store.put(
                    [
                        letter(account=f"account{(begun + n) % ACCOUNTS}", **more)
                        for n in range(min(batch, count - begun))
                    ]
                )
            )

    def wal(self, count: int, do: Callable[[], object]) -> float:
        """Kilobytes of write-ahead log for each message."""

        def position() -> int:
            ((octets,),) = self.sql.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
            return int(octets)

        before = position()
        do()
        return (position() - before) / count / 1000

    def close(self) -> None:
        """Let go, and leave nothing behind that would be vacuumed while something else is measured."""
        run_sync(self.store.close())
        self.sql.close()
        self._server.run(f'DROP DATABASE "{self.url.rpartition("/")[2]}" WITH (FORCE)')


def fresh(server: PostgreSQL, name: str) -> Bench:
    """A database with an empty outbox."""
    server.run(f"CREATE DATABASE {name}")
    bench = Bench(server, server.url(name))
    run_sync(bench.store.migrate())
    return bench


def backlog(server: PostgreSQL, sizes: list[int], rounds: int, each: int) -> list[str]:
    """Claim and settle while more and more waits; the sizes take turns, and each loses what is taken."""
    benches = {}
    for size in sizes:
        benches[size] = fresh(server, f"waiting{size}")
        benches[size].stock(size, min(size, each * (rounds + 1)))
        benches[size].drain(each)
    server.run("CHECKPOINT")
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size, bench in benches.items():
            costs[size].append(bench.measure(each, lambda bench=bench: bench.drain(each)))
    lines = [
        "| waiting | server CPU, µs a message | of it the backend's | elapsed, µs a message |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for size, taken in costs.items():
        cpus = [cost.cpu for cost in taken]
        backends = median(cost.backends for cost in taken)
        elapsed = median(cost.time for cost in taken)
        lines.append(
            f"| {size:,} | {median(cpus):.0f} ({min(cpus):.0f}–{max(cpus):.0f}) "
            f"| {backends:.0f} | {elapsed:.0f} |"
        )
    lines += ["", *looking(benches[max(sizes)], max(sizes))]
    for bench in benches.values():
        bench.close()
    return lines


def looking(bench: Bench, size: int) -> list[str]:
    """`stats` and `list`, whatever they are asked, while that many wait."""
    recently = datetime.now(UTC) - timedelta(hours=1)
    asked = {
        "`stats`": None,
        "`list`": Query(),
        "`list`, waiting": Query(stage=Stage.WAITING),
        "`list`, done": Query(stage=Stage.DONE),
        "`list`, of an account": Query(account="account3"),
        "`list`, waiting, of an account": Query(account="account3", stage=Stage.WAITING),
        "`list`, a recipient pending": Query(state=State.PENDING),
        "`list`, a recipient delivered": Query(state=State.DELIVERED),
        "`list`, a recipient failed (none)": Query(state=State.FAILED),
        "`list`, to an address": Query(recipient="buyer4711@example.org"),
        "`list`, before an hour ago": Query(before=recently),
    }
    lines = [
        f"With {size:,} waiting, milliseconds (pages of 100):",
        "",
        "| asked | median | slowest of 21 |",
        "| --- | ---: | ---: |",
    ]
    for name, query in asked.items():
        took = []
        for _ in range(21):
            begun = perf_counter()
            run_sync(bench.store.stats() if query is None else bench.store.find(query))
            took.append(1e3 * (perf_counter() - begun))
        lines.append(f"| {name} | {median(took):.1f} | {max(took):.1f} |")
    return lines


def pinned(server: PostgreSQL, slices: int, each: int) -> list[str]:
    """Drain a queue with and without a snapshot that somebody holds, slice by slice in turn."""
    free, held = fresh(server, "free"), fresh(server, "held")
    for bench in (free, held):
        bench.stock(slices * each + 1000, 0)
    with psycopg.connect(held.url) as idle:
        idle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        idle.execute("SELECT count(*) FROM envoi_queue")
        lines = [
            "| messages drained | nobody looks, µs of CPU | a snapshot is held, µs of CPU |",
            "| ---: | ---: | ---: |",
        ]
        for number in range(1, slices + 1):
            costs = [bench.measure(each, lambda bench=bench: bench.drain(each)) for bench in (free, held)]
            lines.append(f"| {number * each:,} | {costs[0].cpu:.0f} | {costs[1].cpu:.0f} |")
    free.close()
    held.close()
    return lines


def accepting(server: PostgreSQL, rounds: int) -> list[str]:
    """Put alone, in batches, and in the transaction of an application."""
    bench = fresh(server, "accepting")
    bench.sql.execute("CREATE TABLE orders (id bigserial PRIMARY KEY, what text)")
    application = psycopg.connect(bench.url)

    def order_alone() -> None:
        for _ in range(200):
            application.execute("INSERT INTO orders (what) VALUES ('a book')")
            application.commit()

    def order_and_mail() -> None:
        for _ in range(200):
            application.execute("INSERT INTO orders (what) VALUES ('a book')")
            run_sync(bench.store.put([letter()], connection=application))
            application.commit()

    def order_then_mail() -> None:
        for _ in range(200):
            application.execute("INSERT INTO orders (what) VALUES ('a book')")
            application.commit()
            run_sync(bench.store.put([letter()]))

    kinds: dict[str, tuple[int, Callable[[], None]]] = {
        "one a commit": (400, lambda: bench.put(400, 1)),
        "100 a commit": (4000, lambda: bench.put(4000, 100)),
        "an order alone": (200, order_alone),
        "an order, and its mail in the same transaction": (200, order_and_mail),
        "an order, then its mail in a commit of its own": (200, order_then_mail),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in kinds}
    for _ in range(rounds + 1):
        for name, (count, do) in kinds.items():
            costs[name].append(bench.measure(count, do))
    application.close()
    bench.close()
    lines = ["| | server CPU, µs | elapsed, µs |", "| --- | ---: | ---: |"]
    for name, taken in costs.items():
        lines.append(
            f"| {name} | {median(c.cpu for c in taken[1:]):.0f} | {median(c.time for c in taken[1:]):.0f} |"
        )
    return lines


def writing(server: PostgreSQL) -> list[str]:
    """What goes to the write-ahead log, and what stays in the tables when all is done."""
    lines = [
        "| content | put, kB of log | claim and settle, kB of log | kept when done, kB |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, content in (("10 KiB", None), ("200 octets", b"x" * 200)):
        bench = fresh(server, "writing")
        bench.put(1000, 100, content)
        bench.drain(1000)
        server.run("CHECKPOINT")
        put = bench.wal(8000, lambda: bench.put(8000, 100, content))  # noqa: B023
        done = bench.wal(8000, lambda: bench.drain(8000))  # noqa: B023
        bench.sql.execute("VACUUM FULL")
        ((size,),) = bench.sql.execute(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class"
            " WHERE relname LIKE 'envoi%' AND relkind = 'r'"
        )
        lines.append(f"| {name} | {put:.1f} | {done:.1f} | {size / 9000 / 1000:.2f} |")
        bench.close()
    return lines


def one_account(server: PostgreSQL, rounds: int) -> list[str]:
    """How fast messages leave through the row of a single account, batch by batch."""
    bench = fresh(server, "single")
    lines = ["| batch | server CPU, µs a message | messages a second |", "| ---: | ---: | ---: |"]
    for batch in (1, 10, 50, 100, 200):
        count = max(200, min(4000, batch * 40))
        costs = []
        for _ in range(rounds):
            run_sync(bench.store.put([letter(account="only", content=b"x" * 200) for _ in range(count)]))
            costs.append(bench.measure(count, lambda: bench.drain(count, batch)))  # noqa: B023
        lines.append(
            f"| {batch} | {median(c.cpu for c in costs):.0f} | {1e6 / median(c.time for c in costs):,.0f} |"
        )
    bench.close()
    return lines


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="one part of the page: the first word of its title")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    initdb = find_program("initdb")
    assert initdb is not None, "PostgreSQL is missing: scripts/system-packages installs it"
    ports = PortPool()
    with tempfile.TemporaryDirectory(
        prefix="envoi-bench-", dir="/var/tmp", ignore_cleanup_errors=True
    ) as place:
        Path(place).chmod(0o755)
        with running_postgresql(
            Path(place), initdb.resolve().parent, ports, {"max_wal_size": "8GB"}
        ) as server:
            with psycopg.connect(server.url()) as connection:
                version = connection.info.server_version // 10000
            sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= options.most]
            parts: dict[str, Callable[[], list[str]]] = {
                "Claim and settle": lambda: backlog(server, sizes, options.rounds, 1500),
                "While a snapshot is held": lambda: pinned(server, 10, 4000),
                "Accepting": lambda: accepting(server, options.rounds),
                "One account": lambda: one_account(server, 3),
                "What is written": lambda: writing(server),
            }
            chosen = {
                title: part()
                for title, part in parts.items()
                if options.only is None or title.startswith(options.only)
            }
    text = "\n\n".join(f"## {title}\n\n" + "\n".join(lines) for title, lines in chosen.items())
    print(f"PostgreSQL {version}\n\n{text}")
    if options.write:
        head = options.write.read_text("utf-8").partition("\n## ")[0].rstrip()
        options.write.write_text(f"{head}\n\n{text}\n", "utf-8")


if __name__ == "__main__":
    main()
