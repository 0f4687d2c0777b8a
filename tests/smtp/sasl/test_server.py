"""Our server's side of each mechanism: lets the right ones in, and nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import AuthenticationFailed, UsageError
from envoi.smtp.sasl import SERVED, Challenge, Credentials, Failure, Success, serve
from tests.smtp.sasl.dialogues import ALICE, BEARER, CERTIFIED, KNOWN, channel, play

ACCOUNTS = {"alice": "open sesame", "zoë": "pässwörd ☃"}
TOKENS = {"ya29.token": "alice@example.org"}
END_POINT = b"hash of a certificate"
PASSWORD = sorted(SERVED - {"OAUTHBEARER", "XOAUTH2", "EXTERNAL"})
SCRAM = [name for name in PASSWORD if name.startswith("SCRAM")]
TOKEN = ["OAUTHBEARER", "XOAUTH2"]


def served(name: str, *, end_point: bytes | None = None, certificate_user: str | None = None):
    if name.endswith("-PLUS"):
        end_point = END_POINT
    return serve(name, ACCOUNTS, TOKENS, channel(end_point=end_point), certificate_user=certificate_user)


def begun(name: str, credentials: Credentials):
    return KNOWN[name].start(credentials, channel(end_point=END_POINT if name.endswith("-PLUS") else None))


def test_serves_what_the_client_speaks() -> None:
    assert set(KNOWN) == SERVED


@pytest.mark.parametrize("name", PASSWORD)
@pytest.mark.parametrize("user", sorted(ACCOUNTS))
def test_lets_a_password_in(name: str, user: str) -> None:
    credentials = Credentials(username=user, password=ACCOUNTS[user])
    assert play(begun(name, credentials), served(name)) == Success(user)


@pytest.mark.parametrize("name", PASSWORD)
@pytest.mark.parametrize("user", ["alice", "mallory"])
def test_keeps_a_wrong_password_out(name: str, user: str) -> None:
    credentials = Credentials(username=user, password="guess")
    assert isinstance(play(begun(name, credentials), served(name)), Failure)


@pytest.mark.parametrize("name", TOKEN)
def test_lets_a_token_in(name: str) -> None:
    assert play(begun(name, BEARER), served(name)) == Success("alice@example.org")


@pytest.mark.parametrize("name", TOKEN)
def test_refuses_a_token_in_two_steps_and_says_why_in_the_first(name: str) -> None:
    client = begun(name, Credentials(username="alice@example.org", token="expired"))
    assert play(client, served(name)) == Failure("unknown token")
    assert client.failure is not None
    assert client.failure["status"] in {"401", "invalid_token"}
    assert client.failure["scope"] == "https://mail.example.org/"


@pytest.mark.parametrize("name", TOKEN)
def test_keeps_a_token_out_of_another_mailbox(name: str) -> None:
    client = begun(name, Credentials(username="boss@example.org", token="ya29.token"))
    assert play(client, served(name)) == Failure("alice@example.org may not act as boss@example.org")


def test_lets_a_certificate_in_as_itself_only() -> None:
    assert play(begun("EXTERNAL", CERTIFIED), served("EXTERNAL", certificate_user="alice")) == Success(
        "alice"
    )
    boss = Credentials(external=True, authorization_id="boss")
    assert isinstance(play(begun("EXTERNAL", boss), served("EXTERNAL", certificate_user="alice")), Failure)
    assert play(begun("EXTERNAL", CERTIFIED), served("EXTERNAL")) == Failure("no client certificate")


@pytest.mark.parametrize(
    ("name", "credentials"),
    [("PLAIN", ALICE), *((name, ALICE) for name in SCRAM), *((name, BEARER) for name in TOKEN)],
)
def test_asks_for_the_first_message_when_it_did_not_come_along(name: str, credentials: Credentials) -> None:
    assert isinstance(play(begun(name, credentials), served(name), inline=False), Success)


def test_login_takes_the_name_along() -> None:
    server = served("LOGIN")
    assert server.begin(b"alice") == Challenge(b"Password:")
    assert server.respond(b"open sesame") == Success("alice")


@pytest.mark.parametrize("name", ["PLAIN", *SCRAM])
def test_lets_nobody_act_for_somebody_else(name: str) -> None:
    boss = Credentials(username="alice", password="open sesame", authorization_id="boss")
    assert play(begun(name, boss), served(name)) == Failure("alice may not act as boss")


def test_notices_that_its_plus_mechanisms_were_hidden() -> None:
    client = KNOWN["SCRAM-SHA-256"].start(ALICE, channel(end_point=END_POINT))
    server = served("SCRAM-SHA-256", end_point=END_POINT)
    assert play(client, server) == Failure("server-does-support-channel-binding")


def test_takes_a_client_that_cannot_bind_although_it_could_itself() -> None:
    client = KNOWN["SCRAM-SHA-256"].start(ALICE, channel())
    assert play(client, served("SCRAM-SHA-256", end_point=END_POINT)) == Success("alice")


def test_notices_somebody_with_another_certificate_in_between() -> None:
    client = KNOWN["SCRAM-SHA-256-PLUS"].start(ALICE, channel(end_point=b"hash of another"))
    assert play(client, served("SCRAM-SHA-256-PLUS")) == Failure("channel-bindings-dont-match")


@pytest.mark.parametrize(
    ("name", "first", "reason"),
    [
        ("SCRAM-SHA-256-PLUS", b"n,,n=alice,r=x", "unsupported-channel-binding-type"),
        ("SCRAM-SHA-256-PLUS", b"p=tls-unique,,n=alice,r=x", "unsupported-channel-binding-type"),
        ("SCRAM-SHA-256", b"p=tls-server-end-point,,n=alice,r=x", "channel-binding-not-supported"),
        ("SCRAM-SHA-256", b"n,,n=a=2X,r=x", "malformed first message"),
        ("SCRAM-SHA-256", b"n,,r=x", "malformed first message"),
        ("SCRAM-SHA-256", b"\xff", "malformed first message"),
        ("PLAIN", b"alice\0open sesame", "malformed PLAIN message"),
        ("XOAUTH2", b"user=alice", "malformed XOAUTH2 message"),
        ("OAUTHBEARER", b"n,,\x01auth=Basic x\x01\x01", "malformed OAUTHBEARER message"),
        ("OAUTHBEARER", b"hello", "malformed OAUTHBEARER message"),
        ("CRAM-MD5", b"alice", "CRAM-MD5 has no initial response"),
    ],
)
def test_names_what_is_wrong_with_a_first_message(name: str, first: bytes, reason: str) -> None:
    assert served(name).begin(first) == Failure(reason)


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        (b"", "malformed final message"),
        (b"c=biws,r=other,p=AAAA", "the nonce is not ours"),
        (b"c=AAAA,r=%s,p=AAAA", "channel-bindings-dont-match"),
        (b"c=biws,r=%s,p=AAAA", "invalid-proof"),
    ],
)
def test_names_what_is_wrong_with_a_final_message(final: bytes, reason: str) -> None:
    server = served("SCRAM-SHA-256")
    step = server.begin(b"n,,n=alice,r=x")
    assert isinstance(step, Challenge)
    nonce = step.data.removeprefix(b"r=").partition(b",")[0]
    assert server.respond(final.replace(b"%s", nonce)) == Failure(reason)


def test_survives_an_account_whose_password_scram_cannot_use() -> None:
    server = serve("SCRAM-SHA-256", {"alice": "\x07"}, {}, channel())
    client = begun("SCRAM-SHA-256", ALICE)
    assert play(client, server) == Failure("invalid-proof")


def test_says_nothing_new_after_the_end() -> None:
    server = served("PLAIN")
    server.begin(b"\0alice\0open sesame")
    assert server.respond(b"again") == Failure("the login was over")


def test_asks_for_as_many_iterations_as_told() -> None:
    server = serve("SCRAM-SHA-1", ACCOUNTS, {}, channel(), iterations=5000)
    assert play(begun("SCRAM-SHA-1", ALICE), server) == Success("alice")


def test_refuses_to_serve_what_it_does_not_know() -> None:
    with pytest.raises(UsageError, match="no mechanism GSSAPI"):
        serve("GSSAPI", {}, {}, channel())


@pytest.mark.parametrize("name", sorted(SERVED))
@given(responses=st.lists(st.binary(max_size=80) | st.just(b"n,,n=alice,r=x"), min_size=1, max_size=4))
def test_answers_whatever_a_client_says(name: str, responses: list[bytes]) -> None:
    server = serve(name, ACCOUNTS, TOKENS, channel(end_point=END_POINT), certificate_user="alice")
    step = server.begin(responses[0])
    for response in responses[1:]:
        step = server.respond(response)
    assert isinstance(step, Challenge | Failure) or name == "EXTERNAL"


def test_shows_no_password_of_its_own() -> None:
    client = KNOWN["SCRAM-SHA-256"].start(ALICE, channel())
    server = served("SCRAM-SHA-256")
    for value in (client, server, server.begin(client.begin())):
        assert "sesame" not in repr(value)


def test_a_server_without_the_password_is_found_out() -> None:
    client = begun("SCRAM-SHA-256", ALICE)
    impostor = serve("SCRAM-SHA-256", {"alice": "wrong"}, {}, channel())
    step = impostor.begin(client.begin())
    assert isinstance(step, Challenge)
    client.respond(step.data)
    with pytest.raises(AuthenticationFailed):
        client.respond(b"v=AAAA")
