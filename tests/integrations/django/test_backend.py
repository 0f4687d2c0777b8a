"""`EmailBackend` through Django's own functions, against a real server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import django
import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import override_settings

from envoi import AuthenticationFailed, ConfigError, ConnectionFailed, InvalidAddress, RecipientsRejected
from envoi.integrations.django import EmailBackend
from envoi.testing import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.testing import SMTPServer


@pytest.fixture
def backend(options: dict[str, Any]) -> Iterator[EmailBackend]:
    made = EmailBackend(alias="default", **options)
    yield made
    made.close()


def message(**changes: Any) -> EmailMessage:
    said: dict[str, Any] = {"subject": "Order 42", "body": "Thank you.", "from_email": "shop@example.com"}
    return EmailMessage(**{**said, "to": ["buyer@example.org"], **changes})


def test_sends_and_counts(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    assert backend.send_messages([message(), message(subject="Order 43")]) == 2
    assert [received.email["Subject"] for received in smtp_server.messages] == ["Order 42", "Order 43"]
    assert {received.username for received in smtp_server.messages} == {"user"}
    assert len(smtp_server.dialogues) == 1


def test_counts_nothing_for_nothing(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    assert backend.send_messages([]) == 0
    assert backend.send_messages([message(to=[])]) == 0
    assert smtp_server.messages == []


def test_envelope_and_headers_are_two_things(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    sent = message(
        from_email="Shop <bounces@example.com>",
        to=["Zoë <zoe@example.org>", "buyer@example.org"],
        cc=["copy@example.org"],
        bcc=["hidden@example.org", "zoe@example.org"],
        reply_to=["desk@example.com"],
        headers={"From": "shop@example.com", "X-Order": "42", "Message-ID": "<42@example.com>"},
    )
    assert backend.send_messages([sent]) == 1
    (received,) = smtp_server.messages
    assert received.sender == "bounces@example.com"
    assert received.recipients == (
        "zoe@example.org",
        "buyer@example.org",
        "copy@example.org",
        "hidden@example.org",
    )
    assert received.email["From"] == "shop@example.com"
    assert received.email["Reply-To"] == "desk@example.com"
    assert received.email["X-Order"] == "42"
    assert received.email["Message-ID"] == "<42@example.com>"
    assert b"hidden" not in received.data


def test_alternatives_and_attachments_arrive(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    sent = EmailMultiAlternatives("Été", "Voilà.", "shop@example.com", ["buyer@example.org"])
    sent.attach_alternative("<p>Voilà.</p>", "text/html")
    sent.attach("numbers.csv", "a,b\n1,2\n", "text/csv")
    sent.attach("logo.png", b"\x89PNG\r\n", "image/png")
    assert backend.send_messages([sent]) == 1
    email = smtp_server.messages[0].email
    body, html = email.get_body(("plain",)), email.get_body(("html",))
    assert body is not None
    assert html is not None
    assert email["Subject"] == "Été"
    assert body.get_content().strip() == "Voilà."
    assert "<p>Voilà.</p>" in html.get_content()
    assert [part.get_filename() for part in email.iter_attachments()] == ["numbers.csv", "logo.png"]


@pytest.mark.smtp_server(faults=[faults.hide("8BITMIME")])
def test_speaks_ascii_to_servers_without_8bitmime(smtp_server: SMTPServer) -> None:
    options: dict[str, Any] = dict(smtp_server.session_options())
    sender = EmailBackend(alias="default", **options)
    assert sender.send_messages([message(subject="Été", body="Voilà.")]) == 1
    received = smtp_server.messages[0]
    assert received.data.isascii()
    assert received.email.get_content().strip() == "Voilà."


def test_stays_open_between_open_and_close(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    with backend as connection:
        assert connection.open() is False
        for _ in range(3):
            connection.send_messages([message()])
    assert backend.connection is None
    assert backend.open() is True
    backend.send_messages([message()])
    backend.close()
    backend.close()
    assert [len([line for line in said if "MAIL FROM" in line]) for said in smtp_server.dialogues] == [3, 1]


def test_goes_on_when_the_server_has_hung_up(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    backend.open()
    backend.send_messages([message()])
    smtp_server.faults.append(faults.reply("NOOP", "421 4.3.2 going down", times=1))
    assert backend.connection is not None
    backend.connection.noop()
    smtp_server.faults.clear()
    assert backend.send_messages([message()]) == 1
    assert len(smtp_server.messages) == 2


def test_raises_what_the_server_says(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    smtp_server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user"))
    with pytest.raises(RecipientsRejected, match="no such user"):
        backend.send_messages([message()])
    assert backend.connection is None


def test_fails_silently_when_told(options: dict[str, Any], smtp_server: SMTPServer) -> None:
    silent = EmailBackend(alias="default", fail_silently=True, **options)
    smtp_server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="gone@example.org"))
    assert silent.send_messages([message(to=["gone@example.org"]), message()]) == 1
    wrong = EmailBackend(alias="default", fail_silently=True, **{**options, "password": "wrong"})
    assert wrong.open() is None
    assert wrong.send_messages([message()]) == 0
    with pytest.raises(AuthenticationFailed):
        EmailBackend(alias="default", **{**options, "password": "wrong"}).open()


def test_never_hides_a_mistake_of_the_program(options: dict[str, Any]) -> None:
    silent = EmailBackend(alias="default", fail_silently=True, **options)
    with pytest.raises(InvalidAddress):
        silent.send_messages([message(to=["nobody"])])


def test_some_refused_is_sent_and_logged(
    backend: EmailBackend, smtp_server: SMTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    smtp_server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="gone@example.org"))
    sent: Any = message(to=["gone@example.org", "buyer@example.org"])
    assert backend.send_messages([sent]) == 1
    assert sent.envoi_receipt.accepted == ("buyer@example.org",)
    assert "gone@example.org was refused: 550 5.1.1 no such user" in caplog.text


def test_threads_take_turns(backend: EmailBackend, smtp_server: SMTPServer) -> None:
    backend.open()
    threads = [
        threading.Thread(target=backend.send_messages, args=([message(), message()],)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(smtp_server.messages) == 8
    assert len(smtp_server.dialogues) == 1


def test_is_what_django_sends_by(options: dict[str, Any], smtp_server: SMTPServer) -> None:
    host = options.pop("host")
    with the_project(host, options):
        assert mail.send_mail("Hello", "You.", "shop@example.com", ["buyer@example.org"]) == 1
        assert mail.send_mass_mail([("A", "a", "shop@example.com", [f"{n}@example.org"]) for n in "abc"]) == 3
    assert len(smtp_server.messages) == 4
    assert len(smtp_server.dialogues) == 2


def test_django_complains_of_unknown_options(options: dict[str, Any]) -> None:
    if django.VERSION < (6, 1):
        with EmailBackend(alias="default", hots="typo", **options) as connection:
            assert connection.connection is not None
        return
    with pytest.raises(Exception, match="Unknown options 'hots'"):
        EmailBackend(alias="default", hots="typo", **options)


def test_says_what_is_missing() -> None:
    with (
        override_settings(MAILERS={"default": {}}),
        pytest.raises(ConfigError, match="give url, account or host"),
    ):
        EmailBackend(alias="default").open()


def test_is_told_when_nobody_listens(options: dict[str, Any], smtp_server: SMTPServer) -> None:
    smtp_server.close()
    with pytest.raises(ConnectionFailed):
        EmailBackend(alias="default", **options).open()


def the_project(host: str, options: dict[str, Any]) -> override_settings:
    """The same settings in the manner of the Django that is here."""
    backend = "envoi.integrations.django.EmailBackend"
    if django.VERSION >= (6, 1):
        mailers = {"default": {"BACKEND": backend, "OPTIONS": {"host": host, **options}}}
        return override_settings(MAILERS=mailers)
    return override_settings(EMAIL_BACKEND=backend, ENVOI={"HOST": host, "OPTIONS": options})
