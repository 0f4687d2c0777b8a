"""What the SASL tests share: channels with fixed nonces, and a login played between both sides."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from envoi.smtp.sasl import MECHANISMS, Challenge, Channel, Credentials, Failure, Success

if TYPE_CHECKING:
    from envoi.smtp.sasl import Exchange, Mechanism, ServerExchange

ALICE = Credentials(username="alice", password="open sesame")
BEARER = Credentials(username="alice@example.org", token="ya29.token")
CERTIFIED = Credentials(external=True)

KNOWN: dict[str, Mechanism] = {mechanism.name: mechanism for mechanism in MECHANISMS}


def channel(
    *, secure: bool = True, nonce: bytes | str = bytes(18), end_point: bytes | None = None
) -> Channel:
    """A channel whose nonce is always the same; in text it is meant as it appears on the wire."""
    fixed = b64decode(nonce) if isinstance(nonce, str) else nonce
    return Channel(
        secure=secure, host="mail.example.org", port=587, nonce=lambda: fixed, server_end_point=end_point
    )


def play(client: Exchange, server: ServerExchange, *, inline: bool = True) -> Success | Failure:
    """Let both sides talk as SMTP would carry it; a client that is accepted must agree."""
    response = client.begin()
    if inline or response is None:
        step = server.begin(response)
    else:
        assert server.begin(None) == Challenge(b"")
        step = server.respond(response)
    while isinstance(step, Challenge):
        step = server.respond(client.respond(step.data))
    if isinstance(step, Success):
        client.finish()
    return step
