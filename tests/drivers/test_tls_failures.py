from __future__ import annotations

import ssl

import pytest

from envoi.drivers.tls_failures import broken, handshake_failed, left, plain_first
from envoi.errors import Phase, Retry


def ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] something")
    error.reason = reason
    return error


def unverified(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "what OpenSSL says"
    return error


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("UNSUPPORTED_PROTOCOL", "too old"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "no TLS version"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "shares no cipher suite"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a client certificate"),
        ("TLSV1_ALERT_UNKNOWN_CA", "authority of our client certificate"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "our client certificate has expired"),
        ("TLSV1_UNRECOGNIZED_NAME", "does not serve this host name"),
    ],
)
def test_says_what_openssl_means(reason: str, words: str) -> None:
    error = broken("192.0.2.1:465", ssl_error(reason))
    assert words in str(error)
    assert error.remedy
    assert error.retry is Retry.NEVER
    assert error.phase is Phase.TLS


def test_says_what_it_does_not_know_in_openssls_words() -> None:
    assert (
        str(broken("x:465", ssl_error("SOMETHING_ELSE"))) == "no TLS with x:465: it broke TLS: something else"
    )


def test_the_servers_own_trouble_may_pass() -> None:
    assert broken("x:465", ssl_error("TLSV1_ALERT_INTERNAL_ERROR")).retry is Retry.LATER


@pytest.mark.parametrize("code", [9, 10, 18, 19, 20, 62, 26])
def test_every_refusal_has_a_remedy_even_without_the_certificate(code: int) -> None:
    error = handshake_failed("x:465", "mail.example.org", unverified(code), {})
    assert error.remedy.endswith((".", "?"))
    assert "\n" not in str(error)


def test_quotes_other_refusals() -> None:
    assert "what OpenSSL says" in str(handshake_failed("x:465", "mail.example.org", unverified(26), {}))


def test_shows_five_names_at_most_and_none_raw() -> None:
    names = tuple(("DNS", f"a{n}.example\n") for n in range(9))
    error = handshake_failed("x:465", "b.example", unverified(62), {"subjectAltName": names})
    assert "'a4.example\\n', …" in str(error)
    assert "a5" not in str(error)


@pytest.mark.parametrize("record", [b"\x16\x03\x03", b"\x15\x03\x01"])
def test_takes_records_for_tls(record: bytes) -> None:
    assert plain_first("x:465", record) is None


def test_quotes_plain_text_without_its_control_characters() -> None:
    error = plain_first("x:465", b"220 \x1b[31mmail\xff\r\nmore")
    assert error is not None
    assert "\x1b" not in str(error)
    assert "more" not in str(error)
    assert "220 " in str(error)


def test_a_peer_that_leaves_may_come_back() -> None:
    assert left("x:465").retry is Retry.LATER
