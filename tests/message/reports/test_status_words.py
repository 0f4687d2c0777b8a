from __future__ import annotations

from datetime import UTC, datetime

from envoi.message.reports import Action, RecipientReport
from envoi.message.reports.fields import read_fields
from envoi.message.reports.status_words import status_words, subject_for

ORIGINAL = read_fields(
    "Subject: =?utf-8?q?Votre_re=C3=A7u?=\nTo: gone@buyer.example\nDate: Sun, 22 Nov 2026 08:31:00 +0000"
)
GONE = RecipientReport(
    address="gone@buyer.example",
    action=Action.FAILED,
    status="5.1.1",
    diagnostic="550 5.1.1\n no such user",
    remote_mta="mx.buyer.example",
)
LATE = RecipientReport(
    address="late@buyer.example", action=Action.DELAYED, retry_until=datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
)
THERE = RecipientReport(address="ada@buyer.example", action=Action.DELIVERED, diagnostic="250 ok")


def test_says_what_happened_to_which_mail_for_whom() -> None:
    assert status_words([GONE, LATE, THERE], ORIGINAL, "mail.shop.example") == (
        "This is an automatic report of the mail system at mail.shop.example.\n"
        "\n"
        "Your mail\n"
        "\n"
        "    Subject: Votre reçu\n"
        "    To: gone@buyer.example\n"
        "    Date: Sun, 22 Nov 2026 08:31:00 +0000\n"
        "\n"
        "could not be delivered to\n"
        "\n"
        "    gone@buyer.example\n"
        "    There is no such mailbox.\n"
        "    The server mx.buyer.example said: 550 5.1.1 no such user\n"
        "\n"
        "Nothing more will be tried. Check the address, or reach the recipient another way.\n"
        "\n"
        "has not been delivered yet to\n"
        "\n"
        "    late@buyer.example\n"
        "    It is tried until 2026-11-27 08:00 UTC.\n"
        "\n"
        "It is tried again by itself; there is nothing to do.\n"
        "\n"
        "was delivered to\n"
        "\n"
        "    ada@buyer.example\n"
        "    The server said: 250 ok\n"
    )


def test_a_mail_without_subject_is_still_a_mail() -> None:
    assert "\n\nYour mail\n\ncould not be delivered to\n" in status_words(
        [GONE], read_fields(""), "mail.shop.example"
    )


def test_no_words_of_a_server_drive_a_terminal() -> None:
    odd = RecipientReport(address="a@x.example", action=Action.FAILED, diagnostic="550 \x1b[31mno\0\r\nmore")
    assert "said: 550 [31mno more\n" in status_words([odd], ORIGINAL, "mail.shop.example")


def test_the_subject_is_about_the_worst() -> None:
    assert subject_for([THERE, LATE, GONE]) == "Your mail could not be delivered"
    assert subject_for([THERE, LATE]) == "Your mail is delayed"
    assert subject_for([THERE]) == "Your mail was delivered"
