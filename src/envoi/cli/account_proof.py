"""What ``envoi account add`` has proved, what it could not, and what is kept where: a page and a report.

The proving itself is `account_add`'s business; nothing here asks, connects or writes.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envoi.cli.failures import reply_report
from envoi.cli.page import Mark, Page, Row, Section
from envoi.client.account import account_tokens, token_passphrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.drivers.account_file import AccountFile
    from envoi.ports import TLSInfo
    from envoi.session.account import Account, OAuthClient
    from envoi.session.receipt import Receipt

__all__ = ["Proof", "proof_page", "proof_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was seen to work."""

    tls: TLSInfo | None
    receipt: Receipt | None


def proof_page(account: Account, proof: Proof, file: AccountFile) -> Page:
    """Return what a person sees."""
    use = (
        f"envoi send --account {shlex.quote(account.name)} --to …, SMTPSession.from_account({account.name!r})"
    )
    sections = (
        Section(heading="Proved", rows=tuple(_proved(account, proof))),
        Section(heading="Kept", rows=tuple(_kept(account, file))),
        Section(heading="Use", rows=(Row(text=use),)),
    )
    return Page(title=f"The account {account.name} works", mark=Mark.GOOD, sections=sections)


def _proved(account: Account, proof: Proof) -> Iterator[Row]:
    yield _tls_row(proof.tls)
    if account.username:
        yield Row(label="Login", text=f"accepted for {account.username}", mark=Mark.GOOD)
    else:
        yield Row(label="Login", text="none is wanted", mark=Mark.NONE)
    hint = "that it sends is not proved: no test mail was wanted"
    if proof.receipt is not None:
        text = f"{account.server} took it: {proof.receipt.reply}"
        yield Row(label="Test mail", text=text, mark=Mark.GOOD)
        hint = "that it arrives is not proved: look into the mailbox"
    yield Row(label="Not proved", text=hint, mark=Mark.UNKNOWN)


def _kept(account: Account, file: AccountFile) -> Iterator[Row]:
    yield Row(label="Settings", text=str(file.path))
    if account.password is not None:
        yield Row(label="Password", text=str(account.password))
    if account.oauth is not None:
        yield Row(
            label="Token", text=f"{account_tokens(account).path_of(account.name)}, {_how(account.oauth)}"
        )


def _how(oauth: OAuthClient) -> str:
    if oauth.keyring:
        return "encrypted with a key in the keyring"
    return "encrypted with the passphrase" if token_passphrase() else "not encrypted, yours to read alone"


def _tls_row(tls: TLSInfo | None) -> Row:
    if tls is None:
        return Row(label="TLS", text="none: everything goes in clear", mark=Mark.WARNING)
    return Row(label="TLS", text=f"{tls.version}, the certificate is good", mark=Mark.GOOD)


def proof_report(account: Account, proof: Proof, file: AccountFile) -> dict[str, Any]:
    """Return what a program reads."""
    return {
        "account": account.name,
        "file": str(file.path),
        "server": account.server,
        "port": account.port,
        "security": account.security,
        "username": account.username,
        "tls": None if proof.tls is None else proof.tls.version,
        "token_file": (None if account.oauth is None else str(account_tokens(account).path_of(account.name))),
        "reply": None if proof.receipt is None else reply_report(proof.receipt.reply),
    }
