"""SCRAM, the client's side (RFC 5802; RFC 7677 for SHA-256), with and without channel binding.

The password never leaves, and the server has to prove that it knows it: `finish` of the
exchange raises when it did not. What a server may ask for is bounded here, since it chooses
how long the client computes. The arithmetic is in `scram_keys`, the header in `gs2`.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import AuthenticationFailed, Phase, Retry
from envoi.smtp.sasl.exchange import Exchange, Last, Script, broken, decode_challenge
from envoi.smtp.sasl.gs2 import BOUND, UNABLE, UNOFFERED, Gs2, escape
from envoi.smtp.sasl.saslprep import saslprep
from envoi.smtp.sasl.scram_keys import derive

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.smtp.sasl.credentials import Channel, Credentials

__all__ = ["FEWEST_ITERATIONS", "MOST_ITERATIONS", "scram"]

FEWEST_ITERATIONS = 4096
"""RFC 7677 §4 allows no less, and no mail server defaults to less. A smaller count is what
somebody asks for who collects proofs in order to guess the password behind them."""
MOST_ITERATIONS = 2_000_000
"""Above the highest count in common advice (1.3 million for SHA-1) and still about a second
of computing; a server that asks for more wants to hang its client."""

_ATTRIBUTE = re.compile(r"([A-Za-z])=([^,\0]+)")
_NONCE = re.compile(r"[\x21-\x2b\x2d-\x7e]+")
_DIGITS = re.compile(r"[1-9][0-9]{0,8}")

_REFUSALS = {
    "invalid-proof": "the password is wrong",
    "unknown-user": "the server does not know the user",
    "channel-bindings-dont-match": "somebody stands between us and the server: it sees another certificate",
    "server-does-support-channel-binding": "somebody hid the server's -PLUS mechanisms from us",
    "channel-binding-not-supported": "the server cannot bind a login to its certificate",
    "unsupported-channel-binding-type": "the server knows no tls-server-end-point",
    "no-resources": "the server lacks the resources for a login just now",
}


def scram(algorithm: str, *, plus: bool = False) -> Callable[[Credentials, Channel], Exchange]:
    """Return the `start` of a SCRAM mechanism.

    Args:
        algorithm: the hash, by its name in `hashlib`.
        plus: bind the login to the server's certificate (the -PLUS mechanisms).
    """

    def start(credentials: Credentials, channel: Channel) -> Exchange:
        return Exchange(_converse(algorithm, credentials, channel, plus=plus))

    return start


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerFirst:
    nonce: str
    salt: bytes
    iterations: int


def _converse(algorithm: str, credentials: Credentials, channel: Channel, *, plus: bool) -> Script:
    username, password = credentials.login()
    header, binding = _binding(credentials, channel, plus=plus)
    nonce = b64encode(channel.nonce()).decode()
    first = f"n={escape(saslprep(username))},r={nonce}"

    challenge = yield f"{header}{first}".encode()
    offer = _read_server_first(challenge, nonce)
    keys = derive(algorithm, password, salt=offer.salt, iterations=offer.iterations)
    final = f"c={b64encode(str(header).encode() + binding).decode()},r={offer.nonce}".encode()
    auth_message = b",".join((first.encode(), challenge, final))

    challenge = yield final + b",p=" + b64encode(keys.proof(auth_message))
    if not hmac.compare_digest(_read_server_final(challenge), keys.signature(auth_message)):
        raise AuthenticationFailed(
            "the server could not prove that it knows the password",
            phase=Phase.AUTH,
            retry=Retry.NEVER,
            remedy="Check the host name: this may not be the server you mean.",
        )
    yield Last(b"")


def _binding(credentials: Credentials, channel: Channel, *, plus: bool) -> tuple[Gs2, bytes]:
    end_point = channel.server_end_point
    flag = UNABLE if end_point is None else BOUND if plus else UNOFFERED
    header = Gs2(flag=flag, authorization_id=credentials.authorization_id)
    return header, end_point if end_point is not None and plus else b""


def _read_server_first(challenge: bytes, nonce: str) -> _ServerFirst:
    attributes = _attributes(challenge)
    if attributes[0][0] == "m":
        raise broken("the server's SCRAM challenge demands an extension that envoi does not know")
    if [name for name, _ in attributes[:3]] != ["r", "s", "i"]:
        raise broken("the server's SCRAM challenge lacks nonce, salt or iteration count")
    whole, salt, iterations = (value for _, value in attributes[:3])
    if not (whole.startswith(nonce) and len(whole) > len(nonce) and _NONCE.fullmatch(whole)):
        raise broken("the server's SCRAM nonce does not continue ours: its answer is to somebody else")
    return _ServerFirst(nonce=whole, salt=decode_challenge(salt), iterations=_iterations(iterations))


def _iterations(text: str) -> int:
    count = int(text) if _DIGITS.fullmatch(text) else 0
    if not FEWEST_ITERATIONS <= count <= MOST_ITERATIONS:
        raise broken(
            "the server's SCRAM iteration count is not a number between "
            f"{FEWEST_ITERATIONS} and {MOST_ITERATIONS}"
        )
    return count


def _read_server_final(challenge: bytes) -> bytes:
    name, value = _attributes(challenge)[0]
    if name == "e":
        raise AuthenticationFailed(
            f"the server refused the login: {_REFUSALS.get(value, 'SCRAM failed, no reason given')}",
            phase=Phase.AUTH,
            retry=Retry.LATER if value == "no-resources" else Retry.NEVER,
        )
    if name != "v":
        raise broken("the server's last SCRAM message holds no signature")
    return decode_challenge(value)


def _attributes(message: bytes) -> list[tuple[str, str]]:
    try:
        matches = [_ATTRIBUTE.fullmatch(part) for part in message.decode().split(",")]
    except UnicodeDecodeError:
        raise broken("the server's SCRAM message is not UTF-8") from None
    attributes = [(match[1], match[2]) for match in matches if match]
    if len(attributes) != len(matches):
        raise broken("the server's SCRAM message is malformed")
    return attributes
