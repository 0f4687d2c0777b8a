"""Accepting: what `put` returned is there, keys are kept apart, large contents come back as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.identity import uuid7
from envoi.errors import AddressSuppressed, IdempotencyConflict, OutboxError, UsageError
from envoi.outbox.model import Blob, Content, Stage, State, Suppression
from tests.outbox.contract.arena import HELLO, NOON, Arena, letter, result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def octets_of(content: Content) -> bytes:
    if content.octets is not None:
        return content.octets
    assert content.path is not None
    return content.path.read_bytes()


async def test_a_message_is_there_as_it_was_given(arena: Arena) -> None:
    given = letter(
        recipients=("a@example.org", "Zoë@exämple.org"),
        key="order-42",
        priority=2,
        options='{"smtputf8": true}',
        due_at=NOON + timedelta(minutes=5, microseconds=7),
    )
    (accepted,) = await arena.store.put([given])
    assert (accepted.id, accepted.message_id, accepted.duplicate) == (given.id, given.message_id, False)
    status = await arena.look(given.id)
    assert (status.account, status.sender, status.subject) == ("work", given.sender, given.subject)
    assert (status.key, status.priority, status.size) == ("order-42", 2, len(HELLO))
    assert (status.stage, status.attempts, status.cancel_requested) == (Stage.WAITING, 0, False)
    assert (status.created_at, status.due_at, status.expires_at) == (NOON, given.due_at, given.expires_at)
    assert [one.address for one in status.recipients] == list(given.recipients)
    assert {one.next_attempt_at for one in status.recipients} == {given.due_at}
    assert octets_of(await arena.store.read(given.id)) == given.content
    assert await arena.kinds(given.id) == ["submitted"]


async def test_many_are_put_together(arena: Arena) -> None:
    letters = [letter() for _ in range(300)]
    accepted = await arena.store.put(letters)
    assert [one.id for one in accepted] == [one.id for one in letters]
    assert (await arena.store.stats()).stages[Stage.WAITING] == 300


async def test_another_handle_sees_it_at_once(arena: Arena) -> None:
    message = await arena.put()
    other = arena.open()
    assert [one.id for one in await other.status([message])] == [message]


async def test_what_is_put_outlives_its_handle(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.close()
    assert [one.id for one in await arena.open().status([message])] == [message]


async def test_a_key_used_twice_gives_the_first_ticket(arena: Arena) -> None:
    first = letter(key="order-42")
    await arena.store.put([first])
    (again,) = await arena.store.put([letter(key="order-42")])
    assert (again.id, again.message_id, again.duplicate) == (first.id, first.message_id, True)
    assert (await arena.store.stats()).stages[Stage.WAITING] == 1


async def test_a_key_used_twice_within_one_put_gives_the_first_ticket(arena: Arena) -> None:
    first, second = letter(key="order-42"), letter(key="order-42")
    accepted = await arena.store.put([first, second])
    assert [(one.id, one.duplicate) for one in accepted] == [(first.id, False), (first.id, True)]


async def test_a_key_used_for_another_content_is_a_conflict_and_writes_nothing(arena: Arena) -> None:
    await arena.put(key="order-42")
    before = letter(key="order-43")
    with pytest.raises(IdempotencyConflict, match="order-42"):
        await arena.store.put([before, letter(key="order-42", content=b"another")])
    assert await arena.store.status([before.id]) == ()
    assert (await arena.store.stats()).stages[Stage.WAITING] == 1
    # Nor is its key known.
    (accepted,) = await arena.store.put([letter(key="order-43", content=b"yet another")])
    assert not accepted.duplicate


async def test_accounts_have_keys_of_their_own(arena: Arena) -> None:
    await arena.put(key="order-42")
    (accepted,) = await arena.store.put([letter(account="home", key="order-42", content=b"another")])
    assert not accepted.duplicate


async def test_messages_without_a_key_are_never_duplicates(arena: Arena) -> None:
    accepted = await arena.store.put([letter(), letter()])
    assert [one.duplicate for one in accepted] == [False, False]


async def test_an_id_is_used_once(arena: Arena) -> None:
    message = await arena.put()
    with pytest.raises(UsageError, match=message):
        await arena.put(id=message)


async def test_a_suppressed_recipient_has_failed_from_the_beginning(arena: Arena) -> None:
    message = await arena.put(
        recipients=("a@example.org", "b@example.org"), refused={"b@example.org": "suppressed: bounced"}
    )
    assert await arena.states(message) == {"a@example.org": State.PENDING, "b@example.org": State.FAILED}
    assert (await arena.look(message)).recipients[1].text == "suppressed: bounced"
    assert sorted(await arena.kinds(message)) == ["failed", "submitted"]
    assert list((await arena.claim_one()).recipients) == ["a@example.org"]


async def test_the_list_of_suppressions_is_honoured(arena: Arena) -> None:
    await arena.store.suppress([Suppression(address="b@example.org", reason="bounced", since=NOON)])
    message = await arena.put(recipients=("a@example.org", "B@Example.org"))
    assert await arena.states(message) == {"a@example.org": State.PENDING, "B@Example.org": State.FAILED}
    assert "bounced" in (await arena.look(message)).recipients[1].text
    before = letter()
    with pytest.raises(AddressSuppressed, match="bounced"):
        await arena.store.put([before, letter(recipients=("b@example.org",))])
    assert await arena.store.status([before.id]) == ()
    await arena.store.unsuppress(["b@example.org"])
    await arena.put(recipients=("b@example.org",))


@pytest.mark.parametrize("size", [0, 1, 70_000, 256 * 1024 - 1, 256 * 1024, 3_000_000])
async def test_a_content_of_any_size_comes_back(arena: Arena, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    message = await arena.put(content=content)
    assert (await arena.look(message)).size == size
    assert octets_of(await arena.store.read(message)) == content
    claim = await arena.claim_one()
    assert claim.size == size
    if size <= 64 * 1024:
        assert claim.content == content
    else:
        assert claim.content is None
    assert octets_of(await arena.store.content(claim)) == content


@pytest.mark.parametrize("pieces", [0, 1, 3, 40])
async def test_a_content_of_unknown_size_is_kept(arena: Arena, pieces: int) -> None:
    piece = bytes(range(250)) * 100

    async def octets() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield piece

    kept = await arena.store.keep(octets())
    assert isinstance(kept, Blob) == (pieces == 40)
    message = await arena.put(content=kept)
    assert (await arena.look(message)).size == pieces * len(piece)
    assert octets_of(await arena.store.read(message)) == pieces * piece


async def test_two_messages_may_share_a_kept_content(arena: Arena) -> None:
    async def octets() -> AsyncIterator[bytes]:
        yield b"x" * 1_000_000

    kept = await arena.store.keep(octets())
    first, second = await arena.put(content=kept), await arena.put(content=kept)
    claim = await arena.claim_one()
    assert claim.id == first
    await arena.store.settle([result(claim, State.DELIVERED)])
    assert len(octets_of(await arena.store.read(second))) == 1_000_000


async def test_a_content_that_was_not_kept_is_refused(arena: Arena) -> None:
    with pytest.raises(UsageError):
        await arena.put(content=Blob(name=uuid7(), size=1_000_000))


async def test_a_failed_keep_leaves_the_store_as_it_was(arena: Arena) -> None:
    async def octets() -> AsyncIterator[bytes]:
        yield b"x" * 1_000_000
        raise ValueError("the attachment cannot be read")

    with pytest.raises(ValueError, match="cannot be read"):
        await arena.store.keep(octets())
    await arena.put()


async def test_there_is_nothing_to_read_of_an_unknown_message(arena: Arena) -> None:
    with pytest.raises(OutboxError, match="no content"):
        await arena.store.read(uuid7())


async def test_text_of_any_kind_is_kept(arena: Arena) -> None:
    subject = "été 🎉 'quoted' \"doubly\" \\ %s {} ?"
    message = await arena.put(subject=subject, key=subject)
    status = await arena.look(message)
    assert (status.subject, status.key) == (subject, subject)


async def test_what_cannot_be_used_as_a_connection_is_refused(arena: Arena) -> None:
    with pytest.raises(UsageError, match="connection= is a str"):
        await arena.store.put([letter()], connection="a string")
    assert (await arena.store.stats()).stages[Stage.WAITING] == 0


async def test_a_put_of_nothing_does_nothing(arena: Arena) -> None:
    assert await arena.store.put([]) == ()


async def test_a_duplicate_changes_nothing_of_the_first(arena: Arena) -> None:
    first = letter(key="order-42")
    await arena.store.put([first])
    before = await arena.look(first.id)
    await arena.store.put([replace(letter(key="order-42"), priority=0, due_at=NOON - timedelta(hours=1))])
    assert await arena.look(first.id) == before
