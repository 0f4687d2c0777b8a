from __future__ import annotations

import pytest

from envoi.errors import ConfigError, TokenUnavailable
from envoi.oauth.consent import Consent, obtain
from envoi.oauth.parameters import Grant
from envoi.session.run import run_sync
from tests.oauth.stage import parameters, token_answer, world


def test_opens_the_browser_where_nothing_else_is_said() -> None:
    opened: list[str] = []
    with pytest.raises(TokenUnavailable):
        run_sync(obtain(world(), parameters(), Consent(), open_browser=opened.append))
    assert opened[0].startswith("https://login.example.org/authorize?")


def test_the_device_flow_needs_a_way_to_show_its_code() -> None:
    with pytest.raises(ConfigError, match="show_code"):
        run_sync(obtain(world(), parameters(grant=Grant.DEVICE_CODE), Consent(), open_browser=print))


def test_a_program_asks_nobody() -> None:
    given = parameters(grant=Grant.CLIENT_CREDENTIALS, client_secret="s")
    assert run_sync(obtain(world(token_answer()), given, Consent(), open_browser=print)).access_token
