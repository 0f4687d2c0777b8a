"""Where settings send mail, and what they are not allowed to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from envoi import ConfigError
from envoi.client.session import conversation_of
from envoi.integrations.django.sessions import make_session, project_session
from envoi.session.settings import Security

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.session.settings import Settings

BACKEND = "envoi.integrations.django.EmailBackend"
# Django 6.1 warns of each EMAIL_… setting: they are for those who have not moved to MAILERS yet.
deprecated = pytest.mark.filterwarnings("ignore:The EMAIL_")


def settings_of(**options: Any) -> Settings:
    return conversation_of(make_session(options))._settings


def test_starttls_is_required_unless_somebody_says_otherwise() -> None:
    found = settings_of(host="mail.example.com")
    assert (found.security, found.endpoint.port) == (Security.STARTTLS, 587)


@pytest.mark.parametrize(
    ("said", "security", "port"),
    [
        ({"use_tls": True}, Security.STARTTLS, 587),
        ({"use_ssl": True}, Security.TLS, 465),
        ({"use_tls": False}, Security.PLAINTEXT, 25),
        ({"use_tls": False, "use_ssl": True, "port": 4650}, Security.TLS, 4650),
        ({"security": "tls"}, Security.TLS, 465),
    ],
)
def test_understands_the_words_of_django(said: dict[str, Any], security: Security, port: int) -> None:
    found = settings_of(host="mail.example.com", **said)
    assert (found.security, found.endpoint.port) == (security, port)


def test_a_client_certificate_is_presented() -> None:
    found = settings_of(host="mail.example.com", ssl_certfile="our.pem", ssl_keyfile="our.key")
    assert (found.tls.client_certificate, found.tls.client_key) == ("our.pem", "our.key")


def test_refuses_contradictions() -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        settings_of(host="mail.example.com", use_tls=True, use_ssl=True)
    with pytest.raises(ConfigError, match="url and host say where mail goes"):
        settings_of(url="smtps://mail.example.com", host="mail.example.com")


def test_takes_an_url_and_the_arguments_of_a_session() -> None:
    found = settings_of(url="smtps://app@mail.example.com", password="secret", deadline=30.0)
    assert (found.endpoint.host, found.username, found.deadline) == ("mail.example.com", "app", 30.0)


def test_takes_an_account_of_the_configuration_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[accounts.work]\nserver = "mail.example.com"\nsecurity = "tls"\n')
    file.chmod(0o600)
    monkeypatch.setenv("ENVOI_CONFIG", str(file))
    assert settings_of(account="work").endpoint.host == "mail.example.com"
    assert conversation_of(project_session("work"))._settings.security is Security.TLS


@deprecated
def test_takes_the_settings_of_django() -> None:
    with override_settings(
        EMAIL_HOST="mail.example.com",
        EMAIL_PORT=587,
        EMAIL_USE_TLS=True,
        EMAIL_HOST_USER="app",
        EMAIL_HOST_PASSWORD="secret",
        EMAIL_TIMEOUT=7,
    ):
        found = settings_of()
        assert (found.endpoint.host, found.username, found.password) == ("mail.example.com", "app", "secret")
        assert found.security is Security.STARTTLS
        assert found.timeouts.connect == 7
        assert settings_of(username="other", password="too").username == "other"


@deprecated
def test_the_defaults_of_django_are_a_local_server_in_clear() -> None:
    found = settings_of()
    assert (found.endpoint.host, found.endpoint.port) == ("localhost", 25)
    assert found.security is Security.PLAINTEXT
    assert not found.wants_login


def test_the_setting_of_envoi_goes_before_those_of_django() -> None:
    with override_settings(ENVOI={"URL": "smtp://mail.example.com", "OPTIONS": {"deadline": 9.0}}):
        found = settings_of(timeout=3)
    assert (found.endpoint.host, found.deadline, found.timeouts.connect) == ("mail.example.com", 9.0, 3)


def test_a_worker_sends_as_the_mailer_of_that_name() -> None:
    mailers = {
        "default": {"BACKEND": "envoi.integrations.django.OutboxEmailBackend", "OPTIONS": {}},
        "relay": {"BACKEND": BACKEND, "OPTIONS": {"host": "relay.example.com", "fail_silently": True}},
    }
    with override_settings(MAILERS=mailers, ENVOI={"URL": "smtps://mail.example.com"}):
        assert conversation_of(project_session("relay"))._settings.endpoint.host == "relay.example.com"
        assert conversation_of(project_session("default"))._settings.endpoint.host == "mail.example.com"
