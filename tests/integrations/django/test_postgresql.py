"""An outbox in the project's PostgreSQL: tables by migrate, mail by the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connections, transaction
from django.test import override_settings
from psycopg.conninfo import conninfo_to_dict

from envoi.integrations.django import OutboxEmailBackend, project_outbox, project_session
from envoi.integrations.django.outboxes import close_outboxes
from envoi.outbox import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi import Outbox
    from envoi.testing import SMTPServer

ALIAS = "warehouse"


@pytest.fixture
def outbox(postgresql_database: str, options: dict[str, object]) -> Iterator[Outbox]:
    """The outbox in a second database of the project."""
    known = conninfo_to_dict(postgresql_database)
    connections.settings[ALIAS] = {
        **connections["default"].settings_dict,
        "ENGINE": "django.db.backends.postgresql",
        "NAME": known["dbname"],
        **{name.upper(): str(known.get(name, "")) for name in ("user", "password", "host", "port")},
    }
    host = options.pop("host")
    with override_settings(ENVOI={"DATABASE": ALIAS, "HOST": host, "OPTIONS": options}):
        call_command("migrate", database=ALIAS, verbosity=0)
        yield project_outbox()
    close_outboxes()
    connections[ALIAS].close()
    del connections.settings[ALIAS], connections[ALIAS]


def order(subject: str) -> int:
    message = EmailMessage(subject, "Thank you.", "shop@example.com", ["buyer@example.org"])
    return OutboxEmailBackend(alias="default").send_messages([message])


@pytest.mark.programs("initdb")
def test_mail_and_rows_are_one_transaction(outbox: Outbox, smtp_server: SMTPServer) -> None:
    def undone() -> None:
        with transaction.atomic(using=ALIAS):
            order("Undone")
            raise LookupError

    with pytest.raises(LookupError):
        undone()
    with transaction.atomic(using=ALIAS):
        assert order("Kept") == 1
        assert list(outbox.find()) == []
    assert order("Alone") == 1
    tickets = [status.id for status in outbox.find()]
    Worker(outbox, session=project_session).deliver(*tickets)
    assert sorted(one.email["Subject"] for one in smtp_server.messages) == ["Alone", "Kept"]
