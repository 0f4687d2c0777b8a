"""Signing and encrypting mails: DKIM for the domain, S/MIME for the person.

`dkim` has `DKIMSigner`, whose `SignedEmail` (`signed`) streams; `dkim_key` the keys; `canonical` what is
hashed. `smime` has `SMIMESigner` and `SMIMEEncryptor`, `entity` what they take out of a mail, `certificates`
and `keys` how keys and certificates are read. Everything here wraps a finished mail and leaves it as it is;
the cryptography is the library `cryptography` (extra `envoi[signing]`), imported when a key is loaded.
"""

from __future__ import annotations

from envoi.message.signing.dkim import OVERSIGNED, SIGNED, DKIMSigner
from envoi.message.signing.dkim_key import DKIMKey
from envoi.message.signing.signed import Addressed, SignedEmail
from envoi.message.signing.smime import SMIMEEncryptor, SMIMESigner

__all__ = [
    "OVERSIGNED",
    "SIGNED",
    "Addressed",
    "DKIMKey",
    "DKIMSigner",
    "SMIMEEncryptor",
    "SMIMESigner",
    "SignedEmail",
]
