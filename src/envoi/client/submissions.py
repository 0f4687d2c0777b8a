"""From what callers hand to an outbox to what its office accepts, a batch at a time, in either colour.

`Outbox` and `AsyncOutbox` share this; what a mail becomes is decided in `envoi.session.outgoing` and
`envoi.outbox.submitting`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from envoi.errors import UsageError
from envoi.outbox.office import BATCH
from envoi.session.conversation import each
from envoi.session.outgoing import outgoing
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

    from envoi.errors import EnvoiError
    from envoi.message.content import Content
    from envoi.message.envelope import DeliveryOptions, Envelope
    from envoi.outbox.model import Ticket
    from envoi.outbox.office import Office
    from envoi.outbox.submitting import Order
    from envoi.session.outgoing import Mail

__all__ = ["accept_all", "stepwise"]

T = TypeVar("T")

_Prepared: TypeAlias = "tuple[Content, Envelope, Order]"


async def accept_all(
    office: Office,
    mails: Iterable[Mail] | AsyncIterable[Mail],
    order: Callable[[Mail], Order],
    options: DeliveryOptions | None,
    connection: Any,
) -> AsyncIterator[Ticket | EnvoiError]:
    """Accept mails, a batch in a commit; yield a ticket or the error for each, in order."""
    batch: list[_Prepared | EnvoiError] = []
    async for mail in each(mails):
        batch.append(_prepared(mail, order, options))
        if len(batch) == BATCH:
            for one in await _accepted(office, batch, connection):
                yield one
            batch = []
    for one in await _accepted(office, batch, connection):
        yield one


def stepwise(flow: AsyncIterator[T]) -> Iterator[T]:
    """Iterate over a flow whose ports block."""

    async def step() -> T:
        return await anext(flow)

    while True:
        try:
            one = run_sync(step())
        except StopAsyncIteration:
            return
        yield one


def _prepared(
    mail: Mail, order: Callable[[Mail], Order], options: DeliveryOptions | None
) -> _Prepared | EnvoiError:
    try:
        content, envelope = outgoing(mail, options=options)
        return content, envelope, order(mail)
    except UsageError as error:
        return error


async def _accepted(
    office: Office, batch: list[_Prepared | EnvoiError], connection: Any
) -> list[Ticket | EnvoiError]:
    results = iter(await office.submit_some([one for one in batch if isinstance(one, tuple)], connection))
    return [next(results) if isinstance(one, tuple) else one for one in batch]
