from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import dns.rcode
import pytest

from envoi.discovery.ports import Service
from envoi.drivers.dns import NameServers, Resolver, asyncio_resolver, blocking_resolver
from envoi.errors import ConfigError, ConnectionFailed, DeadlineExceeded
from envoi.session.run import run_sync
from tests.discovery.places import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOMAIN = "example.org"


@pytest.fixture
def names() -> Iterator[Names]:
    with Names() as running:
        yield running


@pytest.fixture(params=["blocking", "asyncio"])
def ask(request: pytest.FixtureRequest, names: Names) -> Callable[..., object]:
    """Call a method of a resolver in either colour."""

    def run(method: str, name: str = DOMAIN, *, timeout: float = 5.0) -> object:
        blocking = request.param == "blocking"
        resolver = (blocking_resolver if blocking else asyncio_resolver)(names.servers(timeout))
        flow = getattr(resolver, method)(name)
        return run_sync(flow) if blocking else asyncio.run(flow)

    return run


def test_mail_exchangers_come_in_their_order(ask, names) -> None:
    names.records[DOMAIN, "MX"] = ["20 b.example.org.", "10 A.example.org."]
    assert ask("mail_exchangers") == ("a.example.org", "b.example.org")


def test_no_mail_has_an_empty_name(ask, names) -> None:
    names.records[DOMAIN, "MX"] = ["0 ."]
    assert ask("mail_exchangers") == ("",)


def test_services_keep_their_numbers(ask, names) -> None:
    names.records[DOMAIN, "SRV"] = ["1 2 465 mail.example.org."]
    assert ask("services") == (Service(priority=1, weight=2, port=465, target="mail.example.org"),)


def test_texts_come_in_one_piece(ask, names) -> None:
    names.records[DOMAIN, "TXT"] = ['"a=" "b"', '"\\195\\169 \\255"']
    assert sorted(str(text) for text in ask("texts")) == ["a=b", "é \N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("method", ["mail_exchangers", "services", "texts"])
def test_a_name_that_is_not_there_has_no_records(ask, names, method: str) -> None:
    assert ask(method) == ()
    names.records.update({(DOMAIN, kind): [] for kind in ("MX", "SRV", "TXT")})
    assert ask(method) == ()


def test_silence_and_refusal_are_errors(ask, names) -> None:
    names.rcode = dns.rcode.REFUSED
    with pytest.raises(ConnectionFailed, match="gave no answer"):
        ask("texts")
    names.silent = True
    with pytest.raises(DeadlineExceeded, match="in time"):
        ask("texts", timeout=0.1)


def test_a_name_that_cannot_be_asked_is_an_error(ask) -> None:
    with pytest.raises(ConnectionFailed, match="LabelTooLong"):
        ask("texts", "x" * 64)


@pytest.mark.parametrize("make", [blocking_resolver, asyncio_resolver])
def test_the_system_knows_whom_to_ask(make: Callable[..., Resolver], monkeypatch) -> None:
    assert isinstance(make(), Resolver)
    monkeypatch.setattr("dns.resolver.BaseResolver.read_resolv_conf", _nothing_there)
    with pytest.raises(ConnectionFailed, match="NoResolverConfiguration"):
        run_sync(make(NameServers(timeout=0.1)).texts(DOMAIN))


def _nothing_there(*_: object) -> None:
    from dns.resolver import NoResolverConfiguration

    raise NoResolverConfiguration("no name servers")


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns", None)
    with pytest.raises(ConfigError, match=r"envoi\[dns\]"):
        run_sync(blocking_resolver().texts(DOMAIN))
