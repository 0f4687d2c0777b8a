from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import ConfigError
from envoi.oauth.record import Record, Refused
from envoi.oauth.token import Token
from tests.oauth.stage import NOW

TOKEN = Token(access_token="s3cr3t", refresh_token="r3fr35h", obtained_at=NOW, expires_at=NOW, scope="é")
WHOLE = Record(token=TOKEN, refused=Refused(why="gone", since=NOW))


@pytest.mark.parametrize("record", [WHOLE, Record(token=Token(access_token="a", obtained_at=NOW))])
def test_comes_back_as_it_was(record: Record) -> None:
    assert Record.from_bytes(record.to_bytes(), place="x") == record


@given(st.integers(min_value=0, max_value=len(WHOLE.to_bytes()) - 1))
def test_is_never_half_a_record(length: int) -> None:
    with pytest.raises(ConfigError, match="damaged, perhaps cut off") as caught:
        Record.from_bytes(WHOLE.to_bytes()[:length], place="the file")
    assert "s3cr3t" not in str(caught.value)


def test_a_newer_version_is_not_guessed_at() -> None:
    newer = json.dumps({**json.loads(WHOLE.to_bytes()), "version": 2}).encode()
    with pytest.raises(ConfigError, match="version 2, and this envoi reads version 1"):
        Record.from_bytes(newer, place="the file")


@pytest.mark.parametrize(
    "changes", [{"access_token": 1}, {"obtained_at": "2026-01-01"}, {"obtained_at": "x"}, {"refused": []}]
)
def test_refuses_what_it_would_not_write(changes: dict[str, object]) -> None:
    odd = json.dumps({**json.loads(WHOLE.to_bytes()), **changes}).encode()
    with pytest.raises(ConfigError, match="damaged"):
        Record.from_bytes(odd, place="the file")
