from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.discovery.pacc import check_digest, read_pacc
from envoi.errors import ConfigError
from envoi.message.address import Address

ME = Address.parse("me@example.org")
SMTP = {"protocols": {"smtp": {"host": "SMTP.example.org"}}}


def read(content: object):
    return read_pacc(json.dumps(content).encode(), ME, "there")


def test_reads_the_submission_server() -> None:
    found = read(SMTP)
    assert (found.server, found.port, found.security) == ("smtp.example.org", 465, "tls")
    assert (found.username, found.takes_password, found.authorization) == ("me@example.org", True, None)


@pytest.mark.parametrize("issuer", ["auth.example.org", "https://auth.example.org"])
def test_reads_who_gives_tokens(issuer: str) -> None:
    found = read({**SMTP, "authentication": {"oauth-public": {"issuer": issuer}}})
    assert found.authorization is not None
    assert found.authorization.issuer == "https://auth.example.org"
    assert (found.mechanisms, found.takes_password) == (("OAUTHBEARER",), False)
    both = read({**SMTP, "authentication": {"oauth-public": {"issuer": issuer}, "password": True}})
    assert both.takes_password


def test_trusts_no_issuer_in_clear() -> None:
    found = read({**SMTP, "authentication": {"oauth-public": {"issuer": "http://auth.example.org"}}})
    assert found.authorization is None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ([], "names no"),
        ({"protocols": {"imap": {"host": "x"}}}, "names no"),
        ({"protocols": {"smtp": {"host": 7}}}, "names no"),
        ({"protocols": {"smtp": {"host": "a b"}}}, "no host name"),
    ],
)
def test_says_what_is_wrong(content: object, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        read(content)


@pytest.mark.parametrize("text", [b"", b"\xff", b"[" * 100_000])
def test_refuses_what_is_no_json(text: bytes) -> None:
    with pytest.raises(ConfigError, match="no JSON"):
        read_pacc(text, ME, "there")


def test_compares_digests() -> None:
    digest = b64encode(sha256(b"x").digest()).decode()
    check_digest(b"x", ["v=spf1 -all", f"v=UAAC1; a=sha256; d={digest}"])
    for record in (
        "",
        f"v=UAAC2; a=sha256; d={digest}",
        f"v=UAAC1; a=md5; d={digest}",
        "v=UAAC1; a=sha256; d=é",
    ):
        with pytest.raises(ConfigError, match="digest"):
            check_digest(b"x", [record])


JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.dictionaries(
        st.sampled_from(["protocols", "smtp", "host", "authentication", "oauth-public", "issuer"]), inner
    ),
)


@given(JSON)
def test_nothing_else_than_our_errors_comes_of_anything(content: object) -> None:
    with suppress(ConfigError):
        read(content)
