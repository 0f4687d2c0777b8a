"""What went wrong with TLS, said for people: the cause, and what to do about it.

Maps OpenSSL's verification codes and reasons to `TLSFailed`. Nothing is tried again for a server
that could not prove who it is; an expired certificate gets renewed and an interrupted handshake
may be chance, so those are for later. The certificate's own words (its names, its issuer, its
dates) are quoted when the engine could save them.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from envoi.errors import Phase, Retry, TLSFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["broken", "clear_text", "handshake_failed", "left", "plain_first", "wrong_pin"]

# X509_V_ERR_*, from OpenSSL's x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_UNKNOWN_AUTHORITY = {2, 19, 20, 21, 24}
_WRONG_NAME = {62, 64}

_OWN_CA = "If the authority is your own, name its file: tls=TLSOptions(ca_file=…), or SSL_CERT_FILE"
_PIN = "pin the certificate: tls=TLSOptions(fingerprints=(…,))"
_CLIENT_CERTIFICATE = (
    "Check that tls=TLSOptions(client_certificate=…) is the one the server expects and has not expired"
)
_OLD = "TLS 1.2 is the least that is safe; the server must be updated"
_STARTTLS_OR_TLS = (
    "This port speaks plain SMTP first: use security='starttls' (587); security='tls' is for 465"
)

# What the two sides call it, OpenSSL's `reason`, and what it means.
_REASONS = {
    "UNSUPPORTED_PROTOCOL": ("offers only TLS versions that are too old", _OLD),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("offers no TLS version that we may use", _OLD),
    "WRONG_SSL_VERSION": ("offers only TLS versions that are too old", _OLD),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "shares no cipher suite with us, or wants a client certificate",
        "Ask its operator which TLS settings it expects",
    ),
    "NO_SHARED_CIPHER": ("shares no cipher suite with us", "Ask its operator which TLS settings it expects"),
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": (
        "wants stronger ciphers than we offer",
        "Is your OpenSSL up to date?",
    ),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": (
        "wants a client certificate",
        "Give one: tls=TLSOptions(client_certificate=…)",
    ),
    "TLSV1_ALERT_UNKNOWN_CA": ("does not know the authority of our client certificate", _CLIENT_CERTIFICATE),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("refused our client certificate", _CLIENT_CERTIFICATE),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": ("refused our client certificate", _CLIENT_CERTIFICATE),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ("says that our client certificate has expired", _CLIENT_CERTIFICATE),
    "SSLV3_ALERT_CERTIFICATE_REVOKED": ("says that our client certificate is revoked", _CLIENT_CERTIFICATE),
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": ("refused our client certificate's kind", _CLIENT_CERTIFICATE),
    "TLSV1_ALERT_ACCESS_DENIED": ("refused our client certificate", _CLIENT_CERTIFICATE),
    "TLSV1_UNRECOGNIZED_NAME": ("does not serve this host name", "Is it the name its operator gave you?"),
}
# The server's own trouble, which may pass.
_PASSING = {"TLSV1_ALERT_INTERNAL_ERROR", "UNEXPECTED_EOF_WHILE_READING"}


def handshake_failed(peer: str, name: str, error: ssl.SSLError, presented: Mapping[str, Any]) -> TLSFailed:
    """Say why a handshake failed; `presented` is the server's certificate in words, or nothing."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _unverified(peer, name, error, presented)
    return broken(peer, error)


