"""SCRAM, the server's side (RFC 5802), for the local test server.

The counterpart of `scram`, over the same arithmetic. A wrong password, an unknown user, a
downgrade and a foreign channel end in a `Failure` that names them.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.smtp.sasl.gs2 import BOUND, UNABLE, UNOFFERED, Gs2, unescape
from envoi.smtp.sasl.scram_keys import Keys, derive
from envoi.smtp.sasl.server_steps import Failure, first

if TYPE_CHECKING:
    from envoi.smtp.sasl.server_steps import Dialogue, Directory, Service

__all__ = ["serve_scram"]

_CLIENT_FIRST = re.compile(r"n=([^,\0]+),r=([\x21-\x2b\x2d-\x7e]+)")
_CLIENT_FINAL = re.compile(r"(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)),p=([A-Za-z0-9+/=]+)")


def serve_scram(algorithm: str, *, plus: bool) -> Service:
    """Return the dialogue of one SCRAM mechanism."""

    def dialogue(directory: Directory, initial: bytes | None) -> Dialogue:
        return _converse(algorithm, directory, initial, plus=plus)

    return dialogue


def _converse(algorithm: str, directory: Directory, initial: bytes | None, *, plus: bool) -> Dialogue:
    opening = _read_first((yield from first(initial)))
    if opening is None:
        return Failure("malformed first message")
    header, bare, username, client_nonce = opening
    end_point = directory.channel.server_end_point
    if wrong := _wrong_binding(header.flag, plus=plus, offered=end_point is not None):
        return Failure(wrong)

    nonce = client_nonce + _base64(directory.channel.nonce())
    salt = directory.channel.nonce()
    server_first = f"r={nonce},s={_base64(salt)},i={directory.iterations}"
    response = yield server_first.encode()

    final = _CLIENT_FINAL.fullmatch(response.decode(errors="replace"))
    if final is None:
        return Failure("malformed final message")
    unproved, bound, echoed, proof = final.groups()
    binding = str(header).encode() + (end_point or b"" if plus else b"")
    if echoed != nonce or bound != _base64(binding):
        return Failure("channel-bindings-dont-match" if echoed == nonce else "the nonce is not ours")
    keys = _keys(algorithm, directory, username, salt)
    auth_message = f"{bare},{server_first},{unproved}".encode()
    if keys is None or not hmac.compare_digest(proof, _base64(keys.proof(auth_message))):
        return Failure("invalid-proof")
    yield f"v={_base64(keys.signature(auth_message))}".encode()
    return directory.admit(username, header.authorization_id)


def _keys(algorithm: str, directory: Directory, username: str, salt: bytes) -> Keys | None:
    try:
        return derive(algorithm, directory.accounts[username], salt=salt, iterations=directory.iterations)
    except (KeyError, UsageError):
        return None


def _read_first(message: bytes) -> tuple[Gs2, str, str, str] | None:
    opening = Gs2.split(message.decode(errors="replace"))
    match = _CLIENT_FIRST.fullmatch(opening[1]) if opening else None
    username = unescape(match[1]) if match else None
    if opening is None or match is None or username is None:
        return None
    return opening[0], opening[1], username, match[2]


def _wrong_binding(flag: str, *, plus: bool, offered: bool) -> str:
    if plus:
        return "" if flag == BOUND and offered else "unsupported-channel-binding-type"
    if flag == UNOFFERED and offered:
        return "server-does-support-channel-binding"
    return "" if flag in (UNABLE, UNOFFERED) else "channel-binding-not-supported"


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
