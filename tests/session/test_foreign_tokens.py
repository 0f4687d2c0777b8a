from __future__ import annotations

import asyncio
import http.server
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import google.auth.credentials
import google.oauth2.credentials
import msal
import pytest
from authlib.integrations import httpx_client

from envoi import TokenUnavailable
from envoi.session.foreign_tokens import azure_token, google_token, msal_token
from envoi.session.run import run_sync
from envoi.session.tokens import token_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import AccessToken

# Authlib has no types.
OAuth2Client: Any = httpx_client.OAuth2Client
AsyncOAuth2Client: Any = httpx_client.AsyncOAuth2Client
SECRET = "ya29.secret"


def taken(auth: Any, *, renew: bool = False) -> str:
    return run_sync(token_source(auth).token(renew=renew))


async def taken_async(auth: Any, *, renew: bool = False) -> str:
    return await token_source(auth).token(renew=renew)


@contextmanager
def token_endpoint() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A token endpoint that numbers its tokens, and what it was asked."""
    asked: list[dict[str, list[str]]] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            body = {"access_token": f"fresh-{len(asked)}", "token_type": "Bearer", "expires_in": 3600}
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/token", asked
        finally:
            server.shutdown()
            thread.join()


class NumberedCredentials(google.auth.credentials.Credentials):
    """google-auth's own class, with a refresh that asks nobody."""

    refreshed = 0

    def refresh(self, request: Any) -> None:
        self.refreshed += 1
        self.token = f"ya29.{self.refreshed}"
        self.expiry = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None)


def test_google_credentials_are_refreshed_when_they_are_not_valid() -> None:
    credentials = NumberedCredentials()
    assert [taken(credentials), taken(credentials)] == ["ya29.1", "ya29.1"]
    credentials.expiry = (datetime.now(UTC) - timedelta(days=1)).replace(tzinfo=None)
    assert taken(credentials) == "ya29.2"


def test_google_credentials_are_refreshed_when_the_server_refused() -> None:
    credentials = NumberedCredentials()
    assert [taken(credentials), taken(credentials, renew=True)] == ["ya29.1", "ya29.2"]


def test_google_credentials_of_a_person_are_refreshed_over_http() -> None:
    with token_endpoint() as (url, asked):
        credentials = google.oauth2.credentials.Credentials(
            None, refresh_token="1//r", token_uri=url, client_id="c", client_secret="s"
        )
        assert taken(google_token(credentials)) == "fresh-1"
    assert asked[0]["grant_type"] == ["refresh_token"]


class Tenant:
    """The HTTP client of msal: a tenant that gives one application its tokens."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, url: str, **_: Any) -> Any:
        base = "https://login.microsoftonline.com/t"
        body = {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/a",
            "issuer": base,
        }
        return SimpleNamespace(status_code=200, text=json.dumps(body), headers={})

    def post(self, url: str, data: dict[str, Any] | None = None, **_: Any) -> Any:
        self.asked.append(str((data or {})["scope"]))
        body = self.answer or {"access_token": f"eyJ.{len(self.asked)}", "expires_in": 3600}
        code = 400 if "error" in body else 200
        return SimpleNamespace(status_code=code, text=json.dumps(body), headers={})

    def close(self) -> None:
        pass


def daemon(tenant: Tenant) -> Any:
    return msal.ConfidentialClientApplication(
        "client",
        client_credential="secret",
        authority="https://login.microsoftonline.com/t",
        http_client=tenant,
        instance_discovery=False,
    )


def test_an_msal_application_is_asked_for_itself() -> None:
    tenant = Tenant()
    app = daemon(tenant)
    assert [taken(app), taken(app)] == ["eyJ.1", "eyJ.1"]
    assert taken(app, renew=True) == "eyJ.2"
    assert tenant.asked == ["https://outlook.office365.com/.default"] * 2


def test_msal_says_what_it_was_told() -> None:
    told = "AADSTS7000222: The provided client secret keys are expired.\r\nTrace ID: 1"
    app = daemon(Tenant({"error": "invalid_client", "error_description": told}))
    with pytest.raises(TokenUnavailable, match=r"invalid_client AADSTS7000222: .* expired") as caught:
        taken(app)
    assert "Trace" not in str(caught.value)


def test_an_msal_person_must_have_signed_in() -> None:
    app = msal.PublicClientApplication(
        "client",
        authority="https://login.microsoftonline.com/t",
        http_client=Tenant(),
        instance_discovery=False,
    )
    with pytest.raises(TokenUnavailable, match="Sign in with the application first"):
        taken(app)


def test_an_msal_person_is_asked_for_by_name_and_refreshed_by_force() -> None:
    calls: list[tuple[Any, ...]] = []

    class App:
        def get_accounts(self, username: str | None) -> list[str]:
            return [f"account of {username}"]

        def acquire_token_for_client(self, scopes: list[str]) -> None:
            raise AssertionError

        def acquire_token_silent(self, scopes: list[str], account: str, force_refresh: bool) -> Any:
            calls.append((scopes, account, force_refresh))
            return {"access_token": SECRET}

    assert taken(msal_token(App(), ["scope"], username="zoe@example.org"), renew=True) == SECRET
    assert calls == [(["scope"], "account of zoe@example.org", True)]


class Credential:
    """As azure-identity makes them."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        self.scopes += scopes
        return AccessToken(SECRET, 4_000_000_000)