def _unverified(
    peer: str, name: str, error: ssl.SSLCertVerificationError, presented: Mapping[str, Any]
) -> TLSFailed:
    code = error.verify_code
    issuer = _said_by(presented.get("issuer", ()))
    if code == _EXPIRED:
        what = f"has expired{_on(presented.get('notAfter'))}"
        remedy = "Its operator must renew it. Is this machine's clock right?"
        return _failed(peer, f"its certificate {what}", remedy, Retry.LATER)
    if code == _NOT_YET_VALID:
        what = f"its certificate is not valid yet{_on(presented.get('notBefore'))}"
        return _failed(peer, what, "Is this machine's clock right?", Retry.LATER)
    if code in _WRONG_NAME:
        names = _names(presented)
        what = f"its certificate is not for {name!r}" + (f" but for {names}" if names else "")
        return _failed(peer, what, f"Use a name that the certificate has, or {_PIN}")
    if code == _SELF_SIGNED:
        what = "its certificate is self-signed: nobody vouches for it"
        return _failed(peer, what, f"If it is your own server, {_PIN}")
    if code in _UNKNOWN_AUTHORITY:
        what = "its certificate comes from an unknown authority" + (f", {issuer}" if issuer else "")
        return _failed(peer, what, f"{_OWN_CA}. Or the server leaves out its intermediate certificates")
    return _failed(
        peer, f"its certificate was refused: {error.verify_message}", f"If you trust it anyway, {_PIN}"
    )


def broken(peer: str, error: ssl.SSLError) -> TLSFailed:
    """Say what broke TLS, in the handshake or later: under TLS 1.3 the server judges us after it."""
    reason = error.reason or ""
    what, remedy = _REASONS.get(reason, (f"broke TLS: {reason.replace('_', ' ').lower() or error}", ""))
    message = f"no TLS with {peer}: it {what}"
    return TLSFailed(
        message,
        phase=Phase.TLS,
        retry=Retry.LATER if reason in _PASSING else Retry.NEVER,
        remedy=_stop(remedy),
    )


def left(peer: str) -> TLSFailed:
    """The peer closed in the middle of the handshake."""
    remedy = "If it stays so, the server's TLS settings, or a firewall between, may be the cause"
    return _failed(peer, "it closed the connection during the handshake", remedy, Retry.LATER)


def plain_first(peer: str, received: bytes) -> TLSFailed | None:
    """Tell an answer in plain text from a TLS record; None when it can be TLS."""
    # RFC 8446 §5.1: the answer to a ClientHello is a handshake record (22) or an alert (21).
    if received[0] in (21, 22):
        return None
    return _failed(peer, f"it answered in plain text ({_quote(received)})", _STARTTLS_OR_TLS)


def clear_text(peer: str, early: bytes) -> TLSFailed:
    """Bytes that came in clear before the handshake, where none may be (RFC 3207 §6, CVE-2011-0411)."""
    what = f"bytes came in clear before the handshake ({_quote(early)})"
    remedy = f"After STARTTLS that is an attack. With a fresh connection: {_STARTTLS_OR_TLS}"
    return _failed(peer, what, remedy)


def wrong_pin(peer: str, digest: bytes) -> TLSFailed:
    """The certificate is not one of those pinned."""
    what = f"its certificate is none of those pinned; its SHA-256 fingerprint is {digest.hex(':').upper()}"
    return _failed(peer, what, "If the certificate was renewed, ask the operator for its new fingerprint")


def _failed(peer: str, what: str, remedy: str, retry: Retry = Retry.NEVER) -> TLSFailed:
    return TLSFailed(f"no TLS with {peer}: {what}", phase=Phase.TLS, retry=retry, remedy=_stop(remedy))


def _stop(remedy: str) -> str:
    return remedy if not remedy or remedy.endswith((".", "?")) else f"{remedy}."


def _quote(received: bytes) -> str:
    line = received[:60].split(b"\r")[0].split(b"\n")[0]
    return ascii(line.decode("ascii", "backslashreplace"))


def _on(instant: str | None) -> str:
    return f" ({instant})" if instant else ""


def _names(presented: Mapping[str, Any]) -> str:
    names = [
        repr(name) for kind, name in presented.get("subjectAltName", ()) if kind in ("DNS", "IP Address")
    ]
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _said_by(distinguished_name: Iterable[Iterable[tuple[str, str]]]) -> str:
    parts = dict(pair for relative in distinguished_name for pair in relative)
    named = [parts[key] for key in ("commonName", "organizationName") if key in parts]
    return ", ".join(map(repr, named))
