"""``envoi send``: one mail, now, with a receipt.

Puts the pieces together: the mail from `composing`, the server from `server`, the receipt from `receipts`.
The exit code and the text agree on the one question that matters: was it accepted?
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envoi.cli.chosen_account import find_account
from envoi.cli.composing import add_message_options, read_mail
from envoi.cli.delivery import add_delivery_options, read_options
from envoi.cli.exits import Exit
from envoi.cli.passwords import add_secret_options
from envoi.cli.progress import ProgressBar
from envoi.cli.receipts import receipt_page, receipt_report
from envoi.cli.server import add_server_argument, add_server_options, find_server, session_arguments
from envoi.client.session import SMTPSession
from envoi.drivers.dkim_key_file import load_signer
from envoi.message.content import WireEncoding
from envoi.session.outgoing import outgoing

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal
    from envoi.message.envelope import DeliveryOptions
    from envoi.message.signing import DKIMSigner
    from envoi.session.outgoing import Mail
    from envoi.session.receipt import Receipt
    from envoi.session.settings import SessionArguments

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "send a mail and tell what the server said of each recipient"
USAGE = "--from ADDRESS --to ADDRESS [options]"
EXAMPLES = """\
examples:
  # the text on standard input, the password in ENVOI_PASSWORD or asked for
  echo 'It works.' | envoi send --from me@example.com --to you@example.org \\
      --subject Hello --server smtps://me@smtp.example.com

  # through an account, which knows server, password and sender (see: account add)
  envoi send --account work --to you@example.org --subject Hello --text 'It works.'

  # several recipients, an attachment, and the conversation with the server
  envoi send --from 'Zoë <zoe@example.com>' --to ann@example.org,bob@example.org \\
      --cc carl@example.org --subject Report --text 'See the attached file.' \\
      --attach report.pdf --server smtp://zoe@smtp.example.com --verbose

  # HTML with a picture that it shows as <img src="cid:logo.png">
  envoi send ... --html-file news.html --inline logo.png

  # a finished message, through the mail server of this machine
  envoi send --eml message.eml --server localhost:25 --security plaintext

  # a password from a file, a certificate of your own authority
  envoi send ... --password-file ~/.smtp-password --ca-file company-ca.pem

  # look at the message without sending it
  envoi send --from me@example.com --to you@example.org --text Hi --dry-run
"""
_READABLE = WireEncoding(eightbit=True, smtputf8=True)
"""What a dry run shows: as little encoded as most servers would get."""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    add_server_argument(parser)
    add_message_options(parser)
    add_delivery_options(parser)
    add_server_options(parser)
    add_secret_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--verbose", "-v", action="store_true", help="show the conversation; secrets are left out"
    )
    output.add_argument("--quiet", "-q", action="store_true", help="show errors only")
    output.add_argument(
        "--json", action="store_true", help="print the receipt, or the error, as one JSON object"
    )
    output.add_argument("--dry-run", action="store_true", help="print the message instead of sending it")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Send the mail that the options describe.

    Raises:
        EnvoiError: it was not sent, or nobody can tell.
        OSError: a file cannot be read.
    """
    options = read_options(given)
    account = find_account(given, terminal)
    if account is not None and account.sender and not given.eml:
        given.sender = given.sender or account.sender
    if given.dry_run:
        signer = None if account is None or account.dkim is None else load_signer(account.dkim)
        return _show(read_mail(given, terminal), options, signer, given, terminal)
    # First what costs nothing to find wrong, then the mail, and nobody is asked for a password in vain.
    server = find_server(given, terminal)
    mail = read_mail(given, terminal)
    arguments = session_arguments(given, server, terminal)
    receipt = _send(mail, options, arguments, given, terminal)
    _tell(receipt, given, terminal)
    return Exit.IN_PART if receipt.refused else Exit.OK


def _send(
    mail: Mail, options: DeliveryOptions, arguments: SessionArguments, given: Namespace, terminal: Terminal
) -> Receipt:
    receipt: Receipt | None = None
    try:
        with SMTPSession(**arguments) as session, ProgressBar(terminal, wanted=not given.quiet) as bar:
            receipt = session.send(mail, options=options, progress=bar)
    except KeyboardInterrupt:
        # While taking leave: what the server has accepted stays accepted.
        if receipt is None:
            raise
    return receipt


def _tell(receipt: Receipt, given: Namespace, terminal: Terminal) -> None:
    if given.json:
        terminal.print(json.dumps(receipt_report(receipt), ensure_ascii=False, indent=2) + "\n")
    elif not given.quiet:
        terminal.show(receipt_page(receipt))


def _show(
    mail: Mail, options: DeliveryOptions, signer: DKIMSigner | None, given: Namespace, terminal: Terminal
) -> Exit:
    content, envelope = outgoing(mail, options=options, signer=signer)
    if not given.quiet:
        recipients = ", ".join(each.address for each in envelope.recipients)
        terminal.complain(f"envoi: not sent (dry run); from {envelope.sender or '<>'} to {recipients}")
    for chunk in content.chunks(content.requirements(_READABLE).encoding):
        terminal.print_bytes(chunk)
    return Exit.OK
