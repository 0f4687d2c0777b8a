"""Mails in numbers for the tests of batches: of every kind, and a judge of what was told of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envoi.errors import (
    Accepted,
    DeliveryError,
    MessageRejected,
    RecipientsRejected,
    SenderRejected,
)
from envoi.message.envelope import DeliveryOptions, Envelope
from envoi.message.raw import RawEmail
from envoi.session.conversation import Conversation
from envoi.session.receipt import Receipt
from envoi.session.run import run_sync
from tests.session.relay import Network, Rules
from tests.session.stage import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envoi.session.batch import Batch
    from envoi.session.outgoing import Mail
    from tests.session.contents import Pieces

CHUNKING = ("PIPELINING", "CHUNKING", "SIZE 1000000")
DATA = ("PIPELINING",)
SERVERS = {"by BDAT": CHUNKING, "by DATA": DATA, "one by one": (), "BDAT, one by one": ("CHUNKING",)}


def numbered(number: int, kind: str = "") -> RawEmail:
    """A mail whose number is in its envelope and its body."""
    sender = f"bad{number}@example.org" if kind == "bad" else f"a{number}@example.org"
    people = {
        "nobody": [f"nobody{number}@example.org"],
        "some": [f"nobody{number}@example.org", f"b{number}@example.org"],
    }.get(kind, [f"b{number}@example.org"])
    text = {"spam": "spam", "big": "x" * 70_000}.get(kind, "")
    body = f"Message-ID: <{number}@x>\r\n\r\n{text}\r\n"
    return RawEmail(body.encode(), sender=sender, recipients=people)


def send_all(conversation: Conversation, mails: Iterable[Mail], window: int = 8, **options: Any) -> list[Any]:
    """All results."""
    results: list[Any] = []
    drain(conversation.batch(mails, options=options.get("options"), window=window), results)
    return results


def drain(batch: Batch, results: list[Any]) -> None:
    """Append all results of a batch."""
    while more := run_sync(batch.more()):
        results += more


def played(rules: Rules, kinds: Sequence[str], window: int = 8, **options: Any) -> list[Any]:
    """Send mails of these kinds to such a server; the session is closed in the end."""
    conversation = Conversation(settings(**options), Network(rules))
    results = send_all(conversation, (numbered(number, kind) for number, kind in enumerate(kinds)), window)
    run_sync(conversation.close())
    return results


def check(results: list[Any], count: int, rules: Rules) -> None:
    """Hold what was told against what the server has: no mail is elsewhere, and none is told wrongly."""
    assert len(results) == count
    had = Counter(sender for sender, _, _ in rules.delivered)
    for number, result in enumerate(results):
        times = had[f"a{number}@example.org"]
        if isinstance(result, Receipt):
            assert times == 1
            assert (result.message_id, result.sender) == (f"<{number}@x>", f"a{number}@example.org")
            assert result.accepted == (f"b{number}@example.org",)
        elif isinstance(result, DeliveryError) and result.accepted is Accepted.MAYBE:
            assert times <= 1
        else:
            assert times == 0
    for sender, people, body in rules.delivered:
        name = sender[1:].partition("@")[0]
        assert people == (f"b{name}@example.org",)
        assert body.startswith(f"Message-ID: <{name}@x>\r\n".encode())


EXPECTED = {
    "": Receipt,
    "some": Receipt,
    "big": Receipt,
    "bad": SenderRejected,
    "nobody": RecipientsRejected,
    "spam": MessageRejected,
}


class Enveloped:
    """A content of the tests with an envelope."""

    def __init__(self, content: Pieces | RawEmail) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    def envelope(self, options: DeliveryOptions | None = None) -> Envelope:
        return Envelope.of("a@example.org", ["b@example.org"], options)
