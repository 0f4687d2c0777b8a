"""``envoi outbox cancel``, ``retry``, ``hold``, ``release`` and ``purge``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.outbox.conftest import MAIL

if TYPE_CHECKING:
    from tests.cli.outbox.conftest import Run


def _stages(outbox: Run) -> list[str]:
    return [each["stage"] for each in outbox("list", "--json").json["messages"]]


def test_a_mail_is_held_and_released(outbox: Run) -> None:
    ticket = outbox("submit", *MAIL, "--json").json["id"]
    assert "1 of 1 mail held" in outbox("hold", ticket).out
    assert _stages(outbox) == ["held"]
    assert "held" in outbox("list").out
    assert outbox("hold", ticket).code == 1, "it is held already"
    assert outbox("release", "--all", "--json").json == {
        "changed": [ticket],
        "unchanged": [],
        "unknown": [],
    }
    assert _stages(outbox) == ["waiting"]


def test_a_ticket_of_nobody_is_no_mail_in_the_wrong_state(outbox: Run) -> None:
    ticket = outbox("submit", *MAIL, "--json").json["id"]
    for action in ("cancel", "retry", "hold", "release"):
        done = outbox(action, "0" * 32)
        assert done.code == 66
        assert "there is none" in done.out
    done = outbox("release", ticket, "nonsense", "--json")
    assert done.code == 66
    assert done.json == {"changed": [], "unchanged": [ticket, "nonsense"], "unknown": ["nonsense"]}


def test_a_mail_is_cancelled_and_forgotten(outbox: Run) -> None:
    ticket = outbox("submit", *MAIL, "--json").json["id"]
    assert outbox("cancel", "--to", "zoe@example.org").code == 0
    assert "cancelled" in outbox("show", ticket).out
    assert outbox("retry", ticket, "--expires", "1d").code == 1
    assert "0 mails forgotten" in outbox("purge").out
    assert outbox("purge", "--older-than", "0s", "--json").json == {"purged": 1}
    assert _stages(outbox) == []


def test_everything_is_only_meant_when_it_is_said(outbox: Run) -> None:
    outbox("submit", *MAIL)
    done = outbox("cancel")
    assert done.code == 64
    assert "--all" in done.err
    assert outbox("cancel", "0" * 32, "--account", "work").code == 64
    assert _stages(outbox) == ["waiting"]
