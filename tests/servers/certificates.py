"""A private certificate authority: the certificates that a client must accept, and those it must refuse.

The good ones satisfy OpenSSL's strict RFC 5280 checks, which Python switches on by default since 3.13:
key usage on the authority, and key identifiers on both. The bad ones are bad in one way each.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["SERVER_NAMES", "Certificate", "CertificateAuthority", "create_authority"]

# The last two for programs that know a provider's real names, which tests lead here.
SERVER_NAMES = ("localhost", "mail.test", "127.0.0.1", "smtp.gmail.com", "accounts.google.com")

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Where a certificate is: `chain` holds the private key first, then the certificate."""

    chain: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """The authority's own certificate, to be trusted, and what it has issued."""

    ca_file: Path
    good: Certificate
    expired: Certificate
    wrong_host: Certificate
    self_signed: Certificate
    client: Certificate
    """For TLS clients: its common name is the user `alice`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def create_authority(folder: Path, *, client_name: str) -> CertificateAuthority:
    """Make the authority and every certificate under `folder`."""
    now = datetime.datetime.now(datetime.UTC)
    current, past = (now - _DAY, now + 30 * _DAY), (now - 30 * _DAY, now - _DAY)
    root = _Issuer(name=_name("envoi test authority"), key=_new_key())
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(_pem(_root_certificate(root, current)))

    def issue(
        file_name: str,
        names: Sequence[str],
        *,
        validity: tuple[datetime.datetime, datetime.datetime] = current,
        issuer: _Issuer | None = root,
    ) -> Certificate:
        key = _new_key()
        return _write(folder, file_name, key, _leaf_certificate(names, key, issuer, validity))

    return CertificateAuthority(
        ca_file=ca_file,
        good=issue("good", SERVER_NAMES),
        expired=issue("expired", SERVER_NAMES, validity=past),
        wrong_host=issue("wrong-host", ["elsewhere.test"]),
        self_signed=issue("self-signed", SERVER_NAMES, issuer=None),
        client=issue("client", [client_name]),
    )


def _root_certificate(
    root: _Issuer, validity: tuple[datetime.datetime, datetime.datetime]
) -> x509.Certificate:
    public_key = root.key.public_key()
    return (
        _builder(root.name, root.name, public_key, validity)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .sign(root.key, hashes.SHA256())
    )


def _leaf_certificate(
    names: Sequence[str],
    key: ec.EllipticCurvePrivateKey,
    issuer: _Issuer | None,
    validity: tuple[datetime.datetime, datetime.datetime],
) -> x509.Certificate:
    """Issue for `names`, the first of which is the common name; without `issuer`, by the key itself."""
    public_key = key.public_key()
    subject = _name(names[0])
    signer = issuer or _Issuer(name=subject, key=key)
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        _builder(subject, signer.name, public_key, validity)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False
        )
        .sign(signer.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    validity: tuple[datetime.datetime, datetime.datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(
    folder: Path, file_name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> Certificate:
    key_bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    paths = Certificate(
        chain=folder / f"{file_name}.pem",
        certificate=folder / f"{file_name}.crt",
        key=folder / f"{file_name}.key",
    )
    paths.chain.write_bytes(key_bytes + _pem(certificate))
    paths.certificate.write_bytes(_pem(certificate))
    paths.key.write_bytes(key_bytes)
    return paths
