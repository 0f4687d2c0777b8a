"""The law of the dialogue: which verb may come in which state, and where its reply leads.

Both roles obey this one table (RFC 5321 §4.1.4, RFC 3207, RFC 4954, RFC 3030, RFC 2033). `client`
refuses to say what is not in it, `server` answers 503 to it. Everything that changes a state is
here; nothing here does anything.

A row reads: in this state, this verb, when it ends well, goes on, or fails, leads to that state.
A missing outcome leaves the state as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from envoi.smtp.commands import Verb

__all__ = ["LAST_IN_GROUP", "TRANSITIONS", "Outcome", "State"]


class State(Enum):
    """Where a dialogue stands."""

    CONNECTED = "connected"
    """The greeting is awaited."""
    GREETED = "greeted"
    """EHLO is due."""
    READY = "ready"
    """Between transactions."""
    HANDSHAKE = "handshake"
    """STARTTLS was agreed; TLS is next."""
    AUTH = "auth"
    """Inside an authentication exchange."""
    MAIL = "mail"
    """A sender, no recipient yet."""
    RCPT = "rcpt"
    """A sender and at least one recipient."""
    CONTENT = "content"
    """After 354: whatever is written is the message."""
    CHUNKS = "chunks"
    """Between BDAT chunks."""
    SPOILT = "spoilt"
    """A chunk was refused: only RSET makes the transaction's state known again (RFC 3030 §2)."""
    CLOSED = "closed"
    """Nothing more."""

    # As for `Verb`.
    __hash__ = object.__hash__


class Outcome(Enum):
    """What a reply does to the command it answers."""

    DONE = 2
    MORE = 3
    FAILED = 4

    # As for `Verb`.
    __hash__ = object.__hash__


_Row = Mapping[Verb, Mapping[Outcome, State]]

_ANYTIME: _Row = {
    Verb.NOOP: {},
    Verb.HELP: {},
    Verb.VRFY: {},
    Verb.EXPN: {},
    Verb.QUIT: {Outcome.DONE: State.CLOSED, Outcome.FAILED: State.CLOSED},
}
_HELLO: _Row = {
    Verb.EHLO: {Outcome.DONE: State.READY},
    Verb.HELO: {Outcome.DONE: State.READY},
    Verb.LHLO: {Outcome.DONE: State.READY},
}
_RESET: _Row = {Verb.RSET: {Outcome.DONE: State.READY}}
_BODY: _Row = {
    # A server may say 354 to a group whose recipients it all refused (RFC 2920 §3.1), so MAIL is enough.
    Verb.DATA: {Outcome.MORE: State.CONTENT},
    Verb.BDAT: {Outcome.DONE: State.CHUNKS, Outcome.FAILED: State.SPOILT},
    Verb.BDAT_LAST: {Outcome.DONE: State.READY, Outcome.FAILED: State.SPOILT},
}
_RCPT: _Row = {Verb.RCPT: {Outcome.DONE: State.RCPT}}

TRANSITIONS: Mapping[State, _Row] = {
    State.CONNECTED: {Verb.GREETING: {Outcome.DONE: State.GREETED, Outcome.FAILED: State.GREETED}},
    State.GREETED: {**_ANYTIME, **_HELLO, **_RESET},
    State.READY: {
        **_ANYTIME,
        **_HELLO,
        **_RESET,
        Verb.STARTTLS: {Outcome.DONE: State.HANDSHAKE},
        Verb.AUTH: {Outcome.MORE: State.AUTH},
        Verb.MAIL: {Outcome.DONE: State.MAIL},
    },
    State.HANDSHAKE: {},
    State.AUTH: {
        Verb.AUTH_RESPONSE: {Outcome.DONE: State.READY, Outcome.FAILED: State.READY},
    },
    State.MAIL: {**_ANYTIME, **_HELLO, **_RESET, **_RCPT, **_BODY},
    State.RCPT: {**_ANYTIME, **_HELLO, **_RESET, **_RCPT, **_BODY},
    State.CONTENT: {Verb.CONTENT: {Outcome.DONE: State.READY, Outcome.FAILED: State.READY}},
    State.CHUNKS: {
        **_ANYTIME,
        **_RESET,
        Verb.BDAT: _BODY[Verb.BDAT],
        Verb.BDAT_LAST: _BODY[Verb.BDAT_LAST],
    },
    State.SPOILT: {**_ANYTIME, **_RESET, Verb.BDAT: {}, Verb.BDAT_LAST: {}},
    State.CLOSED: {},
}

LAST_IN_GROUP = frozenset(
    {
        Verb.GREETING,
        Verb.EHLO,
        Verb.HELO,
        Verb.LHLO,
        Verb.STARTTLS,
        Verb.AUTH,
        Verb.AUTH_RESPONSE,
        Verb.DATA,
        Verb.NOOP,
        Verb.VRFY,
        Verb.EXPN,
        Verb.HELP,
        Verb.QUIT,
    }
)
"""Verbs after which the client waits before it says anything else (RFC 2920 §3.1)."""
