"""Claiming: an account's row is locked, `admit` decides, its messages are taken. In one transaction.

The lock is what makes a limit hold over all workers; who finds it taken goes on to the next account. A
claim begins to look behind the account's mark: entries of the index before it are of messages taken long
ago, but stay for as long as any snapshot could see them, and reading over a million of them takes a
second. Every few seconds, and when something became due behind it (`envoi_nudges`), one claim looks at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.accounts import welcome
from envoi.drivers.postgres_store.contents import AT_ONCE
from envoi.outbox.account_rules import AccountRules
from envoi.outbox.account_state import AccountState, admit
from envoi.outbox.model import Claim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envoi.drivers.postgres_store.link import Link, Row

__all__ = ["CANDIDATES", "Claimant", "claim_due", "claim_these", "next_wake"]

#: How often a claim looks at everything, and how far marks stay behind the clock (what commits late, and
#: clocks of submitters that are behind), seconds.
_SWEEP, _GRACE = 5, 2
#: How many recipients of a message are offered at once (RFC 5321 §4.5.3.1.8).
_OFFERED = 100
#: How soon who found nothing may look again.
_SOONEST = 0.05
_NOWHERE = "00000000000000000000000000000000"

_FIRST = """
generate_series(1, 10) AS p
CROSS JOIN LATERAL (
    SELECT q.id, q.due_at
    FROM envoi_queue q
    WHERE q.stage = 'waiting' AND q.account = a.name AND q.priority = p - 1
        AND (q.due_at, q.id) >= (
            CASE WHEN {sweep} THEN '-infinity' ELSE a.mark_due[p] END,
            CASE WHEN {sweep} THEN '00000000-0000-0000-0000-000000000000' ELSE a.mark_id[p] END
        ) {due}
    ORDER BY q.due_at, q.id
    LIMIT {most}
) AS m
"""
_DUE = "AND q.due_at <= %(now)b::timestamptz"
_LOCK_ONE = f"""
SELECT a.name, a.rules, a.state, s.sweep
FROM envoi_accounts a
CROSS JOIN LATERAL (
    SELECT a.swept_at > %(now)b::timestamptz
        OR a.swept_at <= %(now)b::timestamptz - interval '{_SWEEP} seconds'
        OR EXISTS (SELECT FROM envoi_nudges n WHERE n.account = a.name) AS sweep
) s
WHERE a.not_before <= %(now)b::timestamptz
    AND (%(accounts)b::text[] IS NULL OR a.name = ANY(%(accounts)b::text[]))
    AND a.name <> ALL(%(seen)b::text[])
    AND EXISTS (SELECT FROM {_FIRST.format(sweep="s.sweep", due=_DUE, most=1)})
ORDER BY a.served, a.name
LIMIT 1
FOR UPDATE OF a
"""
_LOCK_FREE = f"{_LOCK_ONE} SKIP LOCKED"
_LOCK_THESE = """
SELECT name, rules, state, false
FROM envoi_accounts
WHERE name IN (SELECT account FROM envoi_queue WHERE id = ANY(%(ids)b::uuid[]))
ORDER BY name
FOR UPDATE
"""
_FORGET_NUDGES = "DELETE FROM envoi_nudges WHERE account = %(account)b"
_OFFER = f"""
CROSS JOIN LATERAL (
    SELECT array_agg(r.address) AS addresses, array_agg(r.attempts) AS tries
    FROM (
        SELECT address, attempts FROM envoi_recipients
        WHERE message = m.id AND state IN ('pending', 'deferred') AND due_at <= %(now)b::timestamptz
        ORDER BY position LIMIT {_OFFERED}
    ) r
) o
"""
CANDIDATES = f"""
SELECT m.id, m.p - 1, m.due_at, o.addresses, o.tries
FROM (
    SELECT p, m.id, m.due_at
    FROM envoi_accounts a
    CROSS JOIN {_FIRST.format(sweep="%(sweep)b::boolean", due=_DUE, most="%(most)b::integer")}
    WHERE a.name = %(account)b
    ORDER BY p, m.due_at, m.id
    LIMIT %(most)b::integer
) m
{_OFFER}
ORDER BY m.p, m.due_at, m.id
"""
_THESE = f"""
SELECT m.id, m.priority, m.due_at, o.addresses, o.tries
FROM envoi_queue m
{_OFFER}
WHERE m.id = ANY(%(ids)b::uuid[]) AND m.account = %(account)b AND m.stage = 'waiting'
    AND m.due_at <= %(now)b::timestamptz
