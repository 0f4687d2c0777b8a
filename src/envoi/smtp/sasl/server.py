"""The server's side of every mechanism, for the local test server.

The mirror image of `exchange`: `serve` gives a `ServerExchange` whose answers are values,
`Challenge`, `Success` or `Failure`. It is total on whatever a client sends, and checks as a
server must; but it works from readable passwords, so it is no place to build a real one on.
SCRAM has a file of its own, `server_scram`; the values are in `server_steps`.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.smtp.sasl.gs2 import Gs2
from envoi.smtp.sasl.password import keyed_md5
from envoi.smtp.sasl.server_scram import serve_scram
from envoi.smtp.sasl.server_steps import Challenge, Directory, Failure, first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envoi.smtp.sasl.credentials import Channel
    from envoi.smtp.sasl.server_steps import Dialogue, Service, Step, Verdict

__all__ = ["SERVED", "ServerExchange", "serve"]

_XOAUTH2 = re.compile(r"user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01")
_OAUTHBEARER = re.compile(r"\x01(?:[A-Za-z]+=[^\x01]*\x01)*?auth=Bearer ([^\x01]+)\x01\x01")
_SCOPE = "https://mail.example.org/"


class ServerExchange:
    """A login in progress, seen from the server. One exchange serves one attempt."""

    __slots__ = ("_dialogue", "_directory", "_service")

    def __init__(self, service: Service, directory: Directory) -> None:
        self._service = service
        self._directory = directory

    def begin(self, initial: bytes | None) -> Step:
        """Start, with the client's decoded initial response or `None` if it sent none."""
        self._dialogue = self._service(self._directory, initial)
        return self._step(lambda: next(self._dialogue))

    def respond(self, response: bytes) -> Step:
        """Take the client's decoded response to the last `Challenge`."""
        return self._step(lambda: self._dialogue.send(response))

    def _step(self, advance: Callable[[], bytes]) -> Step:
        try:
            return Challenge(advance())
        except StopIteration as end:
            verdict: Verdict | None = end.value
            return verdict or Failure("the login was over")


def serve(
    name: str,
    accounts: Mapping[str, str],
    tokens: Mapping[str, str],
    channel: Channel,
    *,
    certificate_user: str | None = None,
    iterations: int = 4096,
) -> ServerExchange:
    """Return the server's side of the mechanism `name`, one of `SERVED`.

    Args:
        name: in any case.
        accounts: user names and their passwords.
        tokens: access tokens and the user each belongs to.
        channel: gives nonces, and the certificate's hash when -PLUS mechanisms are offered.
        certificate_user: whom the client's certificate names, for EXTERNAL.
        iterations: the count SCRAM asks the client for.

    Raises:
        UsageError: there is no such mechanism here.
    """
    service = _SERVED.get(name.upper())
    if service is None:
        raise UsageError(f"no mechanism {name} is served; there are {', '.join(_SERVED)}")
    directory = Directory(
        accounts=accounts,
        tokens=tokens,
        channel=channel,
        certificate_user=certificate_user,
        iterations=iterations,
    )
    return ServerExchange(service, directory)


def _plain(directory: Directory, initial: bytes | None) -> Dialogue:
    fields = (yield from first(initial)).split(b"\0")
    if len(fields) != 3:
        return Failure("malformed PLAIN message")
    authorization_id, username, password = (field.decode(errors="replace") for field in fields)
    return directory.check_password(username, password, authorization_id)


def _login(directory: Directory, initial: bytes | None) -> Dialogue:
    username = (yield b"Username:") if initial is None else initial
    password = yield b"Password:"
    return directory.check_password(username.decode(errors="replace"), password.decode(errors="replace"))


def _cram_md5(directory: Directory, initial: bytes | None) -> Dialogue:
    if initial is not None:
        return Failure("CRAM-MD5 has no initial response")
    challenge = f"<{directory.channel.nonce().hex()}@{directory.channel.host}>".encode()
    username, _, digest = (yield challenge).decode(errors="replace").rpartition(" ")
    password = directory.accounts.get(username)
    if password is None or not hmac.compare_digest(digest.encode(), keyed_md5(password, challenge).encode()):
        return Failure("wrong user name or password")
    return directory.admit(username)


def _xoauth2(directory: Directory, initial: bytes | None) -> Dialogue:
    match = _XOAUTH2.fullmatch((yield from first(initial)).decode(errors="replace"))
    if match is None:
        return Failure("malformed XOAUTH2 message")
    owner = directory.tokens.get(match[2])
    if owner is None:
        yield json.dumps({"status": "401", "schemes": "bearer", "scope": _SCOPE}).encode()
        return Failure("unknown token")
    return directory.admit(owner, match[1])


def _oauthbearer(directory: Directory, initial: bytes | None) -> Dialogue:
    opening = Gs2.split((yield from first(initial)).decode(errors="replace"))
    match = _OAUTHBEARER.fullmatch(opening[1]) if opening else None
    if opening is None or match is None:
        return Failure("malformed OAUTHBEARER message")
    owner = directory.tokens.get(match[1])
    if owner is None:
        yield json.dumps({"status": "invalid_token", "scope": _SCOPE}).encode()
        return Failure("unknown token")
    return directory.admit(owner, opening[0].authorization_id)


def _external(directory: Directory, initial: bytes | None) -> Dialogue:
    identity = (yield from first(initial)).decode(errors="replace")
    if directory.certificate_user is None:
        return Failure("no client certificate")
    return directory.admit(directory.certificate_user, identity)


_SERVED: Mapping[str, Service] = {
    "SCRAM-SHA-256-PLUS": serve_scram("sha256", plus=True),
    "SCRAM-SHA-256": serve_scram("sha256", plus=False),
    "SCRAM-SHA-1-PLUS": serve_scram("sha1", plus=True),
    "SCRAM-SHA-1": serve_scram("sha1", plus=False),
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "OAUTHBEARER": _oauthbearer,
    "XOAUTH2": _xoauth2,
    "EXTERNAL": _external,
}
SERVED = frozenset(_SERVED)
"""The names that `serve` takes."""
