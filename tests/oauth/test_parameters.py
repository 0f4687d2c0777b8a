from __future__ import annotations

import pytest

from envoi.errors import ConfigError
from envoi.oauth.parameters import ClientAuthentication, Grant
from tests.oauth.stage import parameters


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": ""}, "client_id is missing"),
        ({"response_type": "token"}, "not safe"),
        ({"token_url": "", "issuer": ""}, "no issuer to look it up at"),
        ({"token_url": "http://login.example.org/token"}, "https://"),
        ({"token_url": "https:///token"}, "https://"),
        ({"token_url": "https://[::1"}, "not an address"),
        ({"token_url": "https://user@login.example.org/"}, "https://"),
        ({"token_url": "https://login.example.org/\n"}, "https://|blank"),
        ({"token_url": "https://login.example.org/a b"}, "blank"),
        ({"authorization_url": "javascript:alert(1)"}, "https://"),
        ({"authorization_url": ""}, "needs authorization_url"),
        ({"grant": Grant.DEVICE_CODE, "device_authorization_url": ""}, "needs device_authorization_url"),
        ({"grant": Grant.SERVICE_ACCOUNT}, "needs private_key"),
        ({"client_authentication": ClientAuthentication.PRIVATE_KEY}, "needs private_key"),
        ({"client_authentication": ClientAuthentication.BASIC}, "needs client_secret"),
        ({"additional_parameters": {"state": "mine", "scope": "all"}}, "may not have scope, state"),
        ({"redirection_url": "http://example.org/"}, "this machine"),
        ({"redirection_url": "https://localhost/"}, "this machine"),
    ],
)
def test_refuses_what_is_missing_or_unsafe(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parameters(**changes)


def test_the_proof_of_the_client_follows_from_what_it_has() -> None:
    assert parameters().authentication is ClientAuthentication.NONE
    assert parameters(client_secret="s").authentication is ClientAuthentication.POST
    assert parameters(private_key="k").authentication is ClientAuthentication.PRIVATE_KEY
    account = parameters(private_key="k", grant=Grant.SERVICE_ACCOUNT)
    assert account.authentication is ClientAuthentication.NONE


def test_secrets_have_no_repr() -> None:
    shown = repr(parameters(client_secret="s3cr3t", private_key="k3y"))
    assert "s3cr3t" not in shown
    assert "k3y" not in shown
