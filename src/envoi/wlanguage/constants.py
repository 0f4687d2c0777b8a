"""The constants, in English and in French.

Security and states are enumerations of whole numbers, options of a message are flags to be added with ``+``
or ``|``, as WLanguage does. The constants of reading mail are here too, so that a program that names them can
be transcribed; envoi sends, and has no function that takes them.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = [
    "emailAddressError",
    "emailAddressIncorrectSyntax",
    "emailAddressRefused",
    "emailAddressValid",
    "emailAdresseErreur",
    "emailAdresseRefusée",
    "emailAdresseSyntaxeIncorrecte",
    "emailAdresseValide",
    "emailAll",
    "emailAsynchrone",
    "emailAsynchronous",
    "emailAucun",
    "emailBody",
    "emailCompanyConfidential",
    "emailConfidentiel",
    "emailCorps",
    "emailDestinataire",
    "emailEnAttente",
    "emailEnvoyé",
    "emailErreur",
    "emailError",
    "emailEtatLu",
    "emailEtatNonLu",
    "emailExpéditeur",
    "emailHighPriority",
    "emailLowPriority",
    "emailMessageID",
    "emailNonLus",
    "emailNone",
    "emailNormal",
    "emailNormalPriority",
    "emailOptionDefault",
    "emailOptionDéfaut",
    "emailOptionEncodeEntête",
    "emailOptionEncodeHeader",
    "emailOptionEntêteCci",
    "emailOptionForwarded",
    "emailOptionHeaderBcc",
    "emailOptionMessageID",
    "emailOptionReference",
    "emailOptionReplyAbove",
    "emailOptionRepondreAvant",
    "emailOptionRéférence",
    "emailOptionRépondreAvant",
    "emailOptionSansCID",
    "emailOptionSecuredTLS",
    "emailOptionSécuriséTLS",
    "emailOptionTransféré",
    "emailOptionWithoutCID",
    "emailPending",
    "emailPersonal",
    "emailPersonnel",
    "emailPrioritéBasse",
    "emailPrioritéHaute",
    "emailPrioritéNormale",
    "emailPrivate",
    "emailPrivé",
    "emailProtocolSMTPS",
    "emailRecipient",
    "emailSender",
    "emailSent",
    "emailStateRead",
    "emailStateUnread",
    "emailSubject",
    "emailSujet",
    "emailSynchrone",
    "emailSynchronous",
    "emailTous",
    "emailUnread",
    "emailValidateByServer",
    "emailValidateStrictSyntax",
    "emailValidateSyntax",
    "emailValideParServeur",
    "emailValideSyntaxe",
    "emailValideSyntaxeStrict",
    "errComplet",
    "errComplete",
    "errMessage",
    "errMessageSystème",
    "errSystemMessage",
    "ertAsynchronous",
    "ertFull",
    "ertHeader",
    "ertNotRead",
    "oauth2ResponseTypeCode",
    "oauth2TypeRéponseCode",
    "optionSSL",
]


class Security(IntEnum):
    """How a session is secured; one of them, never a sum."""

    DEFAULT = 0
    SSL = 1
    SECURED_TLS = 2


class Status(IntEnum):
    """What became of a mail that was sent asynchronously."""

    PENDING = 0
    SENT = 1
    ERROR = 2


class MessageOption(IntFlag):
    """What to do with one message."""

    NONE = 0
    ENCODE_HEADER = 1
    HEADER_BCC = 2
    MESSAGE_ID = 4
    REFERENCE = 8
    WITHOUT_CID = 16
    REPLY_ABOVE = 32
    FORWARDED = 64


class Priority(IntEnum):
    """How urgent a message is."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Confidentiality(IntEnum):
    """For whom a message is."""

    NORMAL = 0
    PERSONAL = 1
    PRIVATE = 2
    COMPANY = 3


class Check(IntEnum):
    """How thoroughly `EmailCheckAddress` looks."""

    SYNTAX = 0
    STRICT_SYNTAX = 1
    BY_SERVER = 2


class Verdict(IntEnum):
    """What `EmailCheckAddress` found."""

    VALID = 0
    INCORRECT_SYNTAX = 1
    REFUSED = 2
    ERROR = 3


