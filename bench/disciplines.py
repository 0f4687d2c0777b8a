"""Who competes, and in what: the contestants by name, and the disciplines with their conditions.

One condition is changed at a time, from 10 KiB to one recipient over one connection in clear; what is most
asked about is changed together with the round trip. How it is measured is `bench.rounds`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALL", "BYTES", "COMPOSED", "QUICK", "Contestant", "Discipline"]

_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A way of sending mail.

    Attributes:
        name: as in the tables.
        peer: the module in `bench.peers`, or the program beside it, with its arguments.
        window: mails under way at once.
        slow_start: whether it has a compiler that wants to see the code run for a while.
    """

    name: str
    peer: str
    window: int = 0
    slow_start: bool = False
    in_clear: bool = False
    """Whether it uses no TLS where the others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discipline:
    """Conditions under which contestants take turns; what the figures are compared with is `reference`."""

    key: str
    title: str
    contestants: tuple[Contestant, ...]
    reference: str = "smtplib"
    size: int = 10 * _KIB
    recipients: int = 1
    connections: int = 1
    starttls: bool = False
    round_trip: float = 0.0
    """In milliseconds."""
    sink: str = "own"
    """Or `smtp-sink`, or `postfix`."""
    chunking: bool = True
    attachment: bool = False
    """Whether one mail with a file of this size is sent, once, by a fresh process."""


SMTPLIB = Contestant(name="smtplib", peer="smtplib_bytes")
AIOSMTPLIB = Contestant(name="aiosmtplib", peer="aiosmtplib_bytes")
NODEMAILER = Contestant(name="nodemailer, raw", peer="nodemailer.mjs raw", slow_start=True)
SMTP_SOURCE = Contestant(name="smtp-source (C)", peer="smtp_source")
SEND = Contestant(name="envoi send", peer="envoi_send")
POOL = Contestant(name="envoi pool.send", peer="envoi_pool")
WINDOW_1 = Contestant(name="envoi send_all", peer="envoi_window", window=1)
WINDOW_64 = Contestant(name="envoi send_all, window 64", peer="envoi_window", window=64)
IN_CLEAR = Contestant(name="envoi send, in clear", peer="envoi_send", in_clear=True)
ASYNC = Contestant(name="envoi await send", peer="envoi_async")
ASYNC_64 = Contestant(name="envoi await send, 64 at once, window 64", peer="envoi_async", window=64)
BYTES = (SMTPLIB, AIOSMTPLIB, NODEMAILER, SMTP_SOURCE, SEND, POOL, WINDOW_1, WINDOW_64, ASYNC, ASYNC_64)
"""Those that send octets which are there already."""

EMAIL_MESSAGE = Contestant(name="smtplib, EmailMessage", peer="smtplib_email")
EMAIL = Contestant(name="envoi send(Email)", peer="envoi_email")
EMAIL_64 = Contestant(name="envoi send_all(Email), window 64", peer="envoi_email", window=64)
COMPOSED = (
    EMAIL_MESSAGE,
    Contestant(name="Django", peer="django_mail"),
    Contestant(name="yagmail", peer="yagmail_send"),
    Contestant(name="redmail", peer="redmail_send"),
    Contestant(name="python-emails", peer="emails_send"),
    Contestant(name="nodemailer", peer="nodemailer.mjs text", slow_start=True),
    Contestant(name="go-mail (Go)", peer="gomail"),
    EMAIL,
    EMAIL_64,
)
"""Those that compose each mail for its recipient."""

FRESH = Contestant(name="smtplib, a connection per message", peer="smtplib_fresh")
HANDLER = Contestant(name="envoi pool.send(Email)", peer="envoi_handler")
SEND_MAIL = Contestant(name="Django send_mail", peer="django_fresh")
ATTACHERS = (
    Contestant(name="smtplib, EmailMessage", peer="smtplib_attachment"),
    Contestant(name="nodemailer", peer="nodemailer.mjs attachment"),
    Contestant(name="envoi send(Email)", peer="envoi_attachment"),
)
_FAR = (SMTPLIB, AIOSMTPLIB, NODEMAILER, SMTP_SOURCE, SEND, WINDOW_1, WINDOW_64)
_SINKS = (SMTPLIB, AIOSMTPLIB, SMTP_SOURCE, SEND, WINDOW_64)


def _sized(name: str, size: int) -> tuple[Discipline, Discipline]:
    return (
        Discipline(key=f"bytes-{name}", title=f"{name}, ready-made octets", contestants=BYTES, size=size),
        Discipline(
            key=f"composed-{name}",
            title=f"{name} of text, composed for each recipient",
            contestants=COMPOSED,
            reference=EMAIL_MESSAGE.name,
            size=size,
        ),
    )


def _far(milliseconds: float, recipients: int) -> Discipline:
    to = "one recipient" if recipients == 1 else f"{recipients} recipients"
    return Discipline(
        key=f"far-{milliseconds:g}-{recipients}",
        title=f"a round trip of {milliseconds:g} ms, {to}",
        contestants=_FAR,
        round_trip=milliseconds,
        recipients=recipients,
    )


_CONDITIONS = (
    Discipline(key="data", title="10 KiB, a server without CHUNKING", contestants=BYTES, chunking=False),
    Discipline(key="recipients", title="10 KiB, 10 recipients", contestants=BYTES, recipients=10),
    Discipline(key="connections", title="10 KiB, 8 connections", contestants=BYTES, connections=8),
    Discipline(key="starttls", title="10 KiB, STARTTLS", contestants=(*BYTES, IN_CLEAR), starttls=True),
    Discipline(
        key="handler",
        title="1 KiB from a web handler, STARTTLS",
        contestants=(FRESH, SEND_MAIL, HANDLER),
        reference=FRESH.name,
        size=_KIB,
        starttls=True,
    ),
    Discipline(key="smtp-sink", title="10 KiB, to Postfix's smtp-sink", contestants=_SINKS, sink="smtp-sink"),
    Discipline(key="postfix", title="10 KiB, to a whole Postfix", contestants=_SINKS, sink="postfix"),
)
ALL = (
    *_sized("1 KiB", _KIB),
    *_sized("10 KiB", 10 * _KIB),
    *_sized("100 KiB", 100 * _KIB),
    *_sized("10 MiB", 10 * _KIB * _KIB),
    *_CONDITIONS,
    Discipline(
        key="attachment",
        title="one attachment of 512 MiB from disk",
        contestants=ATTACHERS,
        reference=ATTACHERS[0].name,
        size=512 * _KIB * _KIB,
        attachment=True,
    ),
    *(_far(milliseconds, recipients) for recipients in (1, 10) for milliseconds in (1, 10, 50)),
)
_QUICK = ("bytes-10 KiB", "composed-1 KiB", "data", "far-1-1")
QUICK = tuple(discipline for discipline in ALL if discipline.key in _QUICK)
