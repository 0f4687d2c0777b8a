"""The name a client introduces itself with (RFC 5321 §4.1.4).

A pure decision: a name that the caller gave, else this machine's when it is a full one, else the
address literal of the connection. It never asks the DNS, which can take seconds and leak names.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

__all__ = ["introduction"]

_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{1,63}")


def introduction(wanted: str | None, hostname: str, address: str | None) -> str:
    """Return the argument of EHLO: a domain, or an address literal (RFC 5321 §4.1.3).

    Args:
        wanted: what the caller asked for; an IP address becomes a literal.
        hostname: what this machine calls itself.
        address: our own IP address on the connection; None on a Unix socket.
    """
    if wanted:
        return _literal(wanted) or wanted
    # Servers refuse the underscores that some machines have in their names.
    name = hostname.rstrip(".").replace("_", "-")
    if _DOMAIN.fullmatch(name):
        return name
    return _literal(address or "") or "localhost"


def _literal(text: str) -> str | None:
    try:
        # A zone ("%eth0") means nothing to the other side.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return f"[IPv6:{address}]"
        return f"[{address.ipv4_mapped}]"
    return f"[{address}]"
