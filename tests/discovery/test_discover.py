from __future__ import annotations

import base64
import hashlib
import json
from typing import NoReturn

import pytest

from envoi.discovery.answer import Source
from envoi.discovery.discover import search
from envoi.errors import ConfigError, ConnectionFailed, InvalidAddress, Phase, UsageError
from envoi.session.run import run_sync

ME = "me@example.org"
FIRST = "https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=me@example.org"
SECOND = "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml"
PACC = "https://ua-auto-config.example.org/.well-known/user-agent-configuration.json"
ISPDB = "https://autoconfig.thunderbird.net/v1.1/example.org"


def autoconfig(host: str = "smtp.example.org", kind: str = "SSL", port: int = 465) -> str:
    return (
        '<clientConfig version="1.1"><emailProvider id="example.org"><outgoingServer type="smtp">'
        f"<hostname>{host}</hostname><port>{port}</port><socketType>{kind}</socketType>"
        "<username>%EMAILLOCALPART%</username><authentication>password-cleartext</authentication>"
        "</outgoingServer></emailProvider></clientConfig>"
    )


class Failing:
    """A network in which every question ends in an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def get(self, url: str) -> NoReturn:
        raise self.error

    async def mail_exchangers(self, domain: str) -> NoReturn:
        raise self.error

    async def services(self, name: str) -> NoReturn:
        raise self.error

    async def texts(self, name: str) -> NoReturn:
        raise self.error


UNPLUGGED = Failing(AssertionError("nobody may be asked"))


def outcomes(discovery) -> dict[str, str]:
    return {each.place: each.outcome for each in discovery.considered}


def test_a_known_domain_needs_no_network() -> None:
    found = run_sync(search("Zoë <zoe@gmail.com>", UNPLUGGED, UNPLUGGED)).answer()
    assert (found.server, found.port, found.security) == ("smtp.gmail.com", 465, "tls")
    assert (found.username, found.source, found.verified) == ("zoe@gmail.com", Source.TABLE, True)
    assert found.authorization is not None
    assert [each.taken for each in found.considered] == [True]
    assert run_sync(search("zoe@web.de", UNPLUGGED, UNPLUGGED)).answer().username == "zoe"


def test_what_was_written_from_memory_is_in_doubt() -> None:
    found = run_sync(search("zoe@mailbox.org", UNPLUGGED, UNPLUGGED)).answer()
    assert not found.verified
    assert "memory" in found.doubt


@pytest.mark.parametrize("url", [FIRST, SECOND])
def test_asks_the_domain_over_https(find, web, url: str) -> None:
    web.put(url, autoconfig())
    found = find(ME).answer()
    assert (found.server, found.port, found.security) == ("smtp.example.org", 465, "tls")
    assert (found.username, found.source, found.place) == ("me", Source.AUTOCONFIG, url)
    assert found.verified
    assert [each.place for each in found.considered][-1] == url


def test_nobody_who_is_asked_learns_more_than_the_question(find, web, names) -> None:
    names.records["_ua-auto-config.example.org", "TXT"] = ['"v=UAAC1; a=sha256; d=eA=="']
    with pytest.raises(ConfigError):
        find(ME).answer()
    assert len(web.asked) >= 3
    assert web.brought.isdisjoint({"authorization", "cookie", "referer", "from"})


def test_follows_redirects_over_https(find, web) -> None:
    web.put(FIRST, status=302, Location="https://hoster.example.net/config.xml")
    web.put("https://hoster.example.net/config.xml", status=301, Location="/other.xml")
    web.put("https://hoster.example.net/other.xml", autoconfig("smtp.example.net"))
    assert find(ME).answer().server == "smtp.example.net"


@pytest.mark.parametrize(
    ("status", "location", "word"),
    [
        (302, "http://autoconfig.example.org/x.xml", "redirects to http"),
        (301, "ftp://example.org/x", "redirects to ftp"),
        (307, "https://me:secret@example.org/x", "user name"),
        (302, "", "nowhere"),
        (302, "https://[::1/", "nowhere"),
        (302, "data:text/xml,x", "nowhere"),
        (308, FIRST, "more than 3 times"),
    ],
)
def test_redirects_are_not_followed_everywhere(find, web, status: int, location: str, word: str) -> None:
    web.put(FIRST, status=status, Location=location)
    assert word in outcomes(find(ME))[FIRST]
    assert "secret" not in repr(find(ME))


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"<html><body>Welcome</body></html>", "no autoconfig document"),
        (b"<html><p>not closed", "well-formed"),
        (b"", "well-formed"),
        (b"\xff\xfe\x00", "well-formed"),
        (b"<?xml version='1.0' encoding='klingon'?><x/>", "well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 99 + b'">]><clientConfig>&b;&b;</clientConfig>', "refused"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><clientConfig/>', "refused"),
        (b"<clientConfig>" + b"<a/>" * 100_000 + b"</clientConfig>", "larger than 256 KiB"),
        (b"<clientConfig>" + b" " * 2_000_000 + b"</clientConfig>", "too much"),
        (b"<clientConfig/>", "names no submission server"),
    ],
)
def test_a_hostile_document_is_rejected(find, web, body: bytes, word: str) -> None:
    web.put(FIRST, body)
    web.put(SECOND, autoconfig())
    found = find(ME).answer()
    assert word in found.considered[1].outcome
    assert found.place == SECOND, "and the search goes on"


def test_a_server_in_clear_is_rejected_by_name(find, web) -> None:
    web.put(FIRST, autoconfig("smtp.example.org", "plain", 25))
    assert outcomes(find(ME))[FIRST] == (
        "smtp.example.org: socketType 'plain' would send the password in clear"
    )


def test_silence_is_bounded_in_time(find, web, names) -> None:
    web.silent.set()
    names.silent = True
    answers = outcomes(find(ME, patience=0.2))
    assert "no answer" in answers[FIRST]
    assert answers["MX of example.org"] == "no name server answered in time"


def test_a_certificate_of_another_is_no_answer(find, web, names, monkeypatch) -> None:
    monkeypatch.setattr("tests.discovery.conftest.default_certificate", Elsewhere)
    assert "certificate verify failed" in outcomes(find(ME))[FIRST]


class Elsewhere:
    ca_file = None


def test_recognises_a_provider_by_its_mail_exchanger(find, names) -> None:
    names.records["example.org", "MX"] = ["10 backup.example.org.", "5 aspmx.l.google.com."]
    found = find(ME).answer()
    assert (found.server, found.username, found.source) == ("smtp.gmail.com", ME, Source.MX)
    assert "aspmx.l.google.com receives its mail" in found.doubt


@pytest.mark.parametrize(
    ("records", "word"),
    [(["0 ."], "nobody who receives"), (["5 mx.example.org."], "mx.example.org belongs to no provider")],
)
def test_other_mail_exchangers_say_nothing(find, names, records: list[str], word: str) -> None:
    names.records["example.org", "MX"] = records
    assert word in outcomes(find(ME))["MX of example.org"]


def test_asks_for_services(find, names) -> None:
    names.records["_submissions._tcp.example.org", "SRV"] = ["0 0 0 ."]
    names.records["_submission._tcp.example.org", "SRV"] = [
        "20 0 587 backup.example.org.",
        "10 1 587 less.example.org.",
        "10 9 587 Mail.example.org.",
    ]
    found = find(ME).answer()
    assert (found.server, found.port, found.security) == ("mail.example.org", 587, "starttls")
    assert found.verified
    assert "does not offer" in outcomes(find(ME))["_submissions._tcp.example.org"]


@pytest.mark.parametrize("host", ["mail.example.net", "notexample.org", "example.org.evil.example"])
def test_a_service_outside_of_the_domain_is_in_doubt(find, names, host: str) -> None:
    names.records["_submissions._tcp.example.org", "SRV"] = [f"0 1 465 {host}."]
    found = find(ME).answer()
    assert not found.verified
    assert "outside of example.org" in found.doubt


def test_a_service_that_contradicts_itself_is_rejected(find, names) -> None:
    names.records["_submissions._tcp.example.org", "SRV"] = ["0 1 587 mail.example.org."]
    assert "port 587 contradicts tls" in outcomes(find(ME))["_submissions._tcp.example.org"]


def test_believes_a_document_with_its_digest_in_the_dns(find, web, names) -> None:
    document = json.dumps({"protocols": {"smtp": {"host": "smtp.example.org"}}}).encode()
    web.put(PACC, document)
    digest = base64.b64encode(hashlib.sha256(document).digest()).decode()
    names.records["_ua-auto-config.example.org", "TXT"] = [
        '"v=UAAC1; a=sha256; d=AAAA"',
        f'"v=UAAC1; a=sha256;" " d={digest}"',
    ]
    found = find(ME).answer()
    assert (found.server, found.port, found.source) == ("smtp.example.org", 465, Source.PACC)
    web.put(PACC, document + b" ")
    assert "digest" in outcomes(find(ME))[PACC]


def test_without_a_digest_the_document_is_not_even_fetched(find, web) -> None:
    assert outcomes(find(ME))[PACC] == "the DNS has no digest of it"
    assert PACC.removeprefix("https://") not in web.asked


def test_asks_thunderbird_only_when_told_to(find, web) -> None:
    web.put(ISPDB, autoconfig())
    assert find(ME).found is None
    assert ISPDB.removeprefix("https://") not in web.asked
    found = find(ME, ispdb=True).answer()
    assert found.source is Source.ISPDB
    assert "the domain itself does not" in found.doubt
    web.put(ISPDB, autoconfig(kind="plain"))
    assert find(ME, ispdb=True).found is None


def test_says_whom_it_asked_when_nobody_knows(find) -> None:
    with pytest.raises(ConfigError, match="by hand") as caught:
        find(ME).answer()
    for place in ("envoi's own table", FIRST, SECOND, "MX of example.org", PACC):
        assert place in str(caught.value)


def test_refuses_what_has_no_domain() -> None:
    with pytest.raises(InvalidAddress):
        run_sync(search("nobody", UNPLUGGED, UNPLUGGED))
    with pytest.raises(UsageError, match="by hand"):
        run_sync(search("me@[192.0.2.1]", UNPLUGGED, UNPLUGGED))


def test_an_international_domain_is_asked_by_its_ascii_name() -> None:
    https = Failing(ConnectionFailed("nobody there", phase=Phase.CONNECT))
    dns = Failing(ConfigError("not installed"))
    asked = run_sync(search("me@bücher.example", https, dns)).considered
    assert asked[1].place.startswith("https://autoconfig.xn--bcher-kva.example/")
    assert {each.outcome for each in asked[1:]} == {"nobody there", "not installed"}
