from __future__ import annotations

import pytest

from envoi.smtp.capabilities import Capabilities
from envoi.testing.answers import Answer
from envoi.testing.envelope import Path, read_recipient, read_sender
from envoi.testing.settings import ServerSettings

EVERYTHING = ServerSettings.of(accounts={"u": "p"}).offered(encrypted=True)


def sender(argument: str, offered: Capabilities = EVERYTHING) -> Path | Answer:
    return read_sender(argument, offered, 1000)


def recipient(argument: str, *, utf8: bool = False) -> Path | Answer:
    return read_recipient(argument, EVERYTHING, utf8=utf8)


@pytest.mark.parametrize(
    "parameter",
    [
        "SIZE=1000",
        "BODY=8BITMIME",
        "BODY=binarymime",
        "SMTPUTF8",
        "REQUIRETLS",
        "AUTH=<>",
        "AUTH=e+3Dmc2@example.com",
        "RET=HDRS",
        "ENVID=QQ314159",
        "MT-PRIORITY=-9",
        "MT-PRIORITY=0",
        "HOLDFOR=86400",
        "HOLDUNTIL=2026-12-01T10:00:00Z",
        "BY=120;RT",
        "BY=-5;N",
    ],
)
def test_takes_every_parameter_of_mail(parameter: str) -> None:
    name, _, value = parameter.partition("=")
    assert sender(f"FROM:<a@example.com> {parameter}") == Path(
        address="a@example.com", parameters={name: value}
    )


@pytest.mark.parametrize(
    "parameter", ["NOTIFY=NEVER", "NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;b+2B@x", "ORCPT=utf-8;é@x"]
)
def test_takes_every_parameter_of_rcpt(parameter: str) -> None:
    assert isinstance(recipient(f"TO:<b@example.org> {parameter}"), Path)


@pytest.mark.parametrize(
    "parameter",
    [
        "SIZE=ten",
        "SIZE",
        "BODY=9BIT",
        "SMTPUTF8=yes",
        "RET=ALL",
        "ENVID=a b=",
        "MT-PRIORITY=10",
        "HOLDFOR=0",
        "BY=1;X",
    ],
)
def test_refuses_a_value_that_makes_no_sense(parameter: str) -> None:
    answer = sender(f"FROM:<a@example.com> {parameter}")
    assert isinstance(answer, Answer)
    assert answer.code in (501, 555)


@pytest.mark.parametrize("argument", ["FROM:<a@example.com> X-NEW=1", "FROM:<a@example.com> NOTIFY=NEVER"])
def test_refuses_an_unknown_parameter(argument: str) -> None:
    answer = sender(argument)
    assert isinstance(answer, Answer)
    assert answer.code == 555


@pytest.mark.parametrize("parameter", ["SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "RET=FULL", "BY=1;R"])
def test_knows_no_parameter_of_what_was_not_offered(parameter: str) -> None:
    answer = sender(f"FROM:<a@example.com> {parameter}", Capabilities())
    assert isinstance(answer, Answer)
    assert answer.code == 555


def test_knows_binary_bodies_only_where_offered() -> None:
    answer = sender("FROM:<a@example.com> BODY=BINARYMIME", Capabilities(keywords={"8BITMIME": ()}))
    assert isinstance(answer, Answer)
    assert answer.code == 555


def test_refuses_a_size_beyond_the_limit() -> None:
    answer = sender("FROM:<a@example.com> SIZE=1001")
    assert isinstance(answer, Answer)
    assert (answer.code, answer.enhanced) == (552, "5.3.4")


@pytest.mark.parametrize(
    "argument", ["", "a@example.com", "FROM a@example.com", "TO:<a@example.com>", "FROM:<nobody>"]
)
def test_refuses_what_is_no_sender(argument: str) -> None:
    answer = sender(argument)
    assert isinstance(answer, Answer)
    assert answer.code == 501


def test_takes_the_null_sender_and_the_postmaster() -> None:
    assert sender("FROM:<>") == Path(address="", parameters={})
    assert recipient("TO:<Postmaster>") == Path(address="Postmaster", parameters={})


@pytest.mark.parametrize("argument", ["TO:<>", "TO:<somebody>"])
def test_refuses_what_is_no_recipient(argument: str) -> None:
    answer = recipient(argument)
    assert isinstance(answer, Answer)
    assert (answer.code, answer.enhanced) == (501, "5.1.3")


def test_takes_addresses_beyond_ascii_with_smtputf8_alone() -> None:
    refused = recipient("TO:<zoë@example.org>")
    assert isinstance(refused, Answer)
    assert (refused.code, refused.enhanced) == (553, "5.6.7")
    assert isinstance(recipient("TO:<zoë@example.org>", utf8=True), Path)
    assert isinstance(sender("FROM:<zoë@example.org> SMTPUTF8"), Path)
