"""EXTERNAL: the TLS client certificate has already said who we are (RFC 4422, appendix A).

All that is left to say is on whose behalf, if not one's own. Presenting the certificate is the
TLS driver's work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.smtp.sasl.exchange import Exchange, Last, Script

if TYPE_CHECKING:
    from envoi.smtp.sasl.credentials import Channel, Credentials

__all__ = ["external"]


def external(credentials: Credentials, _channel: Channel) -> Exchange:
    """EXTERNAL; the response is empty when the certificate's own identity is meant."""
    return Exchange(_external(credentials.authorization_id or credentials.username or ""))


def _external(identity: str) -> Script:
    yield Last(identity.encode())
