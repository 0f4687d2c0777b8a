"""The OpenID provider starts, describes itself, and keeps a log of what its token endpoint was asked."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.oidc_provider import OIDCProvider

pytestmark = pytest.mark.programs("node")


def test_describes_itself(oidc_provider: OIDCProvider) -> None:
    with urllib.request.urlopen(f"{oidc_provider.issuer}/.well-known/openid-configuration") as answer:
        content = json.load(answer)
    assert content["issuer"] == oidc_provider.issuer
    assert content["token_endpoint"] == f"{oidc_provider.issuer}/token"


def test_fails_on_demand_and_keeps_a_log(oidc_provider: OIDCProvider) -> None:
    oidc_provider.token_requests()
    oidc_provider.fail_with({"status": 503, "headers": {"retry-after": "7"}})
    form = {
        "grant_type": "client_credentials",
        "client_id": "daemon",
        "client_secret": oidc_provider.client_secret,
    }
    request = urllib.request.Request(
        f"{oidc_provider.issuer}/token", data=urllib.parse.urlencode(form).encode()
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    caught.value.close()
    assert (caught.value.code, caught.value.headers["Retry-After"]) == (503, "7")
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["token_type"] == "Bearer"
    assert oidc_provider.token_requests() == [{"fault": 503}, {"grant": "client_credentials", "status": 200}]