ORDER BY m.priority, m.due_at, m.id
"""
_TAKE = f"""
UPDATE envoi_queue q
SET stage = 'claimed', attempt = q.attempt + 1, owner = %(owner)b::text, claimed_at = %(now)b::timestamptz,
    lease_until = g.until, dot = NULL
FROM unnest(%(ids)b::uuid[], %(until)b::timestamptz[]) AS g (id, until)
JOIN envoi_messages m USING (id)
WHERE q.id = g.id AND q.stage = 'waiting'
RETURNING q.id, q.attempt, m.sender, m.options, m.message_id, m.size, m.created_at, m.expires_at, (
    SELECT octets FROM envoi_contents c WHERE m.size <= {AT_ONCE} AND c.id = m.content AND c.part = 0
)
"""
_SERVED = """
UPDATE envoi_accounts a
SET served = nextval('envoi_served'), state = %(state)b::text,
    not_before = coalesce(%(not_before)b::timestamptz, '-infinity'),
    swept_at = CASE WHEN %(sweep)b::boolean THEN %(now)b::timestamptz ELSE swept_at END,
    mark_due = ARRAY(
        SELECT coalesce(n.due_at, a.mark_due[p]) FROM generate_series(1, 10) AS p
        LEFT JOIN unnest(%(p)b::integer[], %(due)b::timestamptz[]) AS n (p, due_at) USING (p) ORDER BY p
    ),
    mark_id = ARRAY(
        SELECT coalesce(n.id, a.mark_id[p]) FROM generate_series(1, 10) AS p
        LEFT JOIN unnest(%(p)b::integer[], %(ids)b::uuid[]) AS n (p, id) USING (p) ORDER BY p
    )
