from __future__ import annotations

import pytest

from envoi import ConfigError
from envoi.testing.settings import EXTENSIONS, ServerSettings


def keywords(settings: ServerSettings, *, encrypted: bool) -> set[str]:
    return set(settings.offered(encrypted=encrypted).keywords)


EVERY_KEYWORD = {extension.split()[0] for extension in EXTENSIONS}


def test_offers_everything_that_makes_sense() -> None:
    settings = ServerSettings.of(accounts={"u": "p"})
    assert keywords(settings, encrypted=False) == EVERY_KEYWORD - {"REQUIRETLS", "AUTH"}
    assert keywords(settings, encrypted=True) == EVERY_KEYWORD - {"STARTTLS"}


def test_offers_no_login_without_anybody_to_log_in() -> None:
    assert keywords(ServerSettings.of(), encrypted=True) == EVERY_KEYWORD - {"STARTTLS", "AUTH"}


def test_offers_no_starttls_without_it() -> None:
    assert "STARTTLS" not in keywords(ServerSettings.of(security="plaintext"), encrypted=False)


def test_offers_login_in_clear_when_told_to_and_never_bound_to_a_channel() -> None:
    settings = ServerSettings.of(security="plaintext", accounts={"u": "p"}, allow_plaintext_auth=True)
    mechanisms = settings.offered(encrypted=False).mechanisms
    assert "PLAIN" in mechanisms
    assert not [name for name in mechanisms if name.endswith("-PLUS")]


def test_offers_what_was_asked_for() -> None:
    settings = ServerSettings.of(extensions={"size 77", "Dsn", "LIMITS RCPTMAX=2 MAILMAX=3"})
    offered = settings.offered(encrypted=True)
    assert set(offered.keywords) == {"SIZE", "DSN", "LIMITS"}
    assert (offered.size, offered.limit("RCPTMAX"), offered.limit("MAILMAX")) == (77, 2, 3)


def test_announces_its_limit() -> None:
    assert ServerSettings.of(max_size=1234).offered(encrypted=True).size == 1234


def test_chooses_the_mechanisms_that_go_with_what_it_knows() -> None:
    assert "XOAUTH2" not in ServerSettings.of(accounts={"u": "p"}).mechanisms
    assert ServerSettings.of(tokens={"t": "u"}).mechanisms == ("OAUTHBEARER", "XOAUTH2")
    assert ServerSettings.of(mechanisms=["plain"]).mechanisms == ("PLAIN",)


def test_wants_a_login_when_there_is_anybody() -> None:
    assert ServerSettings.of(tokens={"t": "u"}).require_auth
    assert not ServerSettings.of().require_auth
    assert not ServerSettings.of(accounts={"u": "p"}, require_auth=False).require_auth


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"security": "maybe"}, "security"),
        ({"protocol": "uucp"}, "protocol"),
        ({"mechanisms": ["NTLM"]}, "no mechanism NTLM"),
        ({"extensions": "SIZE"}, "a set of EHLO keywords"),
    ],
)
def test_refuses_what_makes_no_sense(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ServerSettings.of(**options)  # type: ignore[arg-type]


def test_shows_no_secret() -> None:
    assert "pencil" not in repr(ServerSettings.of(accounts={"u": "pencil"}, tokens={"pencil": "u"}))
