from __future__ import annotations

import ssl
import sys
from hashlib import sha256

import pytest

from envoi import ConfigError, SMTPSession, TLSFailed, TLSOptions
from envoi.testing import Certificate, SMTPServer, certificates
from envoi.testing.certificates import client_certificate, common_name, default_certificate, end_point


def test_makes_one_certificate_for_all() -> None:
    assert default_certificate() is default_certificate()
    assert SMTPServer().ca_file == default_certificate().ca_file


def test_is_trusted_by_those_who_know_the_authority_alone() -> None:
    with SMTPServer() as server:
        SMTPSession(**server.session_options()).open().close()
        with pytest.raises(TLSFailed):
            SMTPSession(server.host, server.port).open()


def test_takes_own_files() -> None:
    own = Certificate(chain=default_certificate().chain, ca_file=default_certificate().ca_file)
    with SMTPServer(certificate=own, security="tls") as server:
        SMTPSession(**server.session_options()).open().close()


def test_satisfies_strict_checks() -> None:
    context = ssl.create_default_context(cafile=default_certificate().ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with SMTPServer(security="tls") as server:
        options = server.session_options()
        options["tls"] = TLSOptions(context=context)
        SMTPSession(**options).open().close()


def test_names_the_user_of_a_client_certificate() -> None:
    assert client_certificate("user") is client_certificate("user")
    assert client_certificate("user") != client_certificate("other")
    assert common_name({"subject": ((("countryName", "FR"),), (("commonName", "user"),))}) == "user"
    assert common_name({}) is None
    assert common_name(None) is None


def test_binds_to_the_servers_own_certificate() -> None:
    text = default_certificate().chain.read_text()
    first = text[text.index(ssl.PEM_HEADER) : text.index(ssl.PEM_FOOTER)] + ssl.PEM_FOOTER
    assert end_point(default_certificate()) == sha256(ssl.PEM_cert_to_DER_cert(first)).digest()


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    for made in (certificates._authority, certificates.default_certificate):
        monkeypatch.setattr(certificates, made.__name__, made.__wrapped__)
    with pytest.raises(ConfigError, match=r"envoi\[testing\]"):
        certificates.default_certificate()
