"""The outbox in Django's admin, as a browser gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings

from envoi import Email
from envoi.integrations.django import project_session
from envoi.integrations.django.outboxes import close_outboxes
from envoi.outbox import Stage, State, Worker
from envoi.testing import faults

if TYPE_CHECKING:
    from pathlib import Path

    from envoi import Outbox
    from envoi.testing import SMTPServer

LIST = "/admin/envoi/queuedmessage/"


@pytest.fixture
def person(database: Path) -> User:
    return User.objects.create_user("operator", is_staff=True)


@pytest.fixture
def client(person: User) -> Client:
    """Somebody who may do everything."""
    person.is_superuser = True
    person.save()
    return logged_in(person)


def logged_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def submit(outbox: Outbox, subject: str, *to: str) -> str:
    mail = Email(
        sender="shop@example.com", to=list(to or ["buyer@example.org"]), subject=subject, text="Thank you."
    )
    return outbox.submit(mail).id


def page(client: Client, address: str = LIST) -> str:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_lists_what_is_there(client: Client, outbox: Outbox) -> None:
    ticket = submit(outbox, "Order <42>", "buyer@example.org")
    shown = page(client)
    assert "Order &lt;42&gt;" in shown
    assert f"{LIST}{ticket}/change/" in shown
    assert "buyer@example.org" in shown
    assert "<strong>1</strong> waiting" in shown
    assert LIST in page(client, "/admin/")


def test_says_when_there_is_nothing(client: Client, outbox: Outbox) -> None:
    assert "No message is like this." in page(client)


def test_shows_what_was_said_of_each_recipient(
    client: Client, outbox: Outbox, smtp_server: SMTPServer
) -> None:
    smtp_server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="gone@example.org"))
    ticket = submit(outbox, "Order 42", "buyer@example.org", "gone@example.org")
    Worker(outbox, session=project_session).deliver(ticket)
    shown = page(client, f"{LIST}{ticket}/change/")
    assert "550 5.1.1 no such user" in shown
    assert '<em class="delivered">delivered</em>' in shown
    assert '<em class="failed">failed</em>' in shown
    assert "550 5.1.1 no such user" in page(client, f"{LIST}{ticket}/history/")


def test_nothing_is_found_that_is_not_there(client: Client, outbox: Outbox) -> None:
    assert client.get(f"{LIST}{'0' * 32}/change/").status_code == 404


def test_cancels_what_was_ticked_and_writes_down_who_did(client: Client, outbox: Outbox) -> None:
    cancelled, kept = submit(outbox, "Cancelled"), submit(outbox, "Kept")
    answer = client.post(LIST, {"action": "cancel", "_selected_action": [cancelled]}, follow=True)
    assert "1 cancelled." in answer.content.decode()
    assert outbox.status(cancelled).recipients[0].state is State.CANCELLED
    assert outbox.status(kept).stage is Stage.WAITING
    shown = page(client, f"{LIST}{cancelled}/change/")
    assert "Cancelled." in shown
    assert "operator" in shown


def test_holds_releases_and_retries_one(client: Client, outbox: Outbox) -> None:
    ticket = submit(outbox, "Order 42")
    address = f"{LIST}{ticket}/change/"
    client.post(address, {"action": "hold"})
    assert outbox.status(ticket).stage is Stage.HELD
    client.post(address, {"action": "release"})
    assert outbox.status(ticket).stage is Stage.WAITING
    client.post(address, {"action": "cancel"})
    answer = client.post(address, {"action": "hold"}, follow=True)
    assert "0 held, 1 left as they were." in answer.content.decode()


def test_does_nothing_without_a_choice(client: Client, outbox: Outbox) -> None:
    ticket = submit(outbox, "Order 42")
    for said in ({"action": "purge", "_selected_action": [ticket]}, {"action": "cancel"}):
        assert "Nothing was done" in client.post(LIST, said, follow=True).content.decode()
    assert outbox.status(ticket).stage is Stage.WAITING


def test_who_may_only_look_cannot_act(person: User, outbox: Outbox) -> None:
    ticket = submit(outbox, "Order 42")
    assert logged_in(person).get(LIST).status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="view_queuedmessage"))
    client = logged_in(person)
    shown = page(client)
    assert "Order 42" in shown
    assert "_selected_action" not in shown
    assert client.post(LIST, {"action": "cancel", "_selected_action": [ticket]}).status_code == 403
    assert client.post(f"{LIST}{ticket}/change/", {"action": "cancel"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 404
    assert outbox.status(ticket).stage is Stage.WAITING


def test_forged_forms_are_refused(client: Client, person: User, outbox: Outbox) -> None:
    ticket = submit(outbox, "Order 42")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    assert browser.post(LIST, {"action": "cancel", "_selected_action": [ticket]}).status_code == 403


def test_says_what_is_missing_instead_of_failing(client: Client) -> None:
    assert "the settings name no outbox" in page(client)
    with override_settings(ENVOI={"OUTBOX": "postgresql://nobody@127.0.0.1:1/none"}):
        assert '<p class="errornote">' in page(client)
        said = {"action": "cancel", "_selected_action": ["1"]}
        assert client.post(LIST, said, follow=True).status_code == 200
        assert client.get(f"{LIST}1/change/").status_code == 404
    close_outboxes()
