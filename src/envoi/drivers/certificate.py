"""The one thing asked of a certificate that the standard library does not tell: its signature's hash.

Channel binding by ``tls-server-end-point`` (RFC 5929 §4.1) hashes the certificate with the hash
function of its own signature. This walks the DER just far enough to find that algorithm
(RFC 5280 §4.1), and nothing else. Where RFC 5929 leaves the binding undefined, there is none:
docs/decisions/0022. Pure; never raises for what a peer sends.
"""

from __future__ import annotations

import hashlib

__all__ = ["server_end_point"]

_SEQUENCE, _OBJECT_IDENTIFIER, _HASH_ALGORITHM = 0x30, 0x06, 0xA0

# RFC 5929 §4.1: MD5 and SHA-1 are replaced by SHA-256.
_HASHES = {
    "1.2.840.113549.1.1.4": "sha256",  # md5WithRSAEncryption
    "1.2.840.113549.1.1.5": "sha256",  # sha1WithRSAEncryption
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.10040.4.3": "sha256",  # dsa-with-sha1
    "2.16.840.1.101.3.4.3.1": "sha224",  # dsa-with-sha224, and so on
    "2.16.840.1.101.3.4.3.2": "sha256",
    "2.16.840.1.101.3.4.3.3": "sha384",
    "2.16.840.1.101.3.4.3.4": "sha512",
    "1.2.840.10045.4.1": "sha256",  # ecdsa-with-SHA1
    "1.2.840.10045.4.3.1": "sha224",  # ecdsa-with-SHA224, and so on
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_RSASSA_PSS = "1.2.840.113549.1.1.10"
_PSS_HASHES = {
    "1.3.14.3.2.26": "sha256",  # SHA-1
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def server_end_point(certificate: bytes) -> bytes:
    """Return the channel binding data for a DER certificate; empty when RFC 5929 defines none for it."""
    try:
        name = _signature_hash(certificate)
    except (ValueError, IndexError):
        return b""
    return hashlib.new(name, certificate).digest() if name else b""


def _signature_hash(certificate: bytes) -> str | None:
    fields = _children(_only(certificate, _SEQUENCE))
    kind, algorithm = fields[1]  # tbsCertificate, signatureAlgorithm, signatureValue
    if kind != _SEQUENCE:
        raise ValueError("no signature algorithm")
    parts = _children(algorithm)
    oid = _oid(parts[0])
    return _pss_hash(parts[1:]) if oid == _RSASSA_PSS else _HASHES.get(oid)


def _pss_hash(parameters: list[tuple[int, bytes]]) -> str | None:
    # RFC 4055 §3.1: hashAlgorithm is [0], SHA-1 when absent.
    for kind, content in _children(parameters[0][1]) if parameters else ():
        if kind == _HASH_ALGORITHM:
            return _PSS_HASHES.get(_oid(_children(_only(content, _SEQUENCE))[0]))
    return "sha256"


def _only(der: bytes, kind: int) -> bytes:
    (found, content), *rest = _children(der)
    if rest or found != kind:
        raise ValueError("not the structure expected")
    return content


def _children(der: bytes) -> list[tuple[int, bytes]]:
    """Split DER into its elements, each as tag and content (X.690 §8.1)."""
    elements: list[tuple[int, bytes]] = []
    position = 0
    while position < len(der):
        kind, length, position = der[position], der[position + 1], position + 2
        if length >= 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[position : position + size], "big")
            position += size
        if position + length > len(der):
            raise ValueError("an element is longer than what holds it")
        elements.append((kind, der[position : position + length]))
        position += length
    return elements


def _oid(element: tuple[int, bytes]) -> str:
    kind, content = element
    if kind != _OBJECT_IDENTIFIER:
        raise ValueError("no object identifier")
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
