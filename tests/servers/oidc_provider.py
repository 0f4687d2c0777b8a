"""An OpenID provider: panva's oidc-provider, certified, in Node.

Starts by `running_oidc_provider`; what it offers is in `OIDCProvider`, how it is set up in
`oidc/provider.mjs`. Its access tokens are signed with the key that Dovecot knows, so they open
mailboxes.
"""

from __future__ import annotations

import json
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import RSAKey

from tests.servers.daemon import Daemon
from tests.servers.tokens import ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.ports import PortPool
    from tests.servers.tokens import TokenMint

__all__ = ["MODULES", "OIDCProvider", "running_oidc_provider"]

MODULES = Path(__file__).resolve().parents[2] / ".cache/node/node_modules"
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OIDCProvider:
    """A running provider.

    Attributes:
        issuer: its name and address.
        client_secret: of the clients `daemon` and `a:b c`, with every character that encodings differ about.
        private_key: of the client `signer`, PEM.
    """

    issuer: str
    private_key: str = field(repr=False)
    client_secret: str = "s+cr/t &%:="

    def fail_with(self, *faults: dict[str, Any]) -> None:
        """Have the token endpoint give these answers next: `status`, `headers`, `body`, or `hang`."""
        self._control("faults", list(faults))

    def enter_code(self, user_code: str) -> None:
        """Be the person who types a device's code."""
        self._control("device", user_code)

    def expire(self, access_token: str) -> None:
        """Let the time of an opaque access token be over."""
        self._control("expire", access_token)

    @property
    def introspection_url(self) -> str:
        """Where a mail server asks about tokens, with the name and the secret that it has here."""
        return f"{self.issuer.replace('://', '://dovecot:introspects@')}/token/introspection"

    def token_requests(self) -> list[dict[str, Any]]:
        """What the token endpoint was asked since the last call: `grant`, `status`, `error`, or `fault`."""
        found: list[dict[str, Any]] = self._control("log", None)
        return found

    def _control(self, what: str, content: Any) -> Any:
        request = urllib.request.Request(f"{self.issuer}/control/{what}", data=json.dumps(content).encode())
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
            return json.load(answer)


@contextmanager
def running_oidc_provider(
    folder: Path, node: Path, tokens: TokenMint, ports: PortPool
) -> Iterator[OIDCProvider]:
    """Run the provider with its log in `folder`."""
    port, ready = ports.take(), ports.take()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    settings = {
        "modules": str(MODULES),
        "port": port,
        "ready": ready,
        "key": tokens.key,
        "issuer": ISSUER,
        "jwks": {"keys": [RSAKey.import_key(pem).as_dict(private=False)]},
    }
    script = Path(__file__).with_name("oidc") / "provider.mjs"
    environment = {"SETTINGS": json.dumps(settings), "NODE_ENV": "production"}
    daemon = Daemon([str(node), str(script)], log=folder / "log", environment=environment)
    try:
        daemon.start(port=ready, greeting=b"ready")
        yield OIDCProvider(issuer=f"http://127.0.0.1:{port}", private_key=pem)
    finally:
        daemon.stop()
