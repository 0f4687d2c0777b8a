"""Logging in: SASL mechanisms as dialogues without I/O (RFC 4422, RFC 4954).

`choose` picks a mechanism, `Mechanism.start` begins its `Exchange`; whoever holds the
connection carries the bytes. Base64, the ``334`` and the ``235`` are the neighbour's in
`smtp`; nonces come in through `Channel`. The other side of each mechanism, for the local
test server, is `serve`.
"""

from __future__ import annotations

from envoi.smtp.sasl.choose import choose
from envoi.smtp.sasl.credentials import Channel, Credentials, Proof
from envoi.smtp.sasl.exchange import Exchange, decode_challenge
from envoi.smtp.sasl.mechanisms import MECHANISMS, Mechanism
from envoi.smtp.sasl.server import SERVED, ServerExchange, serve
from envoi.smtp.sasl.server_steps import Challenge, Failure, Step, Success

__all__ = [
    "MECHANISMS",
    "SERVED",
    "Challenge",
    "Channel",
    "Credentials",
    "Exchange",
    "Failure",
    "Mechanism",
    "Proof",
    "ServerExchange",
    "Step",
    "Success",
    "choose",
    "decode_challenge",
    "serve",
]
