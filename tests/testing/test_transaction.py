from __future__ import annotations

import pytest

from envoi.testing.answers import NO_RECIPIENTS, TOO_LARGE
from envoi.testing.envelope import Path
from envoi.testing.transaction import Transaction


def transaction(data: bytes, **parameters: str) -> Transaction:
    made = Transaction(sender=Path(address="a@example.com", parameters=parameters), limit=100)
    made.recipients["b@example.org"] = Path(address="b@example.org", parameters={})
    made.take(data)
    return made


def test_wants_a_recipient() -> None:
    made = transaction(b"")
    assert made.obstacle() is None
    made.recipients.clear()
    assert made.obstacle() == NO_RECIPIENTS


def test_counts_what_it_does_not_keep() -> None:
    made = transaction(b"x" * 100)
    assert made.obstacle() is None
    made.take(b"y")
    assert (made.size, len(made.data)) == (101, 100)
    assert made.obstacle() == TOO_LARGE


@pytest.mark.parametrize("data", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n"])
def test_refuses_bare_line_ends(data: bytes) -> None:
    defect = transaction(data).defect(allow_bare_line_ends=False)
    assert defect is not None
    assert (defect.code, defect.enhanced) == (550, "5.6.11")
    assert transaction(data).defect(allow_bare_line_ends=True) is None
    assert transaction(data, BODY="BINARYMIME").defect(allow_bare_line_ends=False) is None


def test_refuses_octets_that_were_not_announced() -> None:
    body = "Subject: x\r\n\r\né\r\n".encode()
    assert transaction(body, BODY="8BITMIME").defect(allow_bare_line_ends=False) is None
    defect = transaction(body).defect(allow_bare_line_ends=False)
    assert defect is not None
    assert defect.enhanced == "5.6.1"


def test_refuses_headers_that_were_not_announced() -> None:
    message = "Subject: é\r\n\r\nx\r\n".encode()
    assert transaction(message, BODY="8BITMIME", SMTPUTF8="").defect(allow_bare_line_ends=False) is None
    defect = transaction(message, BODY="8BITMIME").defect(allow_bare_line_ends=False)
    assert defect is not None
    assert defect.enhanced == "5.6.7"