class ErrorDetail(IntEnum):
    """Which of its texts `ErrorInfo` returns."""

    MESSAGE = 0
    COMPLETE = 1
    SYSTEM_MESSAGE = 2


class Reading(IntEnum):
    """Which messages to read, where to search, how much to fetch, and whether one was read."""

    ALL = 0
    UNREAD = 1
    NONE = 2
    BODY = 3
    MESSAGE_ID = 4
    SUBJECT = 5
    SENDER = 6
    RECIPIENT = 7
    STATE_READ = 8
    STATE_UNREAD = 9
    HEADER = 10
    FULL = 11
    NOT_READ = 12
    ASYNCHRONOUS = 13


class ResponseType(IntEnum):
    """What an authorization server answers with."""

    CODE = 0


# Modes of sending: Booleans, as they may be written as well.
emailSynchronous = emailSynchrone = False
emailAsynchronous = emailAsynchrone = True

emailPending = emailEnAttente = Status.PENDING
emailSent = emailEnvoyé = Status.SENT
emailError = emailErreur = Status.ERROR

emailOptionDefault = emailOptionDéfaut = Security.DEFAULT
optionSSL = Security.SSL
emailOptionSecuredTLS = emailOptionSécuriséTLS = Security.SECURED_TLS
emailProtocolSMTPS = Security.SECURED_TLS  # what older editions call it

emailOptionEncodeHeader = emailOptionEncodeEntête = MessageOption.ENCODE_HEADER
emailOptionHeaderBcc = emailOptionEntêteCci = MessageOption.HEADER_BCC
emailOptionMessageID = MessageOption.MESSAGE_ID
emailOptionReference = emailOptionRéférence = MessageOption.REFERENCE
emailOptionWithoutCID = emailOptionSansCID = MessageOption.WITHOUT_CID
emailOptionReplyAbove = emailOptionRepondreAvant = emailOptionRépondreAvant = MessageOption.REPLY_ABOVE
emailOptionForwarded = emailOptionTransféré = MessageOption.FORWARDED

emailLowPriority = emailPrioritéBasse = Priority.LOW
emailNormalPriority = emailPrioritéNormale = Priority.NORMAL
emailHighPriority = emailPrioritéHaute = Priority.HIGH

emailNormal = Confidentiality.NORMAL
emailPersonal = emailPersonnel = Confidentiality.PERSONAL
emailPrivate = emailPrivé = Confidentiality.PRIVATE
emailCompanyConfidential = emailConfidentiel = Confidentiality.COMPANY

emailValidateSyntax = emailValideSyntaxe = Check.SYNTAX
emailValidateStrictSyntax = emailValideSyntaxeStrict = Check.STRICT_SYNTAX
emailValidateByServer = emailValideParServeur = Check.BY_SERVER

emailAddressValid = emailAdresseValide = Verdict.VALID
emailAddressIncorrectSyntax = emailAdresseSyntaxeIncorrecte = Verdict.INCORRECT_SYNTAX
emailAddressRefused = emailAdresseRefusée = Verdict.REFUSED
emailAddressError = emailAdresseErreur = Verdict.ERROR

errMessage = ErrorDetail.MESSAGE
errComplete = errComplet = ErrorDetail.COMPLETE
errSystemMessage = errMessageSystème = ErrorDetail.SYSTEM_MESSAGE

oauth2ResponseTypeCode = oauth2TypeRéponseCode = ResponseType.CODE

emailAll = emailTous = Reading.ALL
emailUnread = emailNonLus = Reading.UNREAD
emailNone = emailAucun = Reading.NONE
emailBody = emailCorps = Reading.BODY
emailMessageID = Reading.MESSAGE_ID
emailSubject = emailSujet = Reading.SUBJECT
emailSender = emailExpéditeur = Reading.SENDER
emailRecipient = emailDestinataire = Reading.RECIPIENT
emailStateRead = emailEtatLu = Reading.STATE_READ
emailStateUnread = emailEtatNonLu = Reading.STATE_UNREAD
ertHeader = Reading.HEADER
ertFull = Reading.FULL
ertNotRead = Reading.NOT_READ
ertAsynchronous = Reading.ASYNCHRONOUS
