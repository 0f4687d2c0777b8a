from __future__ import annotations

import os
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import trustme

from envoi.drivers import tls_contexts
from envoi.drivers.tls_contexts import context_for
from envoi.errors import ConfigError
from envoi.ports import TLSOptions

if TYPE_CHECKING:
    from pathlib import Path


def test_verifies_everything_by_default() -> None:
    context = context_for(TLSOptions())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.hostname_checks_common_name
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_builds_a_context_once(trusting: TLSOptions) -> None:
    assert context_for(trusting) is context_for(TLSOptions(ca_file=trusting.ca_file))
    assert context_for(trusting) is not context_for(TLSOptions())


def test_notices_a_renewed_file(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    first = context_for(TLSOptions(ca_file=path))
    trustme.CA().cert_pem.write_to_path(path)
    os.utime(path, ns=(1, 1))
    assert context_for(TLSOptions(ca_file=path)) is not first


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_honours_the_usual_variables(
    tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    before = context_for(TLSOptions())
    monkeypatch.setenv(variable, str(path if variable == "SSL_CERT_FILE" else tmp_path))
    after = context_for(TLSOptions())
    assert after is not before
    if variable == "SSL_CERT_FILE":  # A folder is read when it is needed.
        (issuer,) = after.get_ca_certs()
        assert "Test Authority" in str(issuer["subject"])


def test_keeps_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_contexts, "_CONTEXTS_KEPT", 2)
    monkeypatch.setattr(tls_contexts, "_contexts", type(tls_contexts._contexts)())
    contexts = []
    for number in range(4):
        path = tmp_path / f"{number}.pem"
        trustme.CA().cert_pem.write_to_path(path)
        contexts.append(context_for(TLSOptions(ca_file=path)))
    assert list(tls_contexts._contexts.values()) == contexts[-2:]


def test_uses_a_context_of_ones_own_as_it_is() -> None:
    own = ssl.create_default_context()
    assert context_for(TLSOptions(context=own)) is own


@pytest.mark.parametrize(
    "options",
    [
        TLSOptions(ca_file="ca.pem"),
        TLSOptions(insecure_skip_verification=True),
        TLSOptions(client_certificate="c.pem"),
    ],
)
def test_refuses_options_beside_a_context_of_ones_own(options: TLSOptions) -> None:
    with pytest.raises(ConfigError, match="used as it is"):
        context_for(replace(options, context=ssl.create_default_context()))


def test_refuses_a_missing_authority_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem"):
        context_for(TLSOptions(ca_file=tmp_path / "nowhere.pem"))


def test_refuses_a_file_without_certificates(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    with pytest.raises(ConfigError, match=r"empty\.pem"):
        context_for(TLSOptions(ca_file=tmp_path / "empty.pem"))


def test_refuses_an_encrypted_key_without_asking_for_the_password(
    client_certificate: Path, tmp_path: Path
) -> None:
    encrypted = encrypt_key(client_certificate, tmp_path)
    for password in (None, "wrong"):
        with pytest.raises(ConfigError, match="client_key_password") as caught:
            context_for(TLSOptions(client_certificate=encrypted, client_key_password=password))
        assert "wrong" not in str(caught.value)
    context_for(TLSOptions(client_certificate=encrypted, client_key_password="right"))


def test_takes_the_key_from_a_file_of_its_own(authority: trustme.CA, tmp_path: Path) -> None:
    issued = authority.issue_cert("client@example.org")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context_for(TLSOptions(client_certificate=tmp_path / "cert.pem", client_key=tmp_path / "key.pem"))
    with pytest.raises(ConfigError, match="cannot be used"):
        context_for(TLSOptions(client_certificate=tmp_path / "cert.pem"))
    with pytest.raises(ConfigError, match="client_certificate beside"):
        context_for(TLSOptions(client_key=tmp_path / "key.pem"))


def encrypt_key(pem: Path, folder: Path) -> Path:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    text = pem.read_bytes()
    key = load_pem_private_key(text, None)
    start = text.index(b"-----BEGIN CERTIFICATE")
    encrypted = folder / "encrypted.pem"
    encrypted.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")) + text[start:]
    )
    return encrypted
