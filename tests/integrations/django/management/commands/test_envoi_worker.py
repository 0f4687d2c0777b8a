"""``manage.py envoi_worker`` sends by the settings, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.core.management import call_command

from envoi.integrations.django import OutboxEmailBackend
from envoi.integrations.django.management.commands import envoi_worker
from envoi.outbox import Worker

if TYPE_CHECKING:
    import pytest

    from envoi import Outbox
    from envoi.testing import SMTPServer


def test_sends_until_a_signal_comes(outbox: Outbox, smtp_server: SMTPServer) -> None:
    message = EmailMessage("Order 42", "Thank you.", "shop@example.com", ["buyer@example.org"])
    OutboxEmailBackend(alias="default").send_messages([message])
    before = signal.getsignal(signal.SIGTERM)

    def stop_after_the_first() -> None:
        smtp_server.wait_for(1, timeout=60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    watcher = threading.Thread(target=stop_after_the_first)
    watcher.start()
    call_command("envoi_worker", connections=1)
    watcher.join()
    assert smtp_server.messages[0].email["Subject"] == "Order 42"
    assert signal.getsignal(signal.SIGTERM) is before
    (status,) = outbox.find()
    assert status.stage.value == "done"


def test_a_signal_before_it_has_begun_ends_it(
    outbox: Outbox, smtp_server: SMTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Worker):
        def run(self) -> None:
            signal.raise_signal(signal.SIGTERM)
            super().run()

    monkeypatch.setattr(envoi_worker, "Worker", Slow)
    OutboxEmailBackend(alias="default").send_messages([EmailMessage("Order 42", "", None, ["b@example.org"])])
    call_command("envoi_worker", connections=1)
    assert smtp_server.messages == []
    assert [status.stage.value for status in outbox.find()] == ["waiting"]
