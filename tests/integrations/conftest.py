"""An outbox and a mail for the frameworks that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envoi import Email, Outbox, SMTPSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envoi.testing import SMTPServer


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.fixture
def session(smtp_server: SMTPServer) -> Callable[[str], SMTPSession]:
    """What a worker sends with, whatever the account."""
    options: dict[str, Any] = dict(smtp_server.session_options())
    return lambda _: SMTPSession(**options)


@pytest.fixture
def mail() -> Email:
    return Email(sender="shop@example.com", to=["buyer@example.org"], subject="Order 42", text="Thank you.")
