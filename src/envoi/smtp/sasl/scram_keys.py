"""The arithmetic of SCRAM (RFC 5802 §3), the same for both sides and for every hash.

Keys from a password, the client's proof, the server's signature. Messages, their order and
the trust put in them are the neighbours' business: `scram` for the client, `server_scram`
for the server.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from envoi.smtp.sasl.saslprep import saslprep

__all__ = ["Keys", "derive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a password turns into; as secret as the password itself."""

    algorithm: str
    client: bytes = field(repr=False)
    server: bytes = field(repr=False)

    def proof(self, auth_message: bytes) -> bytes:
        """Return ``ClientProof``: shows that the client knows the password."""
        stored = hashlib.new(self.algorithm, self.client).digest()
        signature = hmac.digest(stored, auth_message, self.algorithm)
        return bytes(key ^ mask for key, mask in zip(self.client, signature, strict=True))

    def signature(self, auth_message: bytes) -> bytes:
        """Return ``ServerSignature``: shows that the server knows it too."""
        return hmac.digest(self.server, auth_message, self.algorithm)


def derive(algorithm: str, password: str, *, salt: bytes, iterations: int) -> Keys:
    """Return the keys of `password`; the time this takes grows with `iterations`.

    About 0.3 s for a million iterations of SHA-256.

    Raises:
        UsageError: SASLprep prohibits the password.
    """
    salted = hashlib.pbkdf2_hmac(algorithm, saslprep(password).encode(), salt, iterations)
    return Keys(
        algorithm=algorithm,
        client=hmac.digest(salted, b"Client Key", algorithm),
        server=hmac.digest(salted, b"Server Key", algorithm),
    )
