from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from envoi.errors import TokenUnavailable
from envoi.oauth.sign_in import sign_in, sign_in_by_paste
from envoi.oauth.visit import Request
from envoi.session.run import run_sync
from tests.oauth.stage import StillWorld, WrittenListener, answered, parameters, token_answer, world

if TYPE_CHECKING:
    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.token import Token

STATE = "secret-1-".ljust(43, "x")
VERIFIER = "secret-2-".ljust(43, "x")
ISSUER = "https://login.example.org"


def visit(host: str = "127.0.0.1:4711", path: str = "/", **fields: str) -> Request:
    return Request(method="GET", path=path, host=host, fields={"state": STATE, "iss": ISSUER, **fields})


def signed_in(
    staged: StillWorld, *visits: Request | None, given: OAuth2Parameters | None = None, opened: Any = None
) -> Token:
    staged.listener = WrittenListener(list(visits))
    try:
        return run_sync(
            sign_in(staged, given or parameters(), open_url=opened or (lambda _: None), timeout=300)
        )
    finally:
        assert staged.listener.closed


def test_the_code_is_exchanged_with_its_verifier() -> None:
    staged, opened = world(token_answer()), list[str]()
    assert signed_in(staged, None, visit(code="c0d3"), opened=opened.append).access_token == "access-1"
    assert b"Welcome back" in staged.listener.pages[0]
    _, form, _ = staged.http.asked[0]
    assert form == {
        "grant_type": "authorization_code",
        "code": "c0d3",
        "redirect_uri": "http://127.0.0.1:4711/",
        "code_verifier": VERIFIER,
        "client_id": "client",
    }
    query = parse_qs(urlsplit(opened[0]).query)
    assert query["tenant"] == ["t"]
    assert query["state"] == [STATE]
    assert query["scope"] == ["mail offline_access"]
    assert VERIFIER not in opened[0]


@pytest.mark.parametrize(
    ("redirection_url", "host", "port", "sent"),
    [
        ("http://localhost", "localhost", 80, "http://localhost:4711"),
        ("http://[::1]:0/back", "::1", 0, "http://[::1]:4711/back"),
        ("http://127.0.0.1:9000/", "127.0.0.1", 9000, "http://127.0.0.1:4711/"),
    ],
)
def test_listens_where_it_was_told(redirection_url: str, host: str, port: int, sent: str) -> None:
    staged = world(token_answer())
    heard: list[tuple[str, int]] = []
    staged.on_listen = lambda *where: heard.append(where)
    given = parameters(redirection_url=redirection_url)
    signed_in(staged, visit(path=urlsplit(sent).path or "/", code="c"), given=given)
    assert heard == [(host, port)]
    assert staged.http.asked[0][1]["redirect_uri"] == sent


@pytest.mark.parametrize(
    ("foreign", "page"),
    [
        (visit(host="evil.example", code="c"), b"Nothing here"),
        (visit(host="127.0.0.1:80", code="c"), b"Nothing here"),
        (visit(path="/favicon.ico"), b"Nothing here"),
        (visit(state="guessed", code="c"), b"Not the sign-in"),
        (visit(state="", error="access_denied"), b"Not the sign-in"),
        (visit(state="é☃", code="c"), b"Not the sign-in"),
    ],
)
def test_a_foreign_page_is_sent_away_and_the_wait_goes_on(foreign: Request, page: bytes) -> None:
    staged = world(token_answer())
    signed_in(staged, foreign, visit(host="LOCALHOST:4711", code="right"))
    assert page in staged.listener.pages[0]
    assert staged.http.asked[0][1]["code"] == "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (visit(code="c", iss="https://evil.example"), "RFC 9207"),
        (visit(error="access_denied", error_description="no"), "declined"),
        (visit(), "without a code"),
    ],
)
def test_an_answer_that_brings_no_code_ends_it(answer: Request, words: str) -> None:
    staged = world()
    with pytest.raises(TokenUnavailable, match=words):
        signed_in(staged, answer)
    assert staged.http.asked == []


def test_a_missing_issuer_is_an_attack_where_it_is_always_sent() -> None:
    bare = Request(method="GET", path="/", host="127.0.0.1:4711", fields={"state": STATE, "code": "c"})
    assert signed_in(world(token_answer()), bare).access_token
    with pytest.raises(TokenUnavailable, match="RFC 9207"):
        signed_in(world(), bare, given=parameters(issuer_is_sent=True))


def test_an_issuer_is_not_held_against_one_that_nobody_knows() -> None:
    token = signed_in(world(token_answer()), visit(code="c", iss="any"), given=parameters(issuer=""))
    assert token.access_token


def test_a_person_has_only_so_much_time() -> None:
    staged = world()
    with pytest.raises(TokenUnavailable, match="within 300 s"):
        signed_in(staged)
    assert 300 <= staged.clock.monotonic() < 301


def test_the_code_is_in_no_error() -> None:
    staged = world(answered(400, error="invalid_grant", error_description=f"c0d3 and {VERIFIER} are bad"))
    with pytest.raises(TokenUnavailable) as caught:
        signed_in(staged, visit(code="c0d3"))
    assert "c0d3" not in str(caught.value)
    assert VERIFIER not in str(caught.value)


@pytest.mark.parametrize("port", [0, 8080])
def test_a_pasted_address_does_as_well(port: int) -> None:
    staged, opened = world(token_answer()), list[str]()

    async def paste() -> str:
        return f" http://127.0.0.1:9000/?code=c0d3&state={STATE}\n"

    given = parameters(redirection_url=f"http://127.0.0.1:{port}/")
    token = run_sync(sign_in_by_paste(staged, given, open_url=opened.append, paste=paste))
    assert token.access_token == "access-1"
    wanted = f"http://127.0.0.1:{port or 9000}/"
    assert parse_qs(urlsplit(opened[0]).query)["redirect_uri"] == [wanted]
    assert staged.http.asked[0][1]["redirect_uri"] == wanted


@pytest.mark.parametrize("pasted", ["", "c0d3", "http://[", "http://127.0.0.1/?code=c0d3&state=other"])
def test_something_else_that_was_pasted_is_not(pasted: str) -> None:
    with pytest.raises(TokenUnavailable, match="whole address") as caught:
        run_sync(sign_in_by_paste(world(), parameters(), open_url=lambda _: None, paste=lambda: pasted))
    assert "c0d3" not in str(caught.value)
