"""`EmailCheckAddress`: by form, by the strict form, by the domain's server."""

from __future__ import annotations

import pytest

from envoi.errors import ConnectionFailed
from envoi.testing import SMTPServer
from envoi.testing.faults import reply
from envoi.wlanguage import (
    EmailCheckAddress,
    EmailVérifieAdresse,
    ErrorInfo,
    emailAddressError,
    emailAddressIncorrectSyntax,
    emailAddressRefused,
    emailAddressValid,
    emailAdresseValide,
    emailValidateByServer,
    emailValidateStrictSyntax,
    emailValideSyntaxe,
)


class Zone:
    """A name server that knows who receives a domain's mail."""

    def __init__(self, *servers: str) -> None:
        self.servers = servers

    async def mail_exchangers(self, domain: str) -> tuple[str, ...]:
        assert domain == "example.org"
        return self.servers

    async def services(self, name: str) -> tuple[()]:
        raise AssertionError

    async def texts(self, name: str) -> tuple[()]:
        raise AssertionError


@pytest.mark.parametrize(
    "address", ["a@example.org", "Zoë <zoe@example.org>", '"odd local"@example.org', "zoë@bücher.example"]
)
def test_what_mail_can_carry_is_valid(address: str) -> None:
    assert EmailVérifieAdresse(address, emailValideSyntaxe) == emailAdresseValide


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a@example.org\r\nRCPT"])
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    assert EmailCheckAddress(address) == emailAddressIncorrectSyntax
    assert ErrorInfo()


@pytest.mark.parametrize(
    ("address", "valid"),
    [
        ("first.last+tag@mail.example.org", True),
        ("zoe@bücher.example", True),
        ("root@localhost", False),
        ('"odd local"@example.org', False),
        ("zoë@example.org", False),
    ],
)
def test_the_strict_form_is_the_usual_one(address: str, *, valid: bool) -> None:
    verdict = EmailCheckAddress(address, emailValidateStrictSyntax)
    assert verdict == (emailAddressValid if valid else emailAddressIncorrectSyntax)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (None, emailAddressValid),
        ("550 5.1.1 no such user", emailAddressRefused),
        ("450 4.2.1 later", emailAddressError),
    ],
)
def test_the_domains_server_is_asked(answer: str | None, verdict: int) -> None:
    faults = [reply("RCPT", answer)] if answer else []
    with SMTPServer(security="plaintext", faults=faults) as server:
        zone = Zone("127.0.0.1")
        assert (
            EmailCheckAddress("zoe@example.org", emailValidateByServer, dns=zone, port=server.port) == verdict
        )
        assert server.messages == []
    assert bool(ErrorInfo()) is bool(answer)


def test_the_next_server_is_asked_when_one_is_away() -> None:
    with SMTPServer(security="plaintext") as server:
        zone = Zone("/nowhere/socket", "127.0.0.1")
        assert (
            EmailCheckAddress("zoe@example.org", emailValidateByServer, dns=zone, port=server.port)
            == emailAddressValid
        )


def test_nobody_to_ask_is_an_error() -> None:
    zone = Zone("127.0.0.1")
    assert EmailCheckAddress("zoe@example.org", emailValidateByServer, dns=zone, port=1) == emailAddressError
    assert isinstance(ErrorInfo().exception, ConnectionFailed)
