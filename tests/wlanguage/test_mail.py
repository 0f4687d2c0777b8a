"""The types `Email` and `emailAttach`: filled piece by piece, checked when they are sent."""

from __future__ import annotations

import email
from email import policy
from typing import TYPE_CHECKING

import pytest

from envoi import InvalidAddress, InvalidHeader, UsageError
from envoi.wlanguage import (
    Add,
    Ajoute,
    Email,
    ErrorInfo,
    ErrorOccurred,
    emailAttach,
    emailAttache,
    emailCompanyConfidential,
    emailHighPriority,
    emailNormal,
    emailNormalPriority,
    emailOptionEncodeHeader,
    emailOptionHeaderBcc,
    emailOptionSansCID,
)

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n"


def parsed(mail: Email) -> EmailMessage:
    assert mail.BuildSource(), ErrorInfo()
    return email.message_from_bytes(mail.Source, policy=policy.default)


def test_arrays_grow_by_add(mail: Email) -> None:
    assert Add(mail.Cc, "a@example.org") == 1
    assert Ajoute(mail.Cc, "b@example.org") == 2
    assert parsed(mail)["Cc"] == "a@example.org, b@example.org"


def test_every_property_has_its_french_name() -> None:
    mail = Email()
    mail.Expéditeur = mail.Expediteur = "a@example.org"
    mail.Destinataire, mail.Cci = ["b@example.org"], ["c@example.org"]
    mail.Sujet, mail.TexteBrut = "Sujet", "Texte"
    mail.ConfirmationLecture, mail.AccuséRéception, mail.AdresseExpéditeur = True, False, "r@example.org"
    mail.Priorité, mail.Confidentialité = emailHighPriority, emailCompanyConfidential
    mail.Références, mail.EnRéponseÀ, mail.MailIdentifier = ["<1@x>"], "<2@x>", "<3@x>"
    assert mail == Email(
        Sender="a@example.org",
        Recipient=["b@example.org"],
        Bcc=["c@example.org"],
        Subject="Sujet",
        Message="Texte",
        DispositionNotification=True,
        SenderAddress="r@example.org",
        Priority=emailHighPriority,
        Confidentiality=emailCompanyConfidential,
        References=["<1@x>"],
        InReplyTo="<2@x>",
        ID="<3@x>",
    )
    message = parsed(mail)
    assert message["Reply-To"] == "r@example.org"
    assert message["Disposition-Notification-To"] == "a@example.org"
    assert message["Sensitivity"] == "company-confidential"
    assert message["References"] == "<1@x>"
    assert message["In-Reply-To"] == "<2@x>"


def test_accents_are_encoded_with_or_without_the_option(mail: Email) -> None:
    mail.BuildSource()
    plain, _, _ = mail.Source.partition(b"\r\n\r\n")
    mail.BuildSource(emailOptionEncodeHeader)
    assert mail.Source.startswith(plain)
    assert plain.isascii()
    assert parsed(mail)["Subject"] == "Le rapport d'été"


def test_hidden_recipients_stay_hidden_unless_asked_for(mail: Email) -> None:
    mail.Bcc = ["secret@example.org"]
    assert parsed(mail)["Bcc"] is None
    assert mail.ConstruitSource(emailOptionHeaderBcc)
    assert email.message_from_bytes(mail.Source)["Bcc"] == "secret@example.org"
    mail.Bcc = []
    mail.BuildSource(emailOptionHeaderBcc)
    assert b"Bcc:" not in mail.Source


def test_a_single_address_is_an_array_of_one(mail: Email) -> None:
    mail.Recipient = "a@example.org"  # type: ignore[assignment]
    assert parsed(mail)["To"] == "a@example.org"


def test_attachments_are_what_was_put_into_them(mail: Email, tmp_path: Path) -> None:
    file = tmp_path / "données.bin"
    file.write_bytes(b"\x00\xff" * 9)
    assert mail.LoadAttachment(file)
    Add(mail.Attach, emailAttach(Name="logo.png", Content=PNG, Identifier="logo", ContentDescription="Logo"))
    mail.HTML = "<img src='cid:logo'>"
    parts = {part.get_filename(): part for part in parsed(mail).walk() if part.get_filename()}
    assert parts["données.bin"].get_payload(decode=True) == b"\x00\xff" * 9
    assert parts["logo.png"]["Content-ID"] == "<logo>"
    assert parts["logo.png"]["Content-Description"] == "Logo"
    assert parts["logo.png"].get_content_type() == "image/png"
    mail.BuildSource(emailOptionSansCID)
    assert b"Content-ID" not in mail.Source


def test_a_missing_file_is_noticed_at_once(mail: Email, tmp_path: Path) -> None:
    assert not mail.ChargeFichierAttaché(tmp_path / "none.pdf")
    assert ErrorOccurred
    assert mail.Attache == []


def test_html_brings_its_pictures(mail: Email, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    page = tmp_path / "page.html"
    page.write_text("<p>Été</p><img src='logo.png'>", encoding="utf-8")
    assert mail.ImporteHTML(page)
    assert [(each.Nom, each.Contenu, each.ContentType) for each in mail.Attach] == [
        ("logo.png", PNG, "image/png")
    ]
    assert f"cid:{mail.Attach[0].Identifiant}" in mail.HTML
    assert not mail.ImportHTML(tmp_path / "none.html")


def test_what_was_built_is_read_back(mail: Email, tmp_path: Path) -> None:
    mail.HTML, mail.Cc, mail.Priority = "<p>Bonjour</p>", ["c@example.org"], emailHighPriority
    mail.SenderAddress, mail.DispositionNotification = "r@example.org", True
    Add(mail.Attach, emailAttache(Name="a.txt", Content=b"hello\n", ContentType="text/plain"))
    assert mail.BuildSource()
    other = Email(Source=mail.Source)
    assert other.ImporteSource(), ErrorInfo()
    for name in ("Sender", "Recipient", "Cc", "Subject", "Priority", "SenderAddress", "MessageID"):
        assert getattr(other, name) == getattr(mail, name), name
    assert other.TexteBrut.strip() == "Bonjour"
    assert other.HTML.strip() == mail.HTML
    assert other.DispositionNotification
    assert [(each.Name, each.Content) for each in other.Attach] == [("a.txt", b"hello\n")]
    assert other.DateRéception is not None


def test_an_attached_message_is_read_as_a_file() -> None:
    source = (
        b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\nFrom: z@example.org\r\n\r\ninner\r\n--b--\r\n"
    )
    mail = Email(Source=source)
    assert mail.ImportSource(), ErrorInfo()
    assert b"inner" in mail.Attach[0].Content


def test_a_broken_source_changes_nothing() -> None:
    mail = Email(Subject="kept", Source=b"\x00")
    assert not mail.ImportSource()
    assert mail.Subject == "kept"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("Sender", "nobody", InvalidAddress),
        ("Subject", "two\r\nlines", InvalidHeader),
        ("Priority", 9, UsageError),
        ("Confidentiality", -1, UsageError),
    ],
)
def test_what_cannot_be_sent_says_why(mail: Email, name: str, value: object, kind: type) -> None:
    setattr(mail, name, value)
    assert not mail.BuildSource()
    assert isinstance(ErrorInfo().exception, kind)


def test_the_usual_needs_no_priority(mail: Email) -> None:
    assert (mail.Priority, mail.Confidentiality) == (emailNormalPriority, emailNormal)
    assert parsed(mail)["Importance"] is None
