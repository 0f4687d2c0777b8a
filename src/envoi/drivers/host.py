"""Host names and addresses as text: what may be looked up, compared and sent as SNI.

Pure functions: brackets of an IPv6 literal removed, internationalised names turned into A-labels,
everything that could break out of a line refused. Looking names up is `lookup`'s.
"""

from __future__ import annotations

import ipaddress

from envoi.errors import ConfigError

__all__ = ["a_label", "ip_address", "refuse_controls"]


def refuse_controls(text: str, what: str) -> None:
    """Refuse control characters, which could forge a proxy's request or a log line.

    Raises:
        ConfigError: there is one; the text is not repeated, it may hold a password.
    """
    if any(character < " " or character == "\x7f" for character in text):
        raise ConfigError(f"{what} holds a control character")


def ip_address(host: str) -> str | None:
    """Return the IP address that `host` is, without brackets; None when it is a name."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return None
    return bare


def a_label(host: str) -> str:
    """Return the name as it goes to the DNS and into TLS: ASCII, without brackets (RFC 5890 §2.3.2.1).

    Raises:
        ConfigError: it is neither a name nor an address.
    """
    refuse_controls(host, "the host name")
    if address := ip_address(host):
        return address
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ConfigError(f"{host!r} is not a host name: {error}") from error
    if not name or len(name) > 253 or name.startswith(".") or " " in name:
        raise ConfigError(f"{host!r} is not a host name: 1 to 253 characters in labels of 1 to 63 are one")
    return name
