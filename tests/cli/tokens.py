"""A kept token, and the account that it belongs to: for commands about tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from envoi.oauth import Token, TokenFolder
from envoi.oauth.record import Record

if TYPE_CHECKING:
    from envoi.drivers.account_file import AccountFile

TOKEN = "ya29-a-token"
ACCOUNT = """
[accounts.google]
server = "smtp.gmail.com"
username = "me@gmail.com"
oauth = { provider = "gmail.com", client_id = "mine" }

[accounts.outlook]
server = "smtp-mail.outlook.com"
username = "me@outlook.com"
oauth = { provider = "outlook.com", client_id = "mine" }

[accounts.plain]
server = "smtp.example.org"
"""


def keep_token(file: AccountFile, name: str) -> None:
    """Put a token that is good for an hour where the program keeps them."""
    now = datetime.now(UTC)
    token = Token(access_token=TOKEN, obtained_at=now, expires_at=now + timedelta(hours=1))
    hold = TokenFolder(file.path.parent / "tokens").try_hold(name)
    assert hold is not None
    hold.save(Record(token=token))
    hold.release()
