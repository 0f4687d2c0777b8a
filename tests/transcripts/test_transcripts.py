"""Dialogues with servers as they are met, played both ways and in every chunking.

Each `*.smtp` beside this file is one dialogue, with names of nobody; the table tells how the session was
opened, what was sent, and what came of it.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import AuthenticationFailed, MessageRejected, Retry, SenderRejected
from tests.session.stage import WAYS, mail, sending

if TYPE_CHECKING:
    from envoi.message.raw import RawEmail
    from tests.session.stage import Way

FOLDER = Path(__file__).parent
PASSWORD = {"username": "alice@example.org", "password": "open sesame!"}


@dataclass(frozen=True)
class Case:
    """How a dialogue was held, and what came of it.

    Attributes:
        options: what the session was opened with.
        mails: what was sent; the outcome is that of the last one.
        accepted: the recipients on the receipt.
        refused: the others, with the code of their reply.
        reply: how the reply on the receipt begins.
        error: the error instead of a receipt, and when to try again.
        words: words that the error's text has.
        nonce: what the client drew.
    """

    options: dict[str, Any] = field(default_factory=dict)
    mails: tuple[RawEmail, ...] = (mail(),)
    accepted: tuple[str, ...] = ("b@example.org",)
    refused: dict[str, int] = field(default_factory=dict)
    reply: str = ""
    error: tuple[type[Exception], Retry] | None = None
    words: tuple[str, ...] = ()
    nonce: bytes | None = None


def tokens() -> Any:
    """A source whose first token has expired."""
    left = iter(["ya29.expired", "ya29.fresh"])
    return lambda: next(left)


REFUSED_LOGIN = (AuthenticationFailed, Retry.NEVER)
THREE = mail("b@example.org", "c@example.org", "d@example.org")

CASES: dict[str, Case] = {
    "gmail-xoauth2-expired": Case(
        options={"security": "starttls", "username": "alice@example.org", "auth": tokens},
        reply="250 2.0.0 OK  1763800000",
    ),
    "office365-535-5.7.139": Case(
        options={"security": "starttls", **PASSWORD},
        error=REFUSED_LOGIN,
        words=("switched off", "nor OAuth 2.0 will help"),
    ),
    "office365-basic-authentication-disabled": Case(
        options={"security": "starttls", **PASSWORD},
        error=REFUSED_LOGIN,
        words=("takes no passwords", "OAuth 2.0", "https://outlook.office.com/SMTP.Send"),
    ),
    "office365-550-5.7.30": Case(
        options={"security": "starttls", **PASSWORD},
        error=REFUSED_LOGIN,
        words=("takes no passwords", "OAuth 2.0", "https://outlook.office.com/SMTP.Send"),
    ),
    "office365-535-5.7.3": Case(
        options={"security": "starttls", "username": "alice@example.org", "auth": tokens},
        error=REFUSED_LOGIN,
        words=("another resource or scope", "another mailbox", "service principal", "SMTP AUTH is off"),
    ),
    "office365-530-5.7.57": Case(
        options={"security": "starttls"},
        error=(SenderRejected, Retry.NEVER),
        words=("without logging in first",),
    ),
    "gmail-token-without-scope": Case(
        options={"security": "starttls", "username": "alice@example.org", "auth": tokens},
        error=REFUSED_LOGIN,
        words=("has expired", "sign in again", "wants the scope https://mail.google.com/"),
    ),
    "gmail-534-5.7.9": Case(
        options={"security": "starttls", **PASSWORD},
        error=REFUSED_LOGIN,
        words=("An app password is wanted", "or use OAuth 2.0"),
    ),
    "gmail-535-5.7.8": Case(
        options={"security": "starttls", **PASSWORD},
        error=REFUSED_LOGIN,
        words=("Use an app password", "https://mail.google.com/"),
    ),
    "exchange-plain": Case(options={"security": "starttls", **PASSWORD}, reply="250 2.6.0 <1@example.org>"),
    "postfix-pipelining": Case(
        options={"security": "starttls"},
        mails=(THREE,),
        accepted=("d@example.org",),
        refused={"b@example.org": 550, "c@example.org": 450},
        reply="250 2.0.0 Ok: queued as 4DcXyz1Abc",
    ),
    "old-server-helo": Case(reply="250"),
    "cable-auth-equals": Case(options={"security": "tls", **PASSWORD}, reply="250 2.0.0 mail accepted"),
    "dovecot-lmtp": Case(
        options={"protocol": "lmtp"},
        mails=(THREE,),
        refused={"c@example.org": 452, "d@example.org": 550},
        reply="250 2.0.0 <b@example.org>",
    ),
    "exim-421-after-mails": Case(mails=(mail(), mail()), reply="250 OK id=1vMabd"),
    "spam-refused-after-dot": Case(
        error=(MessageRejected, Retry.NEVER),
        words=("policy restrictions", "https://postmaster.mailhost.example"),
    ),
    "scram-dovecot": Case(
        options={"allow_plaintext_auth": True, "username": "user", "password": "pencil"},
        reply="250 2.0.0 Saved",
        nonce=b64decode("rOprNGfwEbeRWgbNEkqO"),
    ),
}


def test_every_file_is_played() -> None:
    assert {file.stem for file in FOLDER.glob("*.smtp")} == CASES.keys()


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_ends_as_it_did(name: str, way: Way) -> None:
    """Behaviour 128: the same in both colours, whatever the pieces."""
    case = CASES[name]
    options = {key: value() if value is tokens else value for key, value in case.options.items()}
    played = way.play(FOLDER / f"{name}.smtp", sending(*case.mails), nonce=case.nonce, **options)
    if case.error is not None:
        assert (type(played.error), played.error.retry) == case.error
        assert all(words in str(played.error) for words in case.words)
        return
    assert played.error is None
    assert played.result.accepted == case.accepted
    assert {address: reply.code for address, reply in played.result.refused.items()} == case.refused
    assert str(played.result.reply).startswith(case.reply)


@pytest.mark.parametrize("name", CASES)
def test_no_secret_is_in_what_was_shown(name: str) -> None:
    """Behaviour 64."""
    case = CASES[name]
    options = {key: value() if value is tokens else value for key, value in case.options.items()}
    played = WAYS[0].play(FOLDER / f"{name}.smtp", sending(*case.mails), nonce=case.nonce, **options)
    shown = "\n".join(played.lines) + f"{played.error!r}{played.error}"
    assert not [secret for secret in ("sesame", "ya29", "pencil", "b3BlbiBz") if secret in shown]
