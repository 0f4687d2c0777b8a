"""`OutboxEmailBackend`: mail that commits and rolls back with what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import django
import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import override_settings

from envoi import InvalidAddress
from envoi.errors import AddressSuppressed, IdempotencyConflict, StoreUnavailable
from envoi.integrations.django import OutboxEmailBackend, project_session
from envoi.integrations.django.outboxes import close_outboxes
from envoi.outbox import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from envoi import Outbox
    from envoi.testing import SMTPServer


def message(**changes: Any) -> Any:
    said: dict[str, Any] = {"subject": "Order 42", "body": "Thank you.", "from_email": "shop@example.com"}
    return EmailMessage(**{**said, "to": ["buyer@example.org"], **changes})


def waiting(outbox: Outbox) -> list[str]:
    return sorted(status.subject for status in outbox.find())


@pytest.fixture
def backend(outbox: Outbox) -> OutboxEmailBackend:
    return OutboxEmailBackend(alias="default")


def test_is_on_disk_before_it_returns(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    sent = message(bcc=["hidden@example.org"])
    assert backend.send_messages([sent]) == 1
    status = outbox.status(sent.envoi_ticket)
    assert status.subject == "Order 42"
    assert {one.address for one in status.recipients} == {"buyer@example.org", "hidden@example.org"}


def test_commits_with_the_transaction(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    with transaction.atomic():
        User.objects.create(username="buyer")
        backend.send_messages([message()])
        assert waiting(outbox) == []
    assert waiting(outbox) == ["Order 42"]


def test_rolls_back_with_the_transaction(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    def order() -> None:
        with transaction.atomic():
            User.objects.create(username="buyer")
            backend.send_messages([message()])
            raise LookupError("out of stock")

    with pytest.raises(LookupError):
        order()
    assert waiting(outbox) == []
    assert not User.objects.exists()


def test_rolls_back_with_a_savepoint(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    def attempt() -> None:
        with transaction.atomic():
            backend.send_messages([message(subject="Undone")])
            raise LookupError

    with transaction.atomic():
        backend.send_messages([message(subject="Kept")])
        with pytest.raises(LookupError):
            attempt()
    assert waiting(outbox) == ["Kept"]


def test_a_worker_sends_it_by_the_settings(
    backend: OutboxEmailBackend, outbox: Outbox, smtp_server: SMTPServer
) -> None:
    sent = message()
    backend.send_messages([sent])
    Worker(outbox, session=project_session).deliver(sent.envoi_ticket)
    (received,) = smtp_server.messages
    assert received.email["Subject"] == "Order 42"
    assert received.username == "user"


def test_a_message_may_say_more(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    sent, again = message(), message()
    sent.envoi_options = {"key": "order-42", "send_at": later, "priority": 1}
    again.envoi_options = {"key": "order-42", "send_at": later, "priority": 1}
    again.extra_headers = sent.extra_headers = {
        "Message-ID": "<42@example.com>",
        "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
    }
    assert backend.send_messages([sent, again, message(subject="Other")]) == 3
    assert again.envoi_ticket.id == sent.envoi_ticket.id
    assert again.envoi_ticket.duplicate
    status = outbox.status(sent.envoi_ticket)
    assert (status.key, status.due_at, status.priority) == ("order-42", later, 1)
    assert waiting(outbox) == ["Order 42", "Other"]


def test_one_that_is_refused_keeps_no_other(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    outbox.suppress("gone@example.org", reason="bounced")
    messages = [message(to=["gone@example.org"]), message(), message(to=[])]
    with pytest.raises(AddressSuppressed):
        backend.send_messages(messages)
    assert [hasattr(one, "envoi_ticket") for one in messages] == [False, True, False]
    assert OutboxEmailBackend(alias="default", fail_silently=True).send_messages(messages) == 1


def test_a_mistake_in_an_address_lets_nothing_in(backend: OutboxEmailBackend, outbox: Outbox) -> None:
    with pytest.raises(InvalidAddress):
        backend.send_messages([message(), message(to=["nobody"])])
    assert waiting(outbox) == []


def test_a_key_is_for_one_mail(backend: OutboxEmailBackend) -> None:
    one, other = message(), message(subject="Another")
    one.envoi_options = other.envoi_options = {"key": "order-42"}
    with pytest.raises(IdempotencyConflict):
        backend.send_messages([one, other])


def test_an_outbox_that_is_away_is_told_or_passed_over() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(StoreUnavailable):
        OutboxEmailBackend(outbox=nowhere, alias="default").send_messages([message()])
    silent = OutboxEmailBackend(outbox=nowhere, alias="default", fail_silently=True)
    assert silent.send_messages([message()]) == 0
    close_outboxes()


def test_an_outbox_elsewhere_is_on_its_own(database: Path, tmp_path: Path) -> None:
    backend = OutboxEmailBackend(outbox=f"sqlite:///{tmp_path}/own.db", alias="default")
    sent = message()

    def order() -> None:
        with transaction.atomic():
            backend.send_messages([sent])
            raise LookupError

    with pytest.raises(LookupError):
        order()
    assert sent.envoi_ticket.id


def test_is_what_django_sends_by(outbox: Outbox) -> None:
    path = "envoi.integrations.django.OutboxEmailBackend"
    if django.VERSION >= (6, 1):
        options = {"database": "default", "account": "relay"}
        project = override_settings(MAILERS={"default": {"BACKEND": path, "OPTIONS": options}})
    else:
        project = override_settings(EMAIL_BACKEND=path)
    with project:
        assert mail.send_mail("Hello", "You.", "shop@example.com", ["buyer@example.org"]) == 1
    assert waiting(outbox) == ["Hello"]
