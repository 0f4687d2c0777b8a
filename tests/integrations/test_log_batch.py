"""Records as one mail: bounded, counted, and fit for a header."""

from __future__ import annotations

from envoi import Email
from envoi.integrations.log_batch import Batch


def filled(capacity: int, *texts: str) -> Batch:
    batch = Batch(capacity)
    for text in texts:
        batch.add("ERROR", text, f"ERROR {text}")
    return batch


def test_counts_what_it_has_no_room_for() -> None:
    batch = filled(2, "one", "two", "three", "four")
    assert batch.is_full
    assert len(batch) == 4
    assert "ERROR two" in batch.text()
    assert "three" not in batch.text()
    assert "2 more were left out: there is room for 2." in batch.text()


def test_the_subject_says_how_many_of_what() -> None:
    batch = filled(5, "disk full", "disk full")
    batch.add("CRITICAL", "going down", "going down")
    assert batch.subject("Log on host") == "Log on host: 2 × ERROR, 1 × CRITICAL: disk full"


def test_no_record_can_add_a_header() -> None:
    subject = filled(1, "bad\r\nBcc: everybody@example.org\x00\x1b[31m").subject("Log")
    assert Email(sender="a@example.com", to=["b@example.org"], subject=subject, text=".").subject == subject
    assert "\n" not in subject


def test_a_long_record_keeps_both_ends() -> None:
    text = filled(1, "begin" + "x" * 100_000 + "end").text()
    assert len(text) < 20_000
    assert "begin" in text
    assert text.rstrip().endswith("end")


def test_a_batch_that_could_not_leave_goes_before_the_next() -> None:
    batch = filled(3, "one", "two").followed_by(filled(3, "three", "four"))
    assert len(batch) == 4
    assert "three" in batch.text()
    assert "1 more were left out" in batch.text()


def test_an_empty_one_is_false() -> None:
    assert not Batch(3)
