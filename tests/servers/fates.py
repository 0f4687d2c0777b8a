"""What befalls certain recipients and subjects, whoever writes.

Tests name the fate they want (`Fate.DEFERRED`); `postfix.py` turns the tables below into settings, and
`exim.conf` has those of Exim.
"""

from __future__ import annotations

from tests.servers.listeners import ALICE, DOMAIN

__all__ = ["Fate", "access_map", "alias_map", "header_checks"]


class Fate:
    """Recipients, and beginnings of a subject, that meet a fixed end: Postfix's, unless said otherwise."""

    DEFERRED = f"deferred@{DOMAIN}"
    """451 4.3.0 at RCPT; Exim's too."""
    REFUSED = f"refused@{DOMAIN}"
    """550 5.1.1 at RCPT; Exim's too."""
    FULL = f"full@{DOMAIN}"
    """552 5.2.2 at RCPT."""
    SLOW = f"slow@{DOMAIN}"
    """Alice's, but RCPT is answered a second late."""
    SILENT = f"silent@{DOMAIN}"
    """Alice's, but RCPT is answered a minute late: later than any test waits."""
    BOUNCED = f"nobody@{DOMAIN}"
    """Taken, then unknown to Dovecot: the sender gets a bounce; Exim's too."""
    PICKY = f"picky@{DOMAIN}"
    """Exim's: 550 5.7.1 in reply to the final dot, with PRDR for this recipient alone."""
    REFUSED_SUBJECT = "refused after data"
    """550 5.7.1 in reply to the final dot."""
    DEFERRED_SUBJECT = "deferred after data"
    """451 4.7.1 in reply to the final dot."""


_AT_RCPT = {
    Fate.DEFERRED: "451 4.3.0 Try again later",
    Fate.REFUSED: "550 5.1.1 No such user here",
    Fate.FULL: "552 5.2.2 Mailbox full",
    Fate.SLOW: "sleep 1",
    Fate.SILENT: "sleep 60",
}
_AFTER_DATA = {
    Fate.REFUSED_SUBJECT: "REJECT 5.7.1 Refused for its subject",
    Fate.DEFERRED_SUBJECT: "REJECT 4.7.1 Not now, for its subject",
}


def access_map() -> str:
    """The recipients' fates as the body of an inline access(5) table."""
    return _inline(_AT_RCPT)


def alias_map() -> str:
    """Where mail for a recipient who exists for his fate alone ends up."""
    return _inline(dict.fromkeys((Fate.SLOW, Fate.SILENT), ALICE.address))


def header_checks() -> str:
    """The subjects' fates as a regexp_table(5)."""
    return "".join(f"/^Subject: {subject}/ {action}\n" for subject, action in _AFTER_DATA.items())


def _inline(table: dict[str, str]) -> str:
    return ", ".join(f"{{ {key} = {value} }}" for key, value in table.items())