class AsyncCredential(Credential):
    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # type: ignore[override]
        return super().get_token(*scopes, **options)


def test_azure_credentials_are_asked_for_exchange_unless_told_otherwise() -> None:
    credential = Credential()
    assert taken(credential) == SECRET
    assert taken(azure_token(credential, "other")) == SECRET
    assert credential.scopes == ["https://outlook.office365.com/.default", "other"]


def test_asynchronous_azure_credentials_are_awaited() -> None:
    assert asyncio.run(taken_async(AsyncCredential())) == SECRET


def test_a_real_azure_credential_that_cannot_tells_no_secret() -> None:
    from azure.identity import ClientSecretCredential

    class Unreachable:
        def send(self, request: Any, **_: Any) -> Any:
            raise OSError(SECRET)

        def open(self) -> None:
            pass

        def close(self) -> None:
            pass

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    credential = ClientSecretCredential("tenant", "client", SECRET, transport=Unreachable(), retry_total=0)
    with pytest.raises(TokenUnavailable, match="the azure-identity credential raised") as caught:
        taken(credential)
    assert SECRET not in f"{caught.value} {caught.value!r}"


EXPIRED = {"access_token": "old", "refresh_token": "r", "expires_at": 1, "token_type": "Bearer"}
GOOD = {**EXPIRED, "access_token": "good", "expires_at": 4_000_000_000}


def test_an_authlib_session_renews_what_has_expired_or_was_refused() -> None:
    with (
        token_endpoint() as (url, asked),
        OAuth2Client("id", token=dict(EXPIRED), token_endpoint=url) as session,
    ):
        assert [taken(session), taken(session), taken(session, renew=True)] == [
            "fresh-1",
            "fresh-1",
            "fresh-2",
        ]
    assert [form["grant_type"] for form in asked] == [["refresh_token"]] * 2


def test_an_asynchronous_authlib_session_is_awaited() -> None:
    async def go(url: str) -> list[str]:
        async with AsyncOAuth2Client("id", token=dict(GOOD), token_endpoint=url) as session:
            return [await taken_async(session), await taken_async(session, renew=True)]

    with token_endpoint() as (url, _):
        assert asyncio.run(go(url)) == ["good", "fresh-1"]


def test_an_authlib_session_without_a_token_says_so() -> None:
    with OAuth2Client("id") as session, pytest.raises(TokenUnavailable, match="fetch_token"):
        taken(session)


def test_an_authlib_session_that_cannot_renew_says_so() -> None:
    class Session:
        def __init__(self) -> None:
            self.token = dict(EXPIRED)

        def ensure_active_token(self, token: Any) -> None:
            return None

    with pytest.raises(TokenUnavailable, match="nothing to renew it with"):
        taken(Session())
