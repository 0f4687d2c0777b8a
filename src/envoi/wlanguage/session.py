"""`emailSMTPSession`: a session on an outgoing server, opened, used and closed by its own methods.

The variable holds what the seven properties say until it is opened; then an `envoi.SMTPSession` does the
work. Mail leaves when it is sent; closing only takes leave. The functions that do the same are in
`functions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import envoi
from envoi.errors import ConfigError, UsageError
from envoi.message.address import Address
from envoi.message.signing import SMIMESigner
from envoi.wlanguage.bilingual import Alias
from envoi.wlanguage.constants import MessageOption, Security
from envoi.wlanguage.last_error import leaves_error, remember
from envoi.wlanguage.mail import composed
from envoi.wlanguage.timeouts import timeouts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from envoi.session.content import Progress
    from envoi.wlanguage.mail import Email
    from envoi.wlanguage.oauth import AuthToken

__all__ = ["emailSMTPSession", "emailSessionSMTP"]

_SECURITY = {Security.DEFAULT: "plaintext", Security.SSL: "tls", Security.SECURED_TLS: "starttls"}
_PORTS = {Security.DEFAULT: 25, Security.SSL: 465, Security.SECURED_TLS: 587}


@dataclass(slots=True, kw_only=True, eq=False)
class emailSMTPSession:
    """A session on an outgoing server.

    Attributes:
        ServerAddress, AdresseServeur: name or IP address of the server.
        Port: 25, unless it is set: then what it says; with `Option` alone, 587 or 465.
        Name, Nom: the user to log in as, and the session's name for the old functions.
        Password, MotDePasse: the password; never shown.
        Option: `emailOptionDefault` (in clear), `emailOptionSecuredTLS` (STARTTLS, required), `optionSSL`
            (TLS).
        Asynchronous, Asynchrone: whether mails go into an outbox on disk, which sends them in the background.
        AuthToken: a token of `AuthIdentify`, instead of a password.
        AllowPlaintextAuth, AutoriseMotDePasseEnClair: log in although the connection is in clear. Not in the
            original, where that happens unasked.
        Session: the `envoi.SMTPSession` while it is open; not in the original.
    """

    ServerAddress: str = ""
    Name: str = ""
    Password: str = field(default="", repr=False)
    Option: int = Security.DEFAULT
    Asynchronous: bool = False
    AuthToken: AuthToken | None = None
    AllowPlaintextAuth: bool = False
    Session: envoi.SMTPSession | None = field(default=None, repr=False)
    port: int | None = field(default=None, repr=False)

    AdresseServeur = Alias[str]("ServerAddress")
    Nom = Alias[str]("Name")
    MotDePasse = Alias[str]("Password")
    Asynchrone = Alias[bool]("Asynchronous")
    AutoriseMotDePasseEnClair = Alias[bool]("AllowPlaintextAuth")

    @property
    def Port(self) -> int:
        """The port, set or following `Option`."""
        return self.port if self.port is not None else _PORTS[_security(self.Option)]

    @Port.setter
    def Port(self, port: int) -> None:
        self.port = port

    @leaves_error(otherwise=False)
    def StartSession(self) -> bool:
        """Connect to the server, secure the connection and log in; True when that worked."""
        if self.Session is not None and self.Session.is_open:
            raise UsageError("the session is open already")
        if not self.ServerAddress:
            raise ConfigError("ServerAddress is empty; it names the outgoing server")
        session = self._new_session()
        session.open()
        self.Session = session
        return True

    @leaves_error(otherwise=False)
    def SendMessage(
        self, mail: Email, options: int = MessageOption.NONE, progress: Progress | None = None
    ) -> bool:
        """Send a message; True when the server took it, or, asynchronously, when it is on disk.

        When the server took it, but not for everybody, the answer is True, because sending it again would
        give it to the others twice; `ErrorOccurred` is true then, and `ErrorInfo` names who was refused and
        why.

        Args:
            mail: the message; its `ID` and `MessageID` are filled in.
            options: `emailOptionWithoutCID` leaves the content identifiers of attachments out. Headers are
                always encoded, and a `MessageID` or `References` that is set is always written, so that
                `emailOptionEncodeHeader`, `emailOptionMessageID` and `emailOptionReference` change nothing.
            progress: called with the octets sent, and the total or None.
        """
        mail.Error = ""
        try:
            message = composed(mail, options)
            receipt = self._open_session().send(_signed(mail, message), progress=progress)
        except envoi.EnvoiError as error:
            mail.Error = str(error)
            raise
        mail.MessageID = message.message_id
        mail.ID = receipt.ticket or message.message_id
        _tell_refused(mail, receipt)
        return True

    @leaves_error(otherwise=False)
    def SendSource(self, file: str | PathLike[str], sender: str, recipients: Iterable[str]) -> bool:
        """Send a finished message from a file, as it is; see `EmailSend`."""
        self._open_session().send(
            Path(file),
            sender=sender and Address.parse(sender).spec,
            recipients=[Address.parse(recipient).spec for recipient in recipients],
        )
        return True

    @leaves_error(otherwise=False)
    def CloseSession(self) -> bool:
        """Take leave of the server. Mails are sent already, whatever happens here."""
        session, self.Session = self.Session, None
        if session is not None:
            session.close()
        return True

    OuvreSession = OpenSession = StartSession
    EnvoieMessage = SendMessage
    EnvoieSource = SendSource
    FermeSession = CloseSession

    def _new_session(self) -> envoi.SMTPSession:
        token = self.AuthToken
        return envoi.SMTPSession(
            self.ServerAddress,
            self.Port,
            security=_SECURITY[_security(self.Option)],
            username=self.Name or None,
            password=None if token is not None else self.Password or None,
            auth=None if token is None else token.keeper,
            timeout=timeouts(),
            allow_plaintext_auth=self.AllowPlaintextAuth,
            asynchronous=bool(self.Asynchronous),
        )

    def _open_session(self) -> envoi.SMTPSession:
        if self.Session is None:
            raise UsageError("the session is not open; EmailStartSession opens it")
        return self.Session


emailSessionSMTP = emailSMTPSession


def _security(option: int) -> Security:
    try:
        return Security(option)
    except ValueError:
        raise ConfigError(
            f"Option={option!r} is none of emailOptionDefault, emailOptionSecuredTLS and optionSSL"
        ) from None


def _signed(mail: Email, message: envoi.Email) -> envoi.Email | envoi.RawEmail:
    certificate = mail.Certificate
    if certificate is None:
        return message
    signer = certificate if isinstance(certificate, SMIMESigner) else SMIMESigner.from_pkcs12(certificate)
    return signer.sign(message)


def _tell_refused(mail: Email, receipt: envoi.Receipt) -> None:
    if not receipt.refused:
        return
    refused = "; ".join(f"{address} ({reply})" for address, reply in receipt.refused.items())
    error = envoi.RecipientsRejected(
        f"{receipt.server} took the message for {', '.join(receipt.accepted)}, but not for {refused}",
        refused=receipt.refused,
        phase=envoi.Phase.RCPT,
        accepted=envoi.Accepted.YES,
    )
    mail.Error = str(error)
    remember(error)
