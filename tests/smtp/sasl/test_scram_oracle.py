"""SCRAM, both sides, against an independent implementation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scramp import ScramClient, ScramException, ScramMechanism
from scramp.utils import saslprep

from envoi.smtp.sasl import Challenge, Credentials, Failure, Success, serve
from tests.smtp.sasl.dialogues import KNOWN, channel

NAMES = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]
END_POINT = b"hash of a certificate"


def preparable(text: str) -> bool:
    try:
        return bool(saslprep(text))
    except ScramException:
        return False


NATURAL = ("pencil", "pässwörd ☃", "a,b=c", "\N{ROMAN NUMERAL NINE}", "naïve café", " spaces ")
TEXTS = st.sampled_from(NATURAL) | st.text(
    st.characters(max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20
).filter(preparable)


def binding(name: str) -> tuple[str, bytes] | None:
    return ("tls-server-end-point", END_POINT) if name.endswith("-PLUS") else None


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(username=TEXTS, password=TEXTS, salt=st.binary(min_size=12, max_size=40), nonce=st.binary(min_size=16))
def test_an_independent_server_accepts_our_client(name, username, password, salt, nonce) -> None:
    mechanism = ScramMechanism(name)
    account = mechanism.make_auth_info(password, salt=salt)
    server = mechanism.make_server(lambda _user: account, channel_binding=binding(name))
    end_point = END_POINT if binding(name) else None
    client = KNOWN[name].start(
        Credentials(username=username, password=password), channel(nonce=nonce, end_point=end_point)
    )
    server.set_client_first((client.begin() or b"").decode())
    server.set_client_final(client.respond(server.get_server_first().encode()).decode())
    assert client.respond(server.get_server_final().encode()) == b""
    client.finish()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(password=TEXTS, nonce=st.binary(min_size=16))
def test_our_server_accepts_an_independent_client(name, password, nonce) -> None:
    client = ScramClient([name], "user", password, channel_binding=binding(name))
    end_point = END_POINT if binding(name) else None
    server = serve(name, {"user": password}, {}, channel(nonce=nonce, end_point=end_point))
    step = server.begin(client.get_client_first().encode())
    assert isinstance(step, Challenge)
    client.set_server_first(step.data.decode())
    step = server.respond(client.get_client_final().encode())
    assert isinstance(step, Challenge)
    client.set_server_final(step.data.decode())
    assert server.respond(b"") == Success("user")


def test_an_independent_server_refuses_our_client_with_a_wrong_password() -> None:
    mechanism = ScramMechanism("SCRAM-SHA-256")
    account = mechanism.make_auth_info("pencil")
    server = mechanism.make_server(lambda _user: account)
    client = KNOWN["SCRAM-SHA-256"].start(Credentials(username="user", password="crayon"), channel())
    server.set_client_first((client.begin() or b"").decode())
    final = client.respond(server.get_server_first().encode()).decode()
    with pytest.raises(ScramException, match="proof"):
        server.set_client_final(final)


def test_our_server_refuses_an_independent_client_with_a_wrong_password() -> None:
    client = ScramClient(["SCRAM-SHA-256"], "user", "crayon")
    server = serve("SCRAM-SHA-256", {"user": "pencil"}, {}, channel())
    step = server.begin(client.get_client_first().encode())
    assert isinstance(step, Challenge)
    client.set_server_first(step.data.decode())
    assert server.respond(client.get_client_final().encode()) == Failure("invalid-proof")
