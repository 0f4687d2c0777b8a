"""The parameters of MAIL and RCPT, one function per parameter.

Each returns the text as it stands on the line, without the blank in front. Whether a server offers
the extension is for `session` to ask, and whether a value is in its range was checked with the
envelope; what it means is in the RFC named beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from envoi.errors import LocalProtocolError, Phase

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

__all__ = [
    "body",
    "deliver_by",
    "envid",
    "hold_for",
    "hold_until",
    "mt_priority",
    "notify",
    "orcpt",
    "require_tls",
    "ret",
    "size",
    "smtputf8",
    "xtext",
]

_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")
# RFC 6533 §3: in utf-8-addr-xtext a character outside QCHAR is written as \x{HEX}.
_NOT_UNITEXT = re.compile(r"[^!-*,-<>-\[\]-~]")


def xtext(value: str) -> str:
    """Encode as xtext (RFC 3461 §4): ``+``, ``=`` and everything unprintable become ``+HH``."""
    if not value.isascii():
        raise LocalProtocolError(f"{value!r} must be ASCII here", phase=Phase.MAIL)
    return _NOT_XTEXT.sub(lambda match: f"+{ord(match[0]):02X}", value)


def size(octets: int) -> str:
    """SIZE (RFC 1870)."""
    return f"SIZE={octets:d}"


def body(kind: Literal["7bit", "8bitmime", "binarymime"]) -> str:
    """BODY (RFC 6152, RFC 3030)."""
    return f"BODY={kind.upper()}"


def smtputf8() -> str:
    """SMTPUTF8 (RFC 6531)."""
    return "SMTPUTF8"


def require_tls() -> str:
    """REQUIRETLS (RFC 8689)."""
    return "REQUIRETLS"


def ret(what: Literal["full", "headers"]) -> str:
    """RET: what a failure notification brings back (RFC 3461 §4.3)."""
    return f"RET={'FULL' if what == 'full' else 'HDRS'}"


def envid(identifier: str) -> str:
    """ENVID: comes back in notifications (RFC 3461 §4.4)."""
    return f"ENVID={xtext(identifier)}"


def mt_priority(level: int) -> str:
    """MT-PRIORITY, -9 to 9 (RFC 6710)."""
    return f"MT-PRIORITY={level:d}"


def hold_for(seconds: int) -> str:
    """HOLDFOR: release after so many seconds (RFC 4865)."""
    return f"HOLDFOR={seconds:d}"


def hold_until(instant: datetime) -> str:
    """HOLDUNTIL: release at an aware instant (RFC 4865)."""
    return f"HOLDUNTIL={instant.isoformat(timespec='seconds')}"


def deliver_by(seconds: int, mode: Literal["return", "notify"], *, trace: bool = False) -> str:
    """BY: deliver within so many seconds, else return or notify (RFC 2852)."""
    return f"BY={seconds:d};{'R' if mode == 'return' else 'N'}{'T' if trace else ''}"


def notify(conditions: Collection[str]) -> str:
    """NOTIFY: ``never``, or some of ``success``, ``failure``, ``delay`` (RFC 3461 §4.1)."""
    return f"NOTIFY={','.join(sorted(condition.upper() for condition in conditions))}"


def orcpt(address: str) -> str:
    """ORCPT: the original recipient (RFC 3461 §4.2, RFC 6533 §3 when it is not ASCII)."""
    if address.isascii():
        return f"ORCPT=rfc822;{xtext(address)}"
    return "ORCPT=utf-8;" + _NOT_UNITEXT.sub(lambda match: rf"\x{{{ord(match[0]):X}}}", address)
