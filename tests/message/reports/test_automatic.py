from __future__ import annotations

import pytest

from envoi.message.reports import ReportKind
from envoi.message.reports.automatic import is_automatic, is_automatic_reply
from envoi.message.reports.fields import read_fields
from tests.message.reports.mails import read


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Replied; owner-email=a@b.example",
        "X-Autoreply: yes",
        "X-Autorespond: holidays",
        "Precedence: auto_reply",
    ],
)
def test_knows_an_automatic_answer(header: str) -> None:
    assert is_automatic_reply(read_fields(header))
    assert is_automatic(read_fields(header))
    assert read(f"{header}\nFrom: a@b.example\n\nI am away.").kind is ReportKind.AUTO_REPLY


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your order",
        "Out of the office",
        "Re: Auto-Reply",
        "=?utf-8?q?R=C3=A9ponse_automatique_=3A_devis?=",
        "Abwesenheitsnotiz",
        "Автоответ",
    ],
)
def test_a_subject_tells_when_the_mail_is_an_answer(subject: str) -> None:
    alone = read_fields(f"Subject: {subject}")
    assert not is_automatic_reply(alone)
    assert not is_automatic(alone)
    assert is_automatic_reply(read_fields(f"Subject: {subject}\nIn-Reply-To: <1@x>"))


@pytest.mark.parametrize(
    "header",
    ["", "Auto-Submitted: no", "X-Autoreply: no", "Precedence: list", "Subject: My reply, out of interest"],
)
def test_people_write_like_this(header: str) -> None:
    assert not is_automatic(read_fields(header))


def test_a_generated_mail_is_automatic_but_no_answer() -> None:
    fields = read_fields("Auto-Submitted: auto-generated")
    assert is_automatic(fields)
    assert not is_automatic_reply(fields)
