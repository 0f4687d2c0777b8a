"""SCRAM against the RFCs' dialogues, and against servers that mean harm."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from envoi.errors import AuthenticationFailed, RemoteProtocolError, Retry, UsageError
from envoi.smtp.sasl import Credentials
from envoi.smtp.sasl.scram import FEWEST_ITERATIONS, MOST_ITERATIONS
from tests.smtp.sasl.dialogues import KNOWN, channel

if TYPE_CHECKING:
    from envoi.smtp.sasl import Exchange

USER = Credentials(username="user", password="pencil")
OURS = "fyko+d2lbbFgONRv9qkxdawL"
WHOLE = f"{OURS}3rfcNHYJY1ZVvWVs7j"
SERVER_FIRST = f"r={WHOLE},s=QSXCR+Q6sek8bf92,i=4096"
CLIENT_FINAL = f"c=biws,r={WHOLE},p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=".encode()
SERVER_FINAL = b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="


def started(
    name: str = "SCRAM-SHA-1", credentials: Credentials = USER, end_point: bytes | None = None
) -> Exchange:
    exchange = KNOWN[name].start(credentials, channel(nonce=OURS, end_point=end_point))
    exchange.begin()
    return exchange


def proved() -> Exchange:
    exchange = started()
    assert exchange.respond(SERVER_FIRST.encode()) == CLIENT_FINAL
    return exchange


def test_sha_1_speaks_the_dialogue_of_rfc_5802() -> None:
    exchange = KNOWN["SCRAM-SHA-1"].start(USER, channel(nonce=OURS))
    assert exchange.begin() == f"n,,n=user,r={OURS}".encode()
    assert exchange.respond(SERVER_FIRST.encode()) == CLIENT_FINAL
    assert exchange.respond(SERVER_FINAL) == b""
    exchange.finish()


def test_sha_256_speaks_the_dialogue_of_rfc_7677() -> None:
    exchange = KNOWN["SCRAM-SHA-256"].start(USER, channel(nonce="rOprNGfwEbeRWgbNEkqO"))
    assert exchange.begin() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    whole = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    final = exchange.respond(f"r={whole},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode())
    assert final == f"c=biws,r={whole},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".encode()
    assert exchange.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""
    exchange.finish()


def test_says_whether_it_could_bind_to_the_channel() -> None:
    unable = KNOWN["SCRAM-SHA-1"].start(USER, channel()).begin()
    able = KNOWN["SCRAM-SHA-1"].start(USER, channel(end_point=b"hash")).begin()
    bound = KNOWN["SCRAM-SHA-1-PLUS"].start(USER, channel(end_point=b"hash")).begin()
    assert unable is not None
    assert able is not None
    assert bound is not None
    assert unable.startswith(b"n,,n=user,")
    assert able.startswith(b"y,,n=user,")
    assert bound.startswith(b"p=tls-server-end-point,,n=user,")


def test_binds_the_proof_to_the_certificate() -> None:
    exchange = started("SCRAM-SHA-1-PLUS", end_point=b"\x00hash")
    final = exchange.respond(SERVER_FIRST.encode())
    assert final.startswith(b"c=" + b64encode(b"p=tls-server-end-point,,\x00hash") + b",r=")


def test_names_whom_it_acts_for_and_escapes_both_names() -> None:
    odd = Credentials(username="a=b", password="x", authorization_id="c,d")
    first = KNOWN["SCRAM-SHA-256"].start(odd, channel(nonce=OURS)).begin()
    assert first == f"n,a=c=2Cd,n=a=3Db,r={OURS}".encode()


def test_refuses_a_user_name_that_saslprep_prohibits() -> None:
    exchange = KNOWN["SCRAM-SHA-1"].start(Credentials(username="\x07", password="x"), channel())
    with pytest.raises(UsageError, match="SASLprep"):
        exchange.begin()


def test_refuses_a_password_that_saslprep_prohibits() -> None:
    exchange = started(credentials=Credentials(username="user", password="\x07"))
    with pytest.raises(UsageError, match="SASLprep"):
        exchange.respond(SERVER_FIRST.encode())


@pytest.mark.parametrize(
    ("server_first", "words"),
    [
        ("", "malformed"),
        ("r", "malformed"),
        (f"r={WHOLE},s=,i=4096", "malformed"),
        (f"r={WHOLE}", "lacks"),
        (f"s=QSXC,r={WHOLE},i=4096", "lacks"),
        ("e=other-error", "lacks"),
        (f"m=x,{SERVER_FIRST}", "extension"),
        ("r=somebody-else,s=QSXC,i=4096", "does not continue ours"),
        (f"r={OURS},s=QSXC,i=4096", "does not continue ours"),
        (f"r={WHOLE} x,s=QSXC,i=4096", "does not continue ours"),
        (f"r={WHOLE}é,s=QSXC,i=4096", "does not continue ours"),
        (f"r={WHOLE},s=*,i=4096", "base64"),
        (f"r={WHOLE},s=QSXC,i=0", "iteration count"),
        (f"r={WHOLE},s=QSXC,i=-4096", "iteration count"),
        (f"r={WHOLE},s=QSXC,i=4096.0", "iteration count"),
        (f"r={WHOLE},s=QSXC,i=04096", "iteration count"),
        (f"r={WHOLE},s=QSXC,i=٤٠٩٦", "iteration count"),
        (f"r={WHOLE},s=QSXC,i={FEWEST_ITERATIONS - 1}", "iteration count"),
        (f"r={WHOLE},s=QSXC,i={MOST_ITERATIONS + 1}", "iteration count"),
        (f"r={WHOLE},s=QSXC,i=100000000", "iteration count"),
        (f"r={WHOLE},s=QSXC,i={'9' * 7000}", "iteration count"),
    ],
)
def test_refuses_a_challenge_that_means_harm(server_first: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        started().respond(server_first.encode())


def test_refuses_a_challenge_that_is_not_utf_8() -> None:
    with pytest.raises(RemoteProtocolError, match="UTF-8"):
        started().respond(b"r=\xff")


def test_ignores_extensions_it_need_not_know() -> None:
    assert started().respond(f"{SERVER_FIRST},x=y".encode()).startswith(b"c=biws,")


def test_refuses_a_server_that_accepts_without_proof() -> None:
    with pytest.raises(RemoteProtocolError):
        proved().finish()


def test_refuses_a_server_that_proves_something_else() -> None:
    exchange = proved()
    with pytest.raises(AuthenticationFailed, match="could not prove that it knows the password") as caught:
        exchange.respond(b"v=" + b64encode(bytes(20)))
    assert caught.value.retry is Retry.NEVER
    with pytest.raises(RemoteProtocolError):
        exchange.finish()


@pytest.mark.parametrize("signature", [b"v=*", b"v=", b"x=rmF9pqV8S7suAoZWja4dJRkFsKQ=", b"", b"rmF9"])
def test_refuses_a_last_message_without_signature(signature: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        proved().respond(signature)


def test_refuses_a_server_that_goes_on_after_its_signature() -> None:
    exchange = proved()
    exchange.respond(SERVER_FINAL)
    with pytest.raises(RemoteProtocolError):
        exchange.respond(SERVER_FINAL)


@pytest.mark.parametrize(
    ("reason", "words", "retry"),
    [
        ("invalid-proof", "the password is wrong", Retry.NEVER),
        ("server-does-support-channel-binding", "somebody hid", Retry.NEVER),
        ("no-resources", "lacks the resources", Retry.LATER),
        ("\N{SNOWMAN} pencil", "no reason given", Retry.NEVER),
    ],
)
def test_translates_the_reason_a_server_gives(reason: str, words: str, retry: Retry) -> None:
    with pytest.raises(AuthenticationFailed, match=words) as caught:
        proved().respond(f"e={reason}".encode())
    assert caught.value.retry is retry
    assert "pencil" not in str(caught.value)
