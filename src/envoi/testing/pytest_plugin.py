"""The pytest plugin: ``smtp_server``, an `envoi.testing.SMTPServer` per test.

Found by pytest by itself once envoi is installed. A test gets a server with STARTTLS and one account; a
marker gives it another:

    def test_sends_the_report(smtp_server):
        with SMTPSession(**smtp_server.session_options()) as session:
            send_report(session)
        assert smtp_server.messages[0].email["Subject"] == "Report"

    @pytest.mark.smtp_server(security="tls", faults=[faults.reply("RCPT", "550 5.1.1 no such user")])
    def test_reports_unknown_users(smtp_server): ...

Nothing is imported before a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.testing.server import SMTPServer
    from envoi.testing.settings import ServerOptions

__all__ = ["pytest_configure", "smtp_server"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "smtp_server(**options): the arguments of the envoi.testing.SMTPServer that the test gets"
    )


@pytest.fixture
def smtp_server(request: pytest.FixtureRequest) -> Iterator[SMTPServer]:
    """Give a running `envoi.testing.SMTPServer`: STARTTLS and the account ``user`` with ``password``.

    ``@pytest.mark.smtp_server(…)`` takes other arguments for it. Works for asyncio tests as well: the server
    lives in a thread. The certificate is made once per run.
    """
    from envoi.testing.server import SMTPServer

    marker = request.node.get_closest_marker("smtp_server")
    options: ServerOptions = {"accounts": {"user": "password"}}
    if marker is not None:
        options = cast("ServerOptions", marker.kwargs)
    with SMTPServer(**options) as server:
        yield server
