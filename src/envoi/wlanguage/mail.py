"""`Email` and `emailAttach`: a message as WLanguage knows it, a variable that is filled piece by piece.

`composed` makes an `envoi.Email` of it, which checks everything; `filled` does the reverse. Nothing here
sends. Accents in headers are always encoded, whether or not `emailOptionEncodeHeader` is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import envoi
from envoi.errors import UsageError
from envoi.message.address import Address, Group
from envoi.message.content import WireEncoding
from envoi.message.headers import addresses
from envoi.message.html import embed_images
from envoi.wlanguage.bilingual import Alias
from envoi.wlanguage.constants import Confidentiality, MessageOption, Priority
from envoi.wlanguage.last_error import leaves_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from os import PathLike

    from envoi.message import email as envoi_email
    from envoi.message.signing import SMIMESigner

__all__ = ["Add", "Ajoute", "Email", "composed", "emailAttach", "emailAttache", "filled"]

K = TypeVar("K", bound=int)
V = TypeVar("V")

_PRIORITIES: dict[Priority, envoi_email.Priority | None] = {
    Priority.LOW: "low",
    Priority.NORMAL: None,
    Priority.HIGH: "high",
}
_SENSITIVITIES: dict[Confidentiality, envoi_email.Sensitivity | None] = {
    Confidentiality.NORMAL: None,
    Confidentiality.PERSONAL: "personal",
    Confidentiality.PRIVATE: "private",
    Confidentiality.COMPANY: "company-confidential",
}


@dataclass(slots=True, kw_only=True)
class emailAttach:
    """An attachment.

    Attributes:
        Name, Nom: the file name that the recipient sees.
        Content, Contenu: the octets.
        ContentType: the media type; guessed by the name when it is empty.
        ContentDescription: a line for people.
        Identifier, Identifiant: the content identifier; with one, HTML shows it as ``cid:…``.
    """

    Name: str = ""
    Content: bytes = field(default=b"", repr=False)
    ContentType: str = ""
    ContentDescription: str = ""
    Identifier: str = ""
    # A file that was loaded is read when the mail is sent, however large it is.
    path: Path | None = field(default=None, repr=False)

    Nom = Alias[str]("Name")
    Contenu = Alias[bytes]("Content")
    Identifiant = Alias[str]("Identifier")


emailAttache = emailAttach


@dataclass(slots=True, kw_only=True)
class Email:
    """A message.

    Attributes:
        Sender, Expéditeur: the author, ``Name <address>``.
        Recipient, Destinataire: To.
        Cc: a copy for.
        Bcc, Cci: a copy that the others do not see; in the envelope alone.
        Subject, Sujet: one line.
        Message, TexteBrut: the plain text.
        HTML: the same with layout.
        Attach, Attache: the attachments.
        Source: the whole message as octets, by `EmailBuildSource` or for `EmailImportSource`.
        MessageID: with angle brackets; set by sending when it was empty.
        ID: for `EmailStatus`, set by sending; `MailIdentifier` is the same.
        ReceptionDate, DateRéception: the message's date after `EmailImportSource`.
        Out, EnDehors: whether a loop over messages is past the last; envoi reads none.
        DispositionNotification, ConfirmationLecture: ask for a read receipt.
        Notification, AccuséRéception: ask for a delivery receipt. A read receipt goes before, as in
            WLanguage.
        SenderAddress, AdresseExpéditeur: where answers go.
        Certificate, Certificat: signs the message (S/MIME): an `envoi.message.signing.SMIMESigner`, or the
            path of a ``.p12`` file without a password.
        Priority, Priorité: `emailHighPriority`, `emailNormalPriority`, `emailLowPriority`.
        Confidentiality, Confidentialité: `emailNormal`, `emailPersonal`, `emailPrivate`,
            `emailCompanyConfidential`.
        References, Références: identifiers of earlier messages of the conversation.
        InReplyTo, EnRéponseÀ: the identifier of the message that this one answers.
        Error, Erreur: the text of the error that this message met last.
    """

    Sender: str = ""
    Recipient: list[str] = field(default_factory=list[str])
    Cc: list[str] = field(default_factory=list[str])
    Bcc: list[str] = field(default_factory=list[str])
    Subject: str = ""
    Message: str = ""
    HTML: str = ""
    Attach: list[emailAttach] = field(default_factory=list[emailAttach])
    Source: bytes = field(default=b"", repr=False)
    MessageID: str = ""
    ID: str = ""
    ReceptionDate: datetime | None = None
    Out: bool = False
    DispositionNotification: bool = False
    Notification: bool = False
    SenderAddress: str = ""
    Certificate: SMIMESigner | str | PathLike[str] | None = field(default=None, repr=False)
    Priority: int = Priority.NORMAL
    Confidentiality: int = Confidentiality.NORMAL
    References: list[str] = field(default_factory=list[str])
    InReplyTo: str = ""
    Error: str = ""

    Expéditeur = Expediteur = Alias[str]("Sender")
    Destinataire = Alias["list[str]"]("Recipient")
    Cci = Alias["list[str]"]("Bcc")
    Sujet = Alias[str]("Subject")
    TexteBrut = Alias[str]("Message")
    Attache = Alias["list[emailAttach]"]("Attach")
    MailIdentifier = Alias[str]("ID")
    DateRéception = Alias["datetime | None"]("ReceptionDate")
    EnDehors = Alias[bool]("Out")
    ConfirmationLecture = Alias[bool]("DispositionNotification")
    AccuséRéception = Alias[bool]("Notification")
    AdresseExpéditeur = Alias[str]("SenderAddress")
    Certificat = Alias["SMIMESigner | str | PathLike[str] | None"]("Certificate")
    Priorité = Alias[int]("Priority")
    Confidentialité = Alias[int]("Confidentiality")
    Références = Alias["list[str]"]("References")
    EnRéponseÀ = Alias[str]("InReplyTo")
    Erreur = Alias[str]("Error")

    @leaves_error(otherwise=False)
    def LoadAttachment(self, path: str | PathLike[str], identifier: str = "") -> bool:
        """Attach a file; its octets are read when the mail is sent. See `EmailLoadAttachment`."""
        file = Path(path)
        envoi.Attachment.from_path(file)  # refuses what cannot be attached now, not at the end of the day
        self.Attach.append(emailAttach(Name=file.name, Identifier=identifier, path=file))
        return True

    @leaves_error(otherwise=False)
    def ImportHTML(self, document: str | PathLike[str]) -> bool:
        """Take the HTML of a file, with the pictures beside it. See `EmailImportHTML`."""
        file = Path(document)
        html, pictures = embed_images(file.read_text(encoding="utf-8"), file.parent)
        self.HTML = html  # pyright: ignore[reportConstantRedefinition] - a property, in capitals
        self.Attach += [
            emailAttach(
                Name=picture.filename or "",
                ContentType=picture.content_type,
                Identifier=picture.content_id or "",
                Content=b"".join(picture.source.chunks()),
            )
            for picture in pictures
        ]
        return True

    @leaves_error(otherwise=False)
    def BuildSource(self, options: int = MessageOption.NONE) -> bool:
        """Write the message into `Source`. See `EmailBuildSource`."""
        mail = composed(self, options)
        hidden = _hidden_field(mail) if MessageOption(options) & MessageOption.HEADER_BCC else b""
        self.Source = hidden + mail.to_bytes()
        self.MessageID = mail.message_id
        return True

    @leaves_error(otherwise=False)
    def ImportSource(self) -> bool:
        """Fill the variable from `Source`. See `EmailImportSource`."""
        filled(self, envoi.Email.from_bytes(self.Source))
        return True

    ChargeFichierAttaché = LoadAttachment
    ImporteHTML = ImportHTML
    ConstruitSource = BuildSource
    ImporteSource = ImportSource


def Add(array: list[Any], value: Any) -> int:
    """Put a value at the end of an array; return its place, counted from 1."""
    array.append(value)
    return len(array)


Ajoute = Add


def composed(mail: Email, options: int = MessageOption.NONE) -> envoi.Email:
    """Return the message, checked.

    Raises:
        UsageError: it cannot be sent as it is; the subclass tells what is wrong.
    """
    without_identifiers = bool(MessageOption(options) & MessageOption.WITHOUT_CID)
    return envoi.Email(
        sender=mail.Sender,
        to=_several(mail.Recipient),
        cc=_several(mail.Cc),
        bcc=_several(mail.Bcc),
        reply_to=[mail.SenderAddress] if mail.SenderAddress else (),
        subject=mail.Subject,
        text=mail.Message or None,
        html=mail.HTML or None,
        attachments=[_attachment(each, without_identifiers) for each in mail.Attach],
        message_id=mail.MessageID or None,
        references=mail.References,
        in_reply_to=mail.InReplyTo,
        priority=_named(_PRIORITIES, mail.Priority, "Priority"),
        sensitivity=_named(_SENSITIVITIES, mail.Confidentiality, "Confidentiality"),
        read_receipt=mail.DispositionNotification,
        delivery_receipt=mail.Notification and not mail.DispositionNotification,
    )


def filled(mail: Email, message: envoi.Email) -> None:
    """Fill the variable with what a message says."""
    mail.Sender = str(message.sender)
    mail.Recipient, mail.Cc, mail.Bcc = map(_people, (message.to, message.cc, message.bcc))
    mail.SenderAddress = ", ".join(_people(message.reply_to))
    mail.Subject, mail.Message, mail.HTML = message.subject, message.text or "", message.html or ""
    mail.Attach = [_attached(each) for each in message.attachments]
    mail.MessageID, mail.ReceptionDate = message.message_id, message.date
    mail.References, mail.InReplyTo = list(message.references), " ".join(message.in_reply_to)
    mail.Priority = _number(_PRIORITIES, message.priority)
    mail.Confidentiality = _number(_SENSITIVITIES, message.sensitivity)
    mail.DispositionNotification = message.read_receipt is not None


def _several(people: list[str] | str) -> list[str] | str:
    # A single address instead of an array of one is a transcription's most common slip.
    return people if isinstance(people, str) else [each for each in people if each]


def _people(people: Iterable[Address | Group]) -> list[str]:
    members = (each.members if isinstance(each, Group) else (each,) for each in people)
    return [str(member) for group in members for member in group]


def _attachment(attach: emailAttach, without_identifiers: bool) -> envoi.Attachment:
    identifier = "" if without_identifiers else attach.Identifier
    if attach.path is not None and not attach.Content:
        made = envoi.Attachment.from_path(attach.path, filename=attach.Name or None)
    else:
        made = envoi.Attachment.from_bytes(attach.Content, attach.Name or None)
    return replace(
        made,
        content_type=attach.ContentType or made.content_type,
        description=attach.ContentDescription or None,
        inline=bool(identifier),
        content_id=identifier or None,
    )


def _attached(attachment: envoi.Attachment) -> emailAttach:
    octets = (
        attachment.source.chunks()
        if attachment.message is None
        else attachment.message.chunks(WireEncoding())
    )
    return emailAttach(
        Name=attachment.filename or "",
        Content=b"".join(octets),
        ContentType=attachment.content_type,
        ContentDescription=attachment.description or "",
        Identifier=attachment.content_id or "",
    )


def _named(words: dict[K, V], number: int, name: str) -> V:
    for known, word in words.items():
        if known == number:
            return word
    raise UsageError(f"{number!r} is no {name}")


def _number(words: dict[K, V], word: V) -> K:
    return next(known for known, other in words.items() if other == word)


def _hidden_field(mail: envoi.Email) -> bytes:
    return addresses("Bcc", mail.bcc).encode() if mail.bcc else b""
