from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.discovery.places import Names, Web, plug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    with Web() as web, Names() as running:
        plug(monkeypatch, web, running)
        yield running


def test_draws_what_is_known(envoi: Run) -> None:
    done = envoi("discover", "me@gmail.com")
    assert done.code == 0
    assert done.out.startswith("✓ me@gmail.com sends through smtp.gmail.com, port 465\n")
    assert "2-step verification" in done.out
    assert "Step 1" in done.out
    assert (
        "SMTPSession('smtp.gmail.com', 465, security='tls', username='me@gmail.com', password=…)" in done.out
    )


def test_says_what_has_no_password(envoi: Run) -> None:
    done = envoi("discover", "me@hotmail.com")
    assert "SMTPSession('smtp-mail.outlook.com', 587, username='me@hotmail.com', auth=…)" in done.out
    assert "no password is taken" in done.out


def test_shows_doubt_and_whom_it_asked(envoi: Run, names: Names) -> None:
    names.records["example.org", "MX"] = ["1 mx.gandi.net.", "2 spool.mail.gandi.net."]
    done = envoi("discover", "me@example.org")
    assert done.code == 1
    assert done.out.startswith("! ")
    assert "probably sends it" in done.out
    assert "it answers 404" in done.out
    assert "OAuth" not in done.out


def test_shows_a_server_without_login(envoi: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Web() as web, Names() as names:
        plug(monkeypatch, web, names)
        web.put(
            "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
            "<clientConfig><emailProvider><outgoingServer><hostname>relay.example.org</hostname>"
            "<port>587</port><socketType>STARTTLS</socketType><authentication>none</authentication>"
            "</outgoingServer></emailProvider></clientConfig>",
        )
        done = envoi("discover", "me@example.org", terminal=True)
    assert done.code == 0
    assert "SMTPSession('relay.example.org', 587)" in done.out
    assert "no login is wanted" in done.out


def test_says_when_nobody_knows(envoi: Run, names: Names) -> None:
    done = envoi("discover", "me@example.org")
    assert done.code == 78
    assert done.out.startswith("✗ Nobody knows")
    assert "_submission._tcp.example.org" in done.out
    report = envoi("discover", "me@example.org", "--json")
    assert report.code == 78
    assert report.json["found"] is False
    assert report.json["considered"][0]["source"] == "table"


def test_tells_programs(envoi: Run) -> None:
    report = envoi("discover", "Zoë <zoe@web.de>", "--json").json
    assert (report["server"], report["port"], report["username"]) == ("smtp.web.de", 465, "zoe")
    assert (report["verified"], report["authorization"]) == (True, None)


def test_refuses_what_is_no_address(envoi: Run) -> None:
    assert envoi("discover", "nobody").code == 65
