"""``envoi outbox submit``: on disk when it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.outbox.conftest import MAIL

if TYPE_CHECKING:
    from tests.cli.outbox.conftest import Run


def test_a_mail_is_written_down(outbox: Run) -> None:
    done = outbox("submit", *MAIL)
    assert done.code == 0
    assert "it will not be lost" in done.out
    shown = outbox("list", "--json").json["messages"]
    assert [(each["subject"], each["account"], each["stage"]) for each in shown] == [
        ("Été", "work", "waiting")
    ]
    assert shown[0]["id"] in done.out


def test_the_same_key_twice_is_one_mail(outbox: Run) -> None:
    first = outbox("submit", *MAIL, "--key", "order-42", "--json").json
    again = outbox("submit", *MAIL, "--key", "order-42", "--json").json
    assert again == {**first, "duplicate": True}
    other = outbox("submit", "--to", "x@example.org", "--text", "Other", "--key", "order-42")
    assert other.code == 65
    assert "order-42" in other.err


def test_a_mail_may_wait(outbox: Run) -> None:
    done = outbox("submit", *MAIL, "--send-at", "2h", "--expires", "2099-01-01T08:00", "--priority", "1")
    assert "not before" in done.out
    (waiting,) = outbox("list", "--json").json["messages"]
    assert waiting["priority"] == 1
    assert "next in 2 h" in outbox("list").out
    assert outbox("stats", "--json").json["due"] == 0


@pytest.mark.parametrize(
    "wrong", [("--send-at", "soon"), ("--priority", "10"), ("--priority", "x"), ("--outbox", "nowhere")]
)
def test_what_makes_no_sense_is_refused(outbox: Run, wrong: tuple[str, str]) -> None:
    done = outbox("submit", *MAIL, *wrong)
    assert done.code in {64, 78}
    assert done.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db.example.com/mail",
        "postgresql://me:sec/secret@db.example.com/mail",
        "postgresql://me@db.example.com/mail?password=secret",
        "postgresql://db.example.com/mail?user=me&sslpassword=secret",
    ],
)
def test_a_password_does_not_belong_into_the_arguments(outbox: Run, url: str) -> None:
    done = outbox("list", "--outbox", url)
    assert done.code == 64
    assert "ENVOI_OUTBOX" in done.err
    assert "secret" not in done.err


def test_what_only_looks_like_a_password_may_be_an_argument(outbox: Run) -> None:
    done = outbox("list", "--outbox", "postgresql://me@127.0.0.1:1/mail?application_name=a@b")
    assert done.code == 75, "nobody listens there"


@pytest.mark.parametrize("password", ["s3cr%ztpw", "s3cr/etpw", "s3cr%00tpw"])
def test_a_password_is_not_shown_either_when_its_address_is_wrong(
    outbox: Run, environ: dict[str, str], password: str
) -> None:
    environ["ENVOI_OUTBOX"] = f"postgresql://s3cr:{password}@127.0.0.1:1/mail"
    for form in ((), ("--json",)):
        done = outbox("list", *form)
        assert done.code == 78
        assert "%2F" in done.out + done.err
        assert "s3cr" not in done.out + done.err
        assert "tpw" not in done.out + done.err


def test_nobody_left_to_write_to_is_an_error(outbox: Run, environ: dict[str, str]) -> None:
    from envoi import Outbox

    with Outbox(environ["ENVOI_OUTBOX"]) as store:
        store.suppress("zoe@example.org", reason="no such mailbox")
    done = outbox("submit", *MAIL)
    assert done.code == 69
    assert "no such mailbox" in done.err
    assert "Outbox.unsuppress" in done.err


def test_who_is_not_written_to_is_named(outbox: Run, environ: dict[str, str]) -> None:
    from envoi import Outbox

    with Outbox(environ["ENVOI_OUTBOX"]) as store:
        store.suppress("zoe@example.org", reason="no such mailbox")
    both = (*MAIL, "--to", "bob@example.org")
    done = outbox("submit", *both)
    assert done.code == 1
    assert "it will not be lost" in done.out
    assert "zoe@example.org" in done.out
    assert "no such mailbox" in done.out
    done = outbox("submit", *both, "--key", "k", "--json")
    assert list(done.json["refused"]) == ["zoe@example.org"]
    assert outbox("submit", *both, "--key", "k").code == 0, "that is said once"
