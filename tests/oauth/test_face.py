from __future__ import annotations

import subprocess
import sys

import pytest

import envoi.oauth

HEAVY = ["asyncio", "authlib", "httpx2", "joserfc", "keyring", "cryptography"]
PROGRAM = f"""
import sys, envoi.oauth
envoi.oauth.OAuth2Parameters, envoi.oauth.Token, envoi.oauth.google_token
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def test_has_what_it_promises_and_nothing_else() -> None:
    assert set(envoi.oauth.__all__) <= set(dir(envoi.oauth))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        envoi.oauth.Nothing  # noqa: B018


def test_values_and_adapters_need_no_library() -> None:
    command = [sys.executable, "-c", PROGRAM]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
