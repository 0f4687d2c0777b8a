"""The mechanisms envoi speaks, strongest first, as a table.

A row says what a mechanism needs; which row is taken for a given server and credentials is
decided in `choose`, what its messages look like is told in the module it starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.smtp.sasl.bearer import oauthbearer, xoauth2
from envoi.smtp.sasl.credentials import Channel, Credentials, Proof
from envoi.smtp.sasl.external import external
from envoi.smtp.sasl.password import cram_md5, login, plain
from envoi.smtp.sasl.scram import scram

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.smtp.sasl.exchange import Exchange

__all__ = ["MECHANISMS", "Mechanism"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One way to log in.

    Attributes:
        name: its registered name, in capitals.
        start: begins a login; does not look at what the server offers.
        proof: what the login rests on.
        binds: the login is bound to the server's certificate.
        prepares: user name and password go through SASLprep, which prohibits some.
        delegates: it can act on behalf of another identity.
        names_mailbox: it cannot do without a user name.
    """

    name: str
    start: Callable[[Credentials, Channel], Exchange]
    proof: Proof = Proof.PASSWORD
    binds: bool = False
    prepares: bool = False
    delegates: bool = True
    names_mailbox: bool = False


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(name="SCRAM-SHA-256-PLUS", start=scram("sha256", plus=True), binds=True, prepares=True),
    Mechanism(name="SCRAM-SHA-256", start=scram("sha256"), prepares=True),
    Mechanism(name="SCRAM-SHA-1-PLUS", start=scram("sha1", plus=True), binds=True, prepares=True),
    Mechanism(name="SCRAM-SHA-1", start=scram("sha1"), prepares=True),
    Mechanism(name="PLAIN", start=plain),
    Mechanism(name="LOGIN", start=login, delegates=False),
    # Last although it hides the password: the server must keep it readable, and under TLS, which
    # the others have, hiding it adds nothing (RFC 8314 and draft-ietf-sasl-crammd5-to-historic).
    Mechanism(name="CRAM-MD5", start=cram_md5, delegates=False),
    Mechanism(name="OAUTHBEARER", start=oauthbearer, proof=Proof.TOKEN),
    Mechanism(name="XOAUTH2", start=xoauth2, proof=Proof.TOKEN, names_mailbox=True),
    Mechanism(name="EXTERNAL", start=external, proof=Proof.CERTIFICATE),
)
