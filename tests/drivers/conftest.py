"""The colours, and an authority that issues whatever certificate a test wants to see refused."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from envoi.ports import TLSOptions
from tests.drivers.colours import ASYNCIO, BLOCKING, Colour

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=[BLOCKING, ASYNCIO], ids=str)
def colour(request: pytest.FixtureRequest) -> Colour:
    return request.param


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Test Authority")


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> TLSOptions:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return TLSOptions(ca_file=path)


@pytest.fixture(scope="session")
def context_with() -> Callable[[trustme.LeafCert], ssl.SSLContext]:
    def build(certificate: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context

    return build


@pytest.fixture(scope="session")
def server_context(
    authority: trustme.CA, context_with: Callable[[trustme.LeafCert], ssl.SSLContext]
) -> ssl.SSLContext:
    return context_with(authority.issue_cert("localhost", "127.0.0.1", "::1"))


@pytest.fixture(scope="session")
def expired(authority: trustme.CA) -> trustme.LeafCert:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return authority.issue_cert("localhost", not_before=yesterday - timedelta(days=9), not_after=yesterday)


@pytest.fixture(scope="session")
def not_yet_valid(authority: trustme.CA) -> trustme.LeafCert:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return authority.issue_cert("localhost", not_before=tomorrow, not_after=tomorrow + timedelta(days=9))


@pytest.fixture
def client_certificate(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "client.pem"
    authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def self_signed_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("self-signed") / "server.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
