"""What servers say when they refuse mail, and the status that they could have given: a table of phrases.

For reports without an enhanced status code, or with one that says nothing (``5.0.0``). The order counts: a
full mailbox or a policy is looked for before an unknown one, for a good address that is given up costs more
than a bad one that is tried again. Data only; who asks is `plain` and `suppression`.
"""

from __future__ import annotations

import re

__all__ = ["PHRASES", "STATUS", "status_of", "status_of_words"]

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d]|\.\d)")
"""An enhanced status code (RFC 3463 §2), not part of an IP address or a version."""
_REPLY = re.compile(r"(?<![\d.#])([45])\d\d(?=[ -])")
_LONGEST = 8000
"""Characters that are searched; a reply has 512."""

PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "5.2.2",
        (
            r"over ?quota",
            r"quota (?:is |has been )?(?:exceeded|reached|full)",
            r"exceed\w* (?:\w+ ){0,3}(?:quota|storage)",
            r"(?:mailbox|inbox|mail box|storage|account|bo[iî]te) (?:\w+ ){0,3}(?:full|pleine)",
            r"out of storage|not enough storage|mailbox size limit",
            r"postfach (?:ist )?voll",
            r"ящик переполнен",
        ),
    ),
    (
        "5.2.3",
        (r"(?:message|mail) (?:\w+ ){0,3}(?:too (?:large|big)|exceed\w* (?:\w+ ){0,4}size)", r"size limit"),
    ),
    ("5.1.1", (r"recipient address rejected: access denied",)),  # Microsoft 365, when it knows the directory
    (
        "5.7.1",
        (
            r"\bspam|\bspf\b|\bdkim\b|\bdmarc\b|\brbl\b|\bdnsbl\b|black ?list|block ?list|blocked",
            r"reputation|polic(?:y|ies)|unsolicited|virus|content rejected",
            r"relay(?:ing)? (?:access )?(?:denied|not permitted|not allowed)|access denied",
            r"not authori[sz]ed|sender (?:\w+ ){0,3}(?:rejected|denied)",
        ),
    ),
    ("5.1.10", (r"null ?mx", r"(?:domain|host) does(?: not|n[’']?t) accept (?:e-?)?mail")),
    (
        "5.1.2",
        (
            r"(?:host|domain)(?: name| or domain name)? (?:was |could ?n[o’']t be |could not be |not )?found",
            r"(?:host|domain)(?: name)? was not found|nxdomain",
            r"(?:unknown|no such) (?:host|domain)|(?:host|domain) (?:is )?unknown",
            r"unrouteable mail domain|bad destination host|no mx (?:record|host)s? found",
            r"domain (?:\w+ ){0,2}does(?: not|n[’']t) exist",
        ),
    ),
    (
        "5.2.1",
        (
            (
                r"(?:account|mailbox|user|recipient)(?: \S+)? (?:is |has been |was |currently |temporarily )*"
                r"(?:disabled|inactive|suspended|deactivated|not active|closed)"
            ),
            r"(?:inactive|disabled|deactivated|discontinued) (?:user|account|recipient|mailbox)",
        ),
    ),
    (
        "5.1.1",
        (
            (
                r"(?:user|recipient|mailbox|address|account|addressee)(?: \S+){0,8} (?:is |was |were )?"
                r"(?:unknown|not found|not known|nonexist\w*|non-exist\w*|invalid|does(?: not|n[’']t) exist)"
            ),
            (
                r"(?:unknown|invalid|no such|non-?exist\w*|unrecogni[sz]ed) (?:\w+ )?"
                r"(?:user|recipient|mailbox|address|account|person|addressee)"
            ),
            r"could(?:n[’']t| not) be found|unrouteable address|recipientnotfound",
            r"no mail ?box here|not a (?:known|valid) (?:user|mailbox|recipient)|not our customer",
            r"user doesn[’']t have|no longer (?:available|valid|exists?|employed|works?)",
            r"n[’']existe pas|utilisateur inconnu",
            r"empf[äa]nger (?:\w+ )?unbekannt|unbekannte[rn]? (?:benutzer|empf)|existiert nicht",
            r"usuario desconocido|utente sconosciuto|не существует|не найден",
        ),
    ),
    ("5.4.6", (r"too many hops|mail (?:forwarding )?loop|loops? back|routing loop",)),
    (
        "4.4.7",
        (
            r"(?:been |message |too long )in (?:the |your )?queue",
            r"retry time(?:out)? (?:\w+ ){0,4}(?:exceeded|reached)",
            r"exceeded (?:\w+ ){0,3}(?:retry|retries|time)",
            r"(?:message|delivery|delivery time) expired",
        ),
    ),
    (
        "4.4.1",
        (
            r"connection (?:was )?(?:timed out|refused)|unable to connect|could ?n[o’']t (?:\w+ )?connect",
            r"no route to host|(?:host|network)(?: \S+)? (?:is )?unreachable",
        ),
    ),
)
"""A status, and regular expressions of words that mean it; white space is one space there."""

_COMPILED = tuple((status, re.compile("|".join(words), re.IGNORECASE)) for status, words in PHRASES)


def status_of(text: str) -> str | None:
    """The status that a server's words give or mean; None when they say nothing that is known.

    A code that says something counts for more than words, and words for more than one that says nothing.
    """
    codes = [found[0] for found in STATUS.finditer(text[:_LONGEST])]
    telling = next((code for code in codes if _tells(code)), None)
    if telling is not None:
        return telling
    meant = status_of_words(text)
    if meant is None:
        return codes[0] if codes else _class_of(text)
    # What is temporary to the server is not permanent to us.
    known = codes[0] if codes else _class_of(text)
    return f"4{meant[1:]}" if known is not None and known.startswith("4") else meant


def status_of_words(text: str) -> str | None:
    """The status that phrases mean, whatever codes stand beside them."""
    searched = " ".join(text[:_LONGEST].split())
    return next((status for status, words in _COMPILED if words.search(searched)), None)


def _tells(code: str) -> bool:
    _, subject, detail = code.split(".")
    # 5.4.1 is Microsoft's for an unknown recipient and everybody else's for a silent host: words decide.
    return subject != "0" and detail != "0" and (subject, detail) != ("4", "1")


def _class_of(text: str) -> str | None:
    reply = _REPLY.search(text[:_LONGEST])
    return f"{reply[1]}.0.0" if reply else None
