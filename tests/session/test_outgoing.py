"""What callers hand over, and the envelope it comes down to."""

from __future__ import annotations

from email.message import EmailMessage, Message
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.content import WireEncoding
from envoi.message.envelope import DeliveryOptions
from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMSigner
from envoi.session.outgoing import outgoing
from tests.message.signing.material import dkim_ed25519, dkim_rsa, mail

if TYPE_CHECKING:
    from pathlib import Path

RAW = b"From: a@example.org\r\nBcc: secret@example.org\r\nMessage-ID: <1@x.example>\r\n\r\nHello\r\n"
ENVELOPE: dict[str, Any] = {"sender": "a@example.org", "recipients": ["b@example.org"]}


def message(**fields: str) -> EmailMessage:
    """A message of the standard library with these fields."""
    made = EmailMessage()
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content("Hello")
    return made


def addressed(mail: Any, **options: Any) -> tuple[str, list[str]]:
    """Sender and recipients of what is handed over."""
    _, envelope = outgoing(mail, **options)
    return envelope.sender, [recipient.address for recipient in envelope.recipients]


def octets(mail: Any, **options: Any) -> bytes:
    """The octets of what is handed over."""
    content, _ = outgoing(mail, **options)
    return b"".join(content.chunks(WireEncoding(eightbit=True)))


def test_bytes_bring_their_envelope_by_keyword() -> None:
    assert addressed(RAW, **ENVELOPE) == ("a@example.org", ["b@example.org"])


def test_files_do_likewise(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(RAW)
    assert addressed(file, **ENVELOPE) == ("a@example.org", ["b@example.org"])
    assert octets(file, **ENVELOPE).endswith(b"\r\n\r\nHello\r\n")


@pytest.mark.parametrize("missing", ["sender", "recipients"])
def test_bytes_without_an_envelope_go_nowhere(missing: str) -> None:
    """Behaviour 80: before connecting."""
    with pytest.raises(UsageError, match="give sender= and recipients="):
        outgoing(RAW, **{name: value for name, value in ENVELOPE.items() if name != missing})


def test_nobody_is_no_recipient() -> None:
    """Behaviour 80."""
    with pytest.raises(InvalidAddress, match="no recipient"):
        outgoing(RAW, sender="a@example.org", recipients=[])


@pytest.mark.parametrize("mail", [5, "text", None, object()])
def test_refuses_what_is_no_mail(mail: Any) -> None:
    with pytest.raises(UsageError):
        outgoing(mail, **ENVELOPE)


def test_a_raw_email_knows_its_own() -> None:
    mail = RawEmail(RAW, **ENVELOPE)
    assert addressed(mail) == ("a@example.org", ["b@example.org"])
    assert addressed(mail, sender="") == ("", ["b@example.org"])
    assert addressed(mail, recipients=["c@example.org"]) == ("a@example.org", ["c@example.org"])
    options = DeliveryOptions(envid="1")
    assert outgoing(mail, options=options)[1].options is options
    assert outgoing(mail, sender="x@example.org", options=options)[1].options is options


def test_bcc_never_travels() -> None:
    """Behaviour 81."""
    assert b"secret" not in octets(RAW, **ENVELOPE)
    fields = message(From="a@example.org", To="b@example.org", Bcc="secret@example.org")
    assert b"secret" not in octets(fields)
    assert addressed(fields) == ("a@example.org", ["b@example.org", "secret@example.org"])


def test_a_message_brings_its_envelope_in_its_fields() -> None:
    """Behaviours 67, 77 and 81."""
    fields = message(
        From="Zoë <a@example.org>", To="Bob <b@example.org>, c@example.org", Cc="b@example.org, d@example.org"
    )
    assert addressed(fields) == ("a@example.org", ["b@example.org", "c@example.org", "d@example.org"])


def test_the_older_interface_does_likewise() -> None:
    older = Message()
    older["From"] = "a@example.org"
    older["To"] = "friends: b@example.org, c@example.org;"
    older.set_payload("Hello")
    assert addressed(older) == ("a@example.org", ["b@example.org", "c@example.org"])


def test_sender_goes_before_from() -> None:
    """Behaviour 82."""
    fields = message(From="a@example.org, b@example.org", Sender="s@example.org", To="c@example.org")
    assert addressed(fields)[0] == "s@example.org"
    with pytest.raises(InvalidHeader, match="2 authors and no Sender"):
        outgoing(message(From="a@example.org, b@example.org", To="c@example.org"))


def test_resent_fields_go_before_the_original_ones() -> None:
    """Behaviour 81."""
    fields = message(
        From="a@example.org",
        To="b@example.org",
        Resent_Date="Mon, 2 Nov 2026 10:00:00 +0000",
        Resent_From="r@example.org",
        Resent_To="t@example.org",
        Resent_Bcc="u@example.org",
    )
    assert addressed(fields) == ("r@example.org", ["t@example.org", "u@example.org"])
    assert b"u@example.org" not in octets(fields)


def test_a_keyword_makes_the_field_it_replaces_needless() -> None:
    """Programs that send reports give the null sender, and leave From to the message."""
    nobodys = message(To="b@example.org")
    assert addressed(nobodys, sender="x@example.org") == ("x@example.org", ["b@example.org"])
    to_nobody = message(From="a@example.org")
    assert addressed(to_nobody, recipients=["y@example.org"]) == ("a@example.org", ["y@example.org"])


def test_keywords_replace_what_the_fields_say() -> None:
    fields = message(From="a@example.org", To="b@example.org")
    assert addressed(fields, sender="x@example.org") == ("x@example.org", ["b@example.org"])
    assert addressed(fields, recipients=["y@example.org"]) == ("a@example.org", ["y@example.org"])
    assert addressed(message(), sender="", recipients=["y@example.org"]) == ("", ["y@example.org"])


@pytest.mark.parametrize(
    ("mail", "options"),
    [(mail(), {}), (RAW, ENVELOPE), (message(From="a@example.org", To="b@example.org"), {})],
    ids=["email", "bytes", "standard library"],
)
def test_every_kind_of_mail_is_signed_once(mail: Any, options: dict[str, Any]) -> None:
    signer = DKIMSigner(dkim_rsa())
    content: Any
    content, envelope = outgoing(mail, signer=signer, **options)
    assert envelope == outgoing(mail, **options)[1]
    octets = b"".join(content.chunks(WireEncoding()))
    assert octets.startswith(b"DKIM-Signature:")
    assert outgoing(content, signer=signer)[0] is content
    again = b"".join(outgoing(octets, signer=signer, **ENVELOPE)[0].chunks(WireEncoding()))
    assert again == octets
    other, _ = outgoing(octets, signer=DKIMSigner(dkim_ed25519()), **ENVELOPE)
    assert b"".join(other.chunks(WireEncoding())).count(b"DKIM-Signature:") == 2
