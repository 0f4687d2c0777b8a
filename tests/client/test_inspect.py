from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

from envoi.client.inspect import inspect_server
from envoi.errors import ConnectionFailed, TLSFailed
from envoi.ports import Endpoint, TLSOptions
from envoi.session.findings import Severity
from envoi.session.settings import Security, Settings
from envoi.testing import Certificate, SMTPServer

if TYPE_CHECKING:
    from pathlib import Path


def settings(server: SMTPServer, **tls: object) -> Settings:
    options = TLSOptions(**tls)  # type: ignore[arg-type]
    return Settings(endpoint=Endpoint(host="localhost", port=server.port), tls=options)


def test_puts_together_all_that_is_to_be_known() -> None:
    with SMTPServer() as server:
        report = inspect_server(settings(server, ca_file=server.ca_file))
    assert "127.0.0.1" in report.addresses
    assert report.inspection.failure is None
    assert report.certificate is not None
    assert "localhost" in report.certificate.names
    assert len(report.inspection.round_trips) == 5


def test_reads_the_certificate_that_it_does_not_trust() -> None:
    with SMTPServer() as server:
        report = inspect_server(settings(server))
    assert isinstance(report.inspection.failure, TLSFailed)
    assert report.certificate is not None
    assert "localhost" in report.certificate.names
    assert report.findings[0].severity is Severity.FAULT


def test_shows_the_chain_that_the_server_sends(tmp_path: Path) -> None:
    root = trustme.CA(organization_name="Root of it")
    between = root.create_child_ca()
    certificate = Certificate(chain=tmp_path / "server.pem", ca_file=tmp_path / "ca.pem")
    between.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate.chain))
    root.cert_pem.write_to_path(str(certificate.ca_file))
    with SMTPServer(certificate=certificate) as server:
        report = inspect_server(settings(server, ca_file=server.ca_file))
    assert report.inspection.failure is None
    (authority,) = report.authorities
    assert "Root of it" in authority.issuer
    der = ssl.PEM_cert_to_DER_cert(between.cert_pem.bytes().decode())
    assert report.inspection.tls is not None
    assert report.inspection.tls.chain[1:] == (der,)


def test_has_no_certificate_without_tls() -> None:
    with SMTPServer(security="plaintext") as server:
        endpoint = Endpoint(host="127.0.0.1", port=server.port)
        report = inspect_server(Settings(endpoint=endpoint, security=Security.PLAINTEXT))
    assert report.certificate is None
    assert report.authorities == ()


def test_asks_for_no_address_where_there_is_none(tmp_path: Path) -> None:
    report = inspect_server(Settings(endpoint=Endpoint(host=str(tmp_path / "socket"), port=25)))
    assert report.addresses == ()
    assert isinstance(report.inspection.failure, ConnectionFailed)


def test_says_nothing_of_addresses_that_cannot_be_found() -> None:
    report = inspect_server(Settings(endpoint=Endpoint(host="nowhere.invalid", port=25)))
    assert report.addresses == ()
    assert isinstance(report.inspection.failure, ConnectionFailed)
