"""Signing and encrypting mails: DKIM for the domain, S/MIME for the person.

`dkim` has `DKIMSigner`, whose `SignedEmail` (`signed`) streams; `dkim_key` the keys; `coverage` says which
fields are hashed, `canonical` in which form, `present` which signatures are there already. `smime` has
`SMIMESigner` and `SMIMEEncryptor`, `entity` what they take out of a mail; `keys` and `certificates` read what
files hold. Everything here wraps a finished mail and leaves it as it is. The library `cryptography` (extra
`envoi[signing]`) is imported when a key is loaded.
"""

from __future__ import annotations

from envoi.message.signing.coverage import OVERSIGNED, SIGNED
from envoi.message.signing.dkim import DKIMSigner
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
