"""A mail from here to a local server and back: what was said, what was promised, what arrived.

Starts envoi's own test server on loopback (TLS, a login), sends a mail with accents, an attachment and two
recipients, and shows the conversation, the receipt and the mail as received. Ends with an error when anything
differs from what was sent. Run it by ``make demo``; rich makes it pretty and is not needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envoi import Attachment, Email, SMTPSession
from envoi.message.content import WireEncoding
from envoi.testing import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envoi import Receipt
    from envoi.session.transcript import TranscriptLine
    from envoi.testing import ReceivedMessage

USERNAME, PASSWORD = "accounts", "correct horse battery staple"
REPORT = "Mois;Montant\r\nfévrier;1 234,56 €\r\naoût;987,00 €\r\n".encode()
MAIL = Email(
    sender="Comptabilité <accounts@example.com>",
    to=["buyer@example.org", "Zoë Müller <zoe@example.org>"],
    subject="Le rapport d'été est arrivé ☀",
    text="Bonjour à tous,\n\nvoici le rapport. Même ce point\n.\narrive entier.\n\nÀ bientôt\n",
    attachments=[Attachment.from_bytes(REPORT, filename="rapport d'été.csv", content_type="text/csv")],
)


def main() -> int:
    show = _page()
    said: list[TranscriptLine] = []
    with SMTPServer(accounts={USERNAME: PASSWORD}) as server:
        with SMTPSession(**server.session_options(), transcript=said.append) as session:
            receipt = session.send(MAIL)
        (message,) = server.wait_for()
    show.title("The conversation (the secrets are not shown)")
    show.dialogue(said)
    show.title("The receipt")
    show.facts(facts_of(receipt))
    show.title("The mail as received")
    show.facts(contents_of(message))
    checks = check(receipt, message, said)
    show.title("What was sent and what arrived")
    show.verdicts(checks)
    return 0 if all(checks.values()) else 1


def facts_of(receipt: Receipt) -> dict[str, str]:
    return {
        "message": receipt.message_id or "",
        "accepted": ", ".join(receipt.accepted),
        "refused": ", ".join(receipt.refused) or "nobody",
        "reply": str(receipt.reply),
        "secured by": f"{receipt.tls}, certificate {'verified' if receipt.verified else 'not verified'}",
    }


def contents_of(message: ReceivedMessage) -> dict[str, str]:
    mail = message.email
    return {
        "envelope": f"{message.sender} → {', '.join(message.recipients)}",
        "logged in as": f"{message.username} over {message.tls}",
        **{name: str(mail[name]) for name in ("From", "To", "Subject", "Date", "Message-ID")},
        "text": text_of(message).rstrip(),
        "attachments": ", ".join(
            f"{part.get_filename()} ({part.get_content_type()}, {len(part.get_payload(decode=True))} octets)"
            for part in mail.iter_attachments()
        ),
        "size": f"{len(message.data)} octets",
    }


def text_of(message: ReceivedMessage) -> str:
    body = message.email.get_body(("plain",))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


def composed() -> bytes:
    """The mail as it is encoded for a server that takes anything, as ours does."""
    anything = WireEncoding(eightbit=True, binary=True, smtputf8=True)
    return b"".join(MAIL.chunks(MAIL.requirements(anything).encoding))


def check(receipt: Receipt, message: ReceivedMessage, said: Iterable[TranscriptLine]) -> dict[str, bool]:
    """What must hold → whether it does."""
    recipients = tuple(recipient.address for recipient in MAIL.envelope().recipients)
    attached = [part.get_payload(decode=True) for part in message.email.iter_attachments()]
    names = [part.get_filename() for part in message.email.iter_attachments()]
    return {
        "both recipients were accepted": receipt.accepted == recipients == message.recipients,
        "the octets are the ones that were composed": message.data == composed(),
        "the subject has kept its accents": message.email["Subject"] == MAIL.subject,
        "the text has kept its accents and its dot": text_of(message) == MAIL.text,
        "the attachment is the same": attached == [REPORT] and names == ["rapport d'été.csv"],
        "the login was under TLS": message.username == USERNAME and message.tls == receipt.tls is not None,
        "the password is not in the conversation": not any(PASSWORD in line.text for line in said),
    }


class PlainPage:
    """Draws with what every terminal and pipe has."""

    def title(self, text: str) -> None:
        """Begin a part."""
        print(f"\n== {text}\n")

    def dialogue(self, lines: Iterable[TranscriptLine]) -> None:
        """Show who said what."""
        for line in lines:
            print(line)

    def facts(self, facts: Mapping[str, str]) -> None:
        """Show names and values."""
        width = max(map(len, facts))
        for name, value in facts.items():
            first, *more = value.split("\n")
            print(f"{name:<{width}}  {first}")
            for line in more:
                print(f"{'':{width}}  {line}".rstrip())

    def verdicts(self, checks: Mapping[str, bool]) -> None:
        """Show what holds, and what does not."""
        for what, holds in checks.items():
            print(f"{'ok  ' if holds else 'FAIL'} {what}")


class RichPage:
    """Draws with rich."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(highlight=False)

    def title(self, text: str) -> None:
        """Begin a part."""
        self.console.print()
        self.console.rule(f"[bold]{text}", align="left", style="cyan")

    def dialogue(self, lines: Iterable[TranscriptLine]) -> None:
        """Show who said what."""
        from rich.text import Text

        styles = {"C": "green", "S": "blue", "*": "dim italic"}
        for line in lines:
            speaker = line.speaker.value
            self.console.print(
                Text.assemble((f"{speaker} ", f"bold {styles[speaker]}"), (line.text, styles[speaker])),
                soft_wrap=True,
            )

    def facts(self, facts: Mapping[str, str]) -> None:
        """Show names and values."""
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for name, value in facts.items():
            table.add_row(Text(name, style="bold"), Text(value))
        self.console.print(table)

    def verdicts(self, checks: Mapping[str, bool]) -> None:
        """Show what holds, and what does not."""
        for what, holds in checks.items():
            self.console.print(f"[green]✔[/] {what}" if holds else f"[bold red]✘ {what}[/]")


def _page() -> PlainPage | RichPage:
    try:
        return RichPage()
    except ImportError:
        return PlainPage()


if __name__ == "__main__":
    sys.exit(main())
