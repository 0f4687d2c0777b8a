"""Which mail a report is about: tokens that travel in its envelope (VERP or ENVID), and come back.

A token is signed (HMAC-SHA256), so that nobody can have an address suppressed by making up bounces for mails
that they never saw. Who received a mail does know its token: believe a report only about recipients of the
mail that the token stands for. A Message-ID proves nothing. What a token means is the caller's business.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.address import Address
from envoi.message.characters import shown

if TYPE_CHECKING:
    from envoi.message.reports.report import Report

__all__ = ["Origin", "origin_of", "sign_token", "verify_token", "verp_sender", "verp_token"]

# In lower case, since some servers write local parts so; without what some count as a separator.
_TOKEN = re.compile(r"[a-z0-9]+(?:[._][a-z0-9]+)*")
_SIGNED = re.compile(r"([a-z0-9._]{1,100})-([a-z2-7]{16})")
_PURPOSE = b"envoi: token of a report\0"
_LEAST_SECRET = 16
_LONGEST_LOCAL = 64
"""Octets of a local part (RFC 5321 §4.5.3.1.1)."""
_LONGEST_ENVID = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a report says about the mail that it is about.

    Attributes:
        token: the token, when there is one with a right signature.
        envelope_id: the ENVID, as the report has it; anybody can write one.
        message_id: the Message-ID, likewise.
    """

    token: str | None
    envelope_id: str | None
    message_id: str | None


def sign_token(token: str, *, secret: bytes) -> str:
    """The token with its signature, fit for an ENVID (RFC 3461 §4.4) and for the detail of an address.

    Args:
        token: lower-case letters and digits, in groups that dots or underscores part.
        secret: at least 16 octets that nobody else knows.

    Raises:
        UsageError: another token, or a secret that could be guessed.
    """
    if not _TOKEN.fullmatch(token) or len(token) + 17 > _LONGEST_ENVID:
        raise UsageError(
            f"{shown(token)} is no token: 1 to 83 lower-case letters and digits, with dots or underscores "
            "between them; servers change the rest"
        )
    return f"{token}-{_signature(token, secret)}"


def verify_token(signed: str, *, secret: bytes) -> str | None:
    """The token of a signed one, whatever its case; None when it is none, or the signature is wrong.

    Raises:
        UsageError: a secret that could be guessed.
    """
    found = _SIGNED.fullmatch(signed.strip().lower())
    expected = _signature(found[1] if found else "", secret)
    return found[1] if found and hmac.compare_digest(found[2], expected) else None


def verp_sender(base: str | Address, token: str, *, secret: bytes, separator: str = "+") -> str:
    """The envelope sender whose bounces name the token: ``bounces+token-signature@example.com``.

    Args:
        base: the mailbox that takes bounces, as ``bounces@example.com``.
        token: see `sign_token`; 64 octets hold one of 32 with a base of up to 14.
        secret: see `sign_token`.
        separator: what its server takes for the beginning of a detail (RFC 5233).

    Raises:
        InvalidAddress: `base` is not an address.
        UsageError: a wrong token or secret, or together they are too long for an address.
    """
    mailbox = Address.parse(base)
    local = f"{mailbox.local}{separator}{sign_token(token, secret=secret)}"
    if len(local.encode()) > _LONGEST_LOCAL:
        raise UsageError(
            f"the sender {shown(local)}@{mailbox.domain} has more than {_LONGEST_LOCAL} octets before the @; "
            "take a shorter mailbox for bounces, or a shorter token"
        )
    return Address(local=local, domain=mailbox.domain).spec


def verp_token(address: str, base: str | Address, *, secret: bytes, separator: str = "+") -> str | None:
    """The token of an address that `verp_sender` made of the same base; None for any other.

    Raises:
        InvalidAddress: `base` is not an address.
        UsageError: a secret that could be guessed.
    """
    mailbox = Address.parse(base)
    local, _, domain = address.strip().strip("<>").rpartition("@")
    start = f"{mailbox.local}{separator}".lower()
    if domain.lower() != mailbox.domain.lower() or not local.lower().startswith(start):
        return None
    return verify_token(local[len(start) :], secret=secret)


def origin_of(report: Report, base: str | Address | None, *, secret: bytes, separator: str = "+") -> Origin:
    """What finds the mail that a report is about: by VERP, or by an ENVID that `sign_token` made.

    Args:
        report: the report.
        base: the mailbox that takes bounces; None when VERP is not in use.
        secret: see `sign_token`.
        separator: see `verp_sender`.

    Raises:
        InvalidAddress: `base` is not an address.
        UsageError: a secret that could be guessed.
    """
    token = verify_token(report.envelope_id or "", secret=secret)
    if token is None and base is not None:
        found = (verp_token(one, base, secret=secret, separator=separator) for one in _places(report))
        token = next(filter(None, found), None)
    return Origin(token=token, envelope_id=report.envelope_id, message_id=report.message_id)


def _places(report: Report) -> tuple[str, ...]:
    sender = report.feedback.original_sender if report.feedback is not None else None
    return (*report.sent_to, sender or "")


def _signature(token: str, secret: bytes) -> str:
    """80 bits of it in base32, which has one case."""
    if len(secret) < _LEAST_SECRET:
        raise UsageError(
            f"the secret for tokens has at least {_LEAST_SECRET} octets: os.urandom(32) makes one"
        )
    digest = hmac.digest(secret, _PURPOSE + token.encode("ascii"), "sha256")
    return b32encode(digest[:10]).decode("ascii").lower()
