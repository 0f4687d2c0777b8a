"""The strongest mechanism that fits is chosen, or the error says why there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import AuthenticationFailed, Phase, Retry, UsageError
from envoi.smtp.sasl import Credentials, choose
from tests.smtp.sasl.dialogues import ALICE, BEARER, CERTIFIED, KNOWN, channel

STRONGEST_FIRST = [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
]
BINDABLE = channel(end_point=b"hash")


@pytest.mark.parametrize("strongest", range(len(STRONGEST_FIRST)))
def test_takes_the_strongest_password_mechanism(strongest: int) -> None:
    offered = reversed(STRONGEST_FIRST[strongest:])
    assert choose(list(offered), ALICE, BINDABLE).name == STRONGEST_FIRST[strongest]


def test_leaves_plus_alone_where_there_is_nothing_to_bind_to() -> None:
    assert choose(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"], ALICE, channel()).name == "SCRAM-SHA-1"


def test_prefers_oauthbearer_for_a_token() -> None:
    assert choose(["XOAUTH2", "PLAIN", "OAUTHBEARER"], BEARER, channel()).name == "OAUTHBEARER"
    assert choose(["XOAUTH2", "PLAIN"], BEARER, channel()).name == "XOAUTH2"


def test_uses_external_with_nothing_but_a_certificate() -> None:
    both = Credentials(username="alice", password="x", external=True)
    assert choose(["EXTERNAL", "PLAIN"], CERTIFIED, channel()).name == "EXTERNAL"
    assert choose(["EXTERNAL", "PLAIN"], both, channel()).name == "PLAIN"


def test_does_not_care_for_capitals() -> None:
    assert choose(["plain", "Login"], ALICE, channel(), only=["login"]).name == "LOGIN"


@pytest.mark.parametrize("credentials", [ALICE, BEARER, CERTIFIED])
@given(offered=st.sets(st.sampled_from(sorted(KNOWN))))
def test_lets_nothing_out_over_a_clear_channel(credentials: Credentials, offered: set[str]) -> None:
    with pytest.raises(AuthenticationFailed, match="not encrypted") as caught:
        choose(offered, credentials, channel(secure=False))
    assert 'security="starttls"' in str(caught.value)
    assert "allow_plaintext_auth=True" in str(caught.value)
    assert (caught.value.phase, caught.value.retry) == (Phase.AUTH, Retry.NEVER)


def test_lets_a_password_out_in_clear_when_told_to() -> None:
    chosen = choose(["PLAIN", "CRAM-MD5"], ALICE, channel(secure=False), allow_plaintext=True)
    assert chosen.name == "PLAIN"


@given(offered=st.sets(st.sampled_from([*KNOWN, "GSSAPI", "NTLM"]), min_size=1))
@pytest.mark.parametrize("credentials", [ALICE, BEARER, CERTIFIED])
def test_takes_what_was_offered_and_fits_whenever_there_is_such(
    credentials: Credentials, offered: set[str]
) -> None:
    fitting = {name for name in offered if name in KNOWN and KNOWN[name].proof is credentials.proof}
    if fitting:
        assert choose(offered, credentials, BINDABLE).name in fitting
    else:
        with pytest.raises(AuthenticationFailed, match="no common way to log in"):
            choose(offered, credentials, BINDABLE)


@pytest.mark.parametrize(
    ("offered", "credentials", "words"),
    [
        ([], ALICE, ["no way to log in", "587 or 465", "leave the credentials out"]),
        (["\x00"], ALICE, ["no way to log in"]),
        (
            ["XOAUTH2"],
            ALICE,
            ["offers XOAUTH2", "there is a password", "needs an OAuth 2.0", "wants OAuth 2.0 here"],
        ),
        (["LOGIN", "PLAIN"], BEARER, ["LOGIN needs a password", "Give a user name and a password"]),
        (["PLAIN"], CERTIFIED, ["PLAIN needs a password", "Give a user name and a password"]),
        (["XOAUTH2"], CERTIFIED, ["there is a client certificate", "wants OAuth 2.0 here"]),
        (["GSSAPI", "NTLM"], ALICE, ["GSSAPI is not spoken by envoi", "operator to enable PLAIN"]),
        (["SCRAM-SHA-1-PLUS"], ALICE, ["certificate to bind to"]),
        (["XOAUTH2"], Credentials(token="t"), ["needs a user name beside the token"]),
        (
            ["LOGIN"],
            Credentials(username="a", password="b", authorization_id="c"),
            ["LOGIN cannot act for another identity", "Change what the reasons above name"],
        ),
        (["SCRAM-SHA-1"], Credentials(username="a", password="\x07"), ["SASLprep prohibits"]),
    ],
)
def test_says_why_nothing_fits_and_what_to_do(
    offered: list[str], credentials: Credentials, words: list[str]
) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        choose(offered, credentials, channel())
    for word in words:
        assert word in str(caught.value)
    assert "open sesame" not in str(caught.value)
    assert caught.value.retry is Retry.NEVER


def test_bounds_what_it_repeats_of_the_offer() -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        choose([f"X-{number}" for number in range(5000)], ALICE, channel())
    assert len(str(caught.value)) < 2000


def test_says_what_a_restriction_excluded() -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        choose(["PLAIN", "LOGIN"], ALICE, channel(), only=["SCRAM-SHA-256"])
    assert "PLAIN is excluded by the caller" in str(caught.value)
    assert "Allow PLAIN or LOGIN, which would work" in str(caught.value)


def test_refuses_a_restriction_to_what_it_does_not_know() -> None:
    with pytest.raises(UsageError, match="no mechanism named DIGEST-MD5; it knows SCRAM-SHA-256-PLUS"):
        choose(["PLAIN"], ALICE, channel(), only=["PLAIN", "digest-md5"])


def test_passes_over_scram_for_a_password_that_scram_cannot_prepare() -> None:
    hebrew = Credentials(username="a", password="שלום123")
    assert choose(["SCRAM-SHA-256", "PLAIN"], hebrew, channel()).name == "PLAIN"


@pytest.mark.parametrize(
    ("offered", "only", "flag"),
    [
        (["SCRAM-SHA-256"], None, b"y,,"),
        (["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"], None, b"p=tls-server-end-point,,"),
        (["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"], ["SCRAM-SHA-256"], b"n,,"),
        (["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"], None, b"n,,"),
    ],
)
def test_claims_that_plus_was_not_offered_only_where_that_is_true(
    offered: list[str], only: list[str] | None, flag: bytes
) -> None:
    first = choose(offered, ALICE, BINDABLE, only=only).start(ALICE, BINDABLE).begin()
    assert first is not None
    assert first.startswith(flag + b"n=alice,r=")