WHERE name = %(account)b
"""
_WAKE = f"""
SELECT min(greatest(a.not_before, m.due_at, %(now)b::timestamptz + interval '{_SOONEST} seconds'))
FROM envoi_accounts a
CROSS JOIN {_FIRST.format(sweep="false", due="", most=1)}
WHERE %(accounts)b::text[] IS NULL OR a.name = ANY(%(accounts)b::text[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """An account whose row is locked, and whether all of its index is to be read."""

    rules: AccountRules
    state: AccountState
    sweep: bool

    @classmethod
    def of(cls, row: Row) -> _Account:
        name, rules, state, sweep = row
        return cls(
            rules=AccountRules.from_json(name, rules), state=AccountState.from_json(state), sweep=sweep
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A message that is due, and the recipients to offer."""

    id: str
    priority: int
    due_at: datetime
    recipients: Mapping[str, int]

    @classmethod
    def of(cls, row: Row) -> _Candidate:
        id_, priority, due_at, addresses, tries = row
        recipients: dict[str, int] = dict(zip(addresses or (), tries or (), strict=True))
        return cls(id=id_.hex, priority=priority, due_at=due_at, recipients=recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """Who claims, when, and for how long from when a message may leave."""

    owner: str
    now: datetime
    lease: timedelta


async def claim_due(
    link: Link, who: Claimant, most: int, accounts: Sequence[str] | None
) -> tuple[list[Claim], datetime | None]:
    """Claim what is due; return the claims, and when a limit lets more leave."""
    claims: list[Claim] = []
    seen: list[str] = []
    wake_at: datetime | None = None
    await welcome(link)
    while len(claims) < most:
        asked = None if accounts is None else list(accounts)
        rows = await link.run(_LOCK_FREE, now=who.now, accounts=asked, seen=seen)
        if not rows and not seen:
            # All that have mail are taken: wait for one, which takes a few milliseconds.
            rows = await link.run(_LOCK_ONE, now=who.now, accounts=asked, seen=seen)
        if not rows:
            break
        account = _Account.of(rows[0])
        name = account.rules.name
        seen.append(name)
        if account.sweep:
            await link.run(_FORGET_NUDGES, account=name)
        rows = await link.run(
            CANDIDATES, account=name, sweep=account.sweep, most=most - len(claims), now=who.now
        )
        taken, later = await _take(link, who, account, [_Candidate.of(row) for row in rows])
        claims += taken
        wake_at = min(filter(None, (wake_at, later)), default=None)
    return claims, wake_at


async def claim_these(link: Link, who: Claimant, ids: Sequence[str]) -> tuple[list[Claim], datetime | None]:
    """Claim certain messages."""
    claims: list[Claim] = []
    wake_at: datetime | None = None
    await welcome(link)
    for locked in await link.run(_LOCK_THESE, ids=list(ids)):
        account = _Account.of(locked)
        rows = await link.run(_THESE, ids=list(ids), account=account.rules.name, now=who.now)
        taken, later = await _take(link, who, account, [_Candidate.of(row) for row in rows])
        claims += taken
        wake_at = min(filter(None, (wake_at, later)), default=None)
    return claims, wake_at


async def next_wake(link: Link, now: datetime, accounts: Sequence[str] | None) -> datetime | None:
    """When the next message is due in an account that may send then."""
    asked = None if accounts is None else list(accounts)
    ((wake_at,),) = await link.run(_WAKE, now=now, accounts=asked)
    return wake_at if wake_at is None else wake_at.astimezone(UTC)


async def _take(
    link: Link, who: Claimant, account: _Account, candidates: list[_Candidate]
) -> tuple[list[Claim], datetime | None]:
    """Claim as many of the candidates as the limits of their account admit."""
    counts = [len(candidate.recipients) for candidate in candidates]
    admission = admit(account.rules.limits, account.state, counts, who.now)
    admitted = candidates[: len(admission.instants)]
    until = [instant + who.lease for instant in admission.instants]
    rows = await link.run(_TAKE, ids=[c.id for c in admitted], until=until, owner=who.owner, now=who.now)
    taken = {row[0].hex: row for row in rows}
    marks = _marks(candidates, len(admitted), who.now)
    await link.run(
        _SERVED,
        account=account.rules.name,
        state=admission.state.to_json(),
        not_before=admission.wake_at,
        sweep=account.sweep,
        now=who.now,
        p=list(marks),
        due=[due_at for due_at, _ in marks.values()],
        ids=[id_ for _, id_ in marks.values()],
    )
    claims = [
        _claim(account.rules.name, candidate, taken[candidate.id], not_before, who)
        for candidate, not_before in zip(admitted, admission.instants, strict=True)
        if candidate.id in taken
    ]
    return claims, admission.wake_at


def _marks(candidates: Sequence[_Candidate], admitted: int, now: datetime) -> dict[int, tuple[datetime, str]]:
    """For each priority where the next claim begins: at the last one taken, or at the first one found."""
    marks: dict[int, tuple[datetime, str]] = {}
    latest = now - timedelta(seconds=_GRACE)
    for number, candidate in enumerate(candidates):
        if number < admitted or candidate.priority + 1 not in marks:
            later = candidate.due_at > latest
            marks[candidate.priority + 1] = (latest, _NOWHERE) if later else (candidate.due_at, candidate.id)
    return marks


def _claim(account: str, candidate: _Candidate, row: Row, not_before: datetime, who: Claimant) -> Claim:
    _, attempt, sender, options, message_id, size, created_at, expires_at, octets = row
    content: bytes | None = (octets or b"") if size <= AT_ONCE else None
    return Claim(
        id=candidate.id,
        attempt=attempt,
        account=account,
        sender=sender,
        recipients=candidate.recipients,
        options=options,
        message_id=message_id,
        size=size,
        content=content,
        created_at=created_at.astimezone(UTC),
        expires_at=expires_at.astimezone(UTC),
        not_before=not_before,
        lease_until=not_before + who.lease,
    )
