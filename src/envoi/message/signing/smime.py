"""S/MIME (RFC 8551): mails signed by their author, encrypted for their readers, or both, signed first.

Both classes take a mail and give a `RawEmail` that is ready to be sent: its bytes are fixed at once, because
neither a signature nor an encryption comes out the same twice. So the mail is in memory, several times its
size; for attachments of hundreds of megabytes use DKIM, or send a link. How a mail is taken apart is in
`entity`, what certificates say in `certificates`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.encode import base64
from envoi.message.parameters import disposition_field, type_field
from envoi.message.parts import Leaf, Multipart
from envoi.message.signing import keys
from envoi.message.signing.certificates import addresses, check_belongs, check_valid, subject
from envoi.message.signing.entity import Entity
from envoi.message.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7PrivateKeyTypes
    from cryptography.x509 import Certificate

    from envoi.message.raw import RawEmail
    from envoi.message.signing.signed import Addressed

__all__ = ["SMIMEEncryptor", "SMIMESigner"]


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class SMIMESigner:
    """Signs mails with a certificate: `SMIMESigner.from_pkcs12("me.p12", password=…).sign(mail)`.

    Attributes:
        certificate: the author's.
        chain: the certificates between it and an authority that receivers know; they travel with the mail.
    """

    certificate: Certificate
    chain: tuple[Certificate, ...]
    _key: PKCS7PrivateKeyTypes = field(repr=False)

    def __init__(
        self, certificate: Certificate, private_key: PrivateKeyTypes, *, chain: Iterable[Certificate] = ()
    ) -> None:
        """Take what was loaded with `cryptography`.

        Raises:
            UsageError: the key does not belong to the certificate, or is neither RSA nor elliptic-curve.
        """
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        if not isinstance(private_key, (RSAPrivateKey, EllipticCurvePrivateKey)):
            kind = type(private_key).__name__.removesuffix("PrivateKey")
            raise UsageError(f"S/MIME signs with RSA and elliptic-curve keys here, not with {kind}")
        check_belongs(private_key, certificate)
        object.__setattr__(self, "certificate", certificate)
        object.__setattr__(self, "chain", tuple(chain))
        object.__setattr__(self, "_key", private_key)

    @classmethod
    def from_pkcs12(cls, path: str | PathLike[str], *, password: str | None = None) -> SMIMESigner:
        """Load key, certificate and chain from one file (`.p12`, `.pfx`), as mail programs export them.

        Raises:
            UsageError: the file or the password is wrong, or `cryptography` is not installed.
        """
        name = f"the file {str(path)!r}"
        key, certificate, chain = keys.pkcs12(keys.read(path), password, name=name)
        return cls(certificate, key, chain=chain)

    @classmethod
    def from_pem(
        cls,
        certificate: str | PathLike[str],
        private_key: str | PathLike[str],
        *,
        password: str | None = None,
    ) -> SMIMESigner:
        """Load certificate and key from PEM files; the chain follows the certificate in its file.

        Raises:
            UsageError: a file or the password is wrong, or `cryptography` is not installed.
        """
        own, *chain = keys.certificates(keys.read(certificate), name=f"the file {str(certificate)!r}")
        key = keys.private_key(keys.read(private_key), password, name=f"the file {str(private_key)!r}")
        return cls(own, key, chain=chain)

    def __repr__(self) -> str:
        """The holder; never the key."""
        return f"<SMIMESigner {subject(self.certificate)}>"

    def sign(self, mail: Addressed, *, stamp: Stamp | None = None) -> RawEmail:
        """The mail as multipart/signed, readable by programs that know nothing of S/MIME.

        Warns when the certificate is for other addresses than the author's: receivers will distrust it.

        Args:
            mail: an `Email` or a `RawEmail`, composed now for servers that take 7-bit only.
            stamp: the instant at which the certificate must be valid, and the token of the boundary.

        Raises:
            UsageError: the certificate has expired, or the mail cannot be 7-bit.
        """
        made = stamp or Stamp.fresh()
        check_valid(self.certificate, made.at)
        entity = Entity.of(mail)
        self._warn_others(entity)
        signature = Leaf(
            type_field("application/pkcs7-signature", (), "smime.p7s")
            + "Content-Transfer-Encoding: base64\r\n"
            + disposition_field("attachment", "smime.p7s"),
            base64(self._signature(entity.octets)),
        )
        content = Leaf(entity.fields, entity.body, verbatim=True)
        how = (("protocol", "application/pkcs7-signature"), ("micalg", "sha-256"))
        return entity.around(Multipart("signed", (content, signature), how), made.token)

    def _signature(self, octets: bytes) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

        builder = PKCS7SignatureBuilder().set_data(octets).add_signer(self.certificate, self._key, SHA256())
        for certificate in self.chain:
            builder = builder.add_certificate(certificate)
        return builder.sign(Encoding.DER, [PKCS7Options.Binary, PKCS7Options.DetachedSignature])

    def _warn_others(self, entity: Entity) -> None:
        named = addresses(self.certificate)
        if named and not named & entity.authors:
            warnings.warn(
                f"the certificate is for {', '.join(sorted(named))}, and the mail is from "
                f"{', '.join(sorted(entity.authors)) or 'nobody'}: receivers will call the signature invalid",
                stacklevel=3,
            )


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class SMIMEEncryptor:
    """Encrypts mails for the holders of certificates: `SMIMEEncryptor.from_pem("zoe.pem").encrypt(mail)`.

    Attributes:
        certificates: the readers'. The author reads the mail again only with an own certificate among them.
    """

    certificates: tuple[Certificate, ...]

    def __init__(self, *certificates: Certificate) -> None:
        """Take what was loaded with `cryptography`.

        Raises:
            UsageError: there is none, or one with a key that is not RSA.
        """
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        if not certificates:
            raise UsageError("an SMIMEEncryptor needs the certificate of each reader")
        for certificate in certificates:
            if not isinstance(certificate.public_key(), RSAPublicKey):
                raise UsageError(
                    f"the certificate of {subject(certificate)} has no RSA key: others cannot be used here"
                )
        object.__setattr__(self, "certificates", certificates)

    @classmethod
    def from_pem(cls, *paths: str | PathLike[str]) -> SMIMEEncryptor:
        """Load certificates from PEM files, one or several in each.

        Raises:
            UsageError: a file is wrong, or `cryptography` is not installed.
        """
        return cls(
            *(
                certificate
                for path in paths
                for certificate in keys.certificates(keys.read(path), name=f"the file {str(path)!r}")
            )
        )

    def __repr__(self) -> str:
        """The readers."""
        return f"<SMIMEEncryptor for {'; '.join(map(subject, self.certificates))}>"

    def encrypt(self, mail: Addressed, *, stamp: Stamp | None = None) -> RawEmail:
        """The mail as application/pkcs7-mime, with AES-256 in CBC mode.

        Header fields stay readable on the way, Subject included, and whoever holds the mail can see for whom
        it was encrypted: a reader in Bcc is better served by a mail of their own.

        Args:
            mail: an `Email`, a `RawEmail`, or what `SMIMESigner.sign` made of them.
            stamp: the instant at which the certificates must be valid.

        Raises:
            UsageError: a recipient could not read it, a certificate has expired, or the mail cannot be 7-bit.
        """
        made = stamp or Stamp.fresh()
        for certificate in self.certificates:
            check_valid(certificate, made.at)
        entity = Entity.of(mail)
        self._check_readers(entity)
        fields = (
            type_field("application/pkcs7-mime", (("smime-type", "enveloped-data"),), "smime.p7m")
            + "Content-Transfer-Encoding: base64\r\n"
            + disposition_field("attachment", "smime.p7m")
        )
        return entity.around(Leaf(fields, base64(self._encrypted(entity.octets))), made.token)

    def _encrypted(self, octets: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES256
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

        builder = PKCS7EnvelopeBuilder().set_data(octets).set_content_encryption_algorithm(AES256)
        for certificate in self.certificates:
            builder = builder.add_recipient(certificate)
        return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])

    def _check_readers(self, entity: Entity) -> None:
        named = [addresses(certificate) for certificate in self.certificates]
        if not all(named):
            return  # a certificate that names no address may be anybody's
        readers = {address for each in named for address in each}
        without = [each.address for each in entity.envelope.recipients if each.address.lower() not in readers]
        if without:
            raise UsageError(
                f"no certificate for {', '.join(without)}: this mail would be unreadable there; "
                "add the certificate, or leave the recipient out"
            )
