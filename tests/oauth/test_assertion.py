from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwk, jwt

from envoi.errors import ConfigError
from envoi.oauth.assertion import client_assertion, grant_assertion
from envoi.oauth.grants import obtain_alone
from envoi.oauth.parameters import Grant
from envoi.session.run import run_sync
from tests.oauth.stage import NOW, TOKEN_URL, parameters, token_answer, world


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"))


RSA = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def test_a_service_account_speaks_for_a_mailbox() -> None:
    staged = world(token_answer(refresh_token=None))
    account = parameters(
        client_id="robot@project.example",
        grant=Grant.SERVICE_ACCOUNT,
        private_key=RSA,
        private_key_id="k1",
        subject="zoe@example.org",
        scope="https://mail.google.com/",
    )
    run_sync(obtain_alone(staged, account))
    _, form, _ = staged.http.asked[0]
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert set(form) == {"grant_type", "assertion"}
    decoded = jwt.decode(form["assertion"], jwk.RSAKey.import_key(RSA))
    assert decoded.header["kid"] == "k1"
    begun = int(NOW.timestamp())
    assert decoded.claims == {
        "iss": "robot@project.example",
        "sub": "zoe@example.org",
        "aud": TOKEN_URL,
        "scope": "https://mail.google.com/",
        "iat": begun,
        "exp": begun + 300,
        "jti": decoded.claims["jti"],
    }


@pytest.mark.parametrize(
    ("algorithm", "key", "kind"),
    [
        ("PS256", RSA, jwk.RSAKey),
        ("ES256", pem(ec.generate_private_key(ec.SECP256R1())), jwk.ECKey),
        ("Ed25519", pem(ed25519.Ed25519PrivateKey.generate()), jwk.OKPKey),
    ],
)
def test_other_keys_sign_too(algorithm: str, key: str, kind: Any) -> None:
    signed = client_assertion(parameters(private_key=key, signing_algorithm=algorithm), world())
    decoded = jwt.decode(signed, kind.import_key(key), algorithms=[algorithm])
    assert decoded.claims["sub"] == decoded.claims["iss"] == "client"


@pytest.mark.parametrize(("key", "algorithm"), [("not a key", "RS256"), (RSA, "ES256"), (RSA, "none")])
def test_a_key_that_cannot_sign_is_not_quoted(key: str, algorithm: str) -> None:
    bad = parameters(grant=Grant.SERVICE_ACCOUNT, private_key=key, signing_algorithm=algorithm)
    with pytest.raises(ConfigError, match="private_key cannot sign") as caught:
        grant_assertion(bad, world())
    assert key not in f"{caught.value!r} {bad!r}"
