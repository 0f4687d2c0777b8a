"""How a person signs in from a command line: a browser here, a browser elsewhere, or a code to type.

Used by `login` and `account_add`. The flows themselves are `envoi.oauth`'s; what they show is written to
standard error, so that standard output stays for results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal
    from envoi.oauth import Consent, DeviceCode, Grant

__all__ = ["add_consent_options", "consent_of", "grant_of"]


def add_consent_options(parser: ArgumentParser) -> None:
    """Declare where the browser is."""
    where = parser.add_argument_group(
        "signing in (OAuth 2.0)", "Without any of these the browser of this machine is opened."
    ).add_mutually_exclusive_group()
    where.add_argument(
        "--paste", action="store_true", help="use a browser anywhere, and paste the address it ends at"
    )
    where.add_argument(
        "--device", action="store_true", help="type a code into a browser anywhere, where the provider can"
    )


def grant_of(given: Namespace) -> Grant:
    """Return the grant that was asked for."""
    # Imported here, as below: most commands need no OAuth 2.0, and start sooner without.
    from envoi.oauth import Grant

    return Grant.DEVICE_CODE if given.device else Grant.AUTHORIZATION_CODE


def consent_of(given: Namespace, terminal: Terminal) -> Consent:
    """Return the way to the person."""
    from envoi.drivers.oauth_world import open_browser
    from envoi.oauth import Consent

    def show(url: str) -> None:
        terminal.complain(f"Sign in at:\n  {url}")

    def show_and_open(url: str) -> None:
        show(url)
        open_browser(url)

    def show_code(code: DeviceCode) -> None:
        terminal.complain(f"Open {code.verification_url} and type {code.user_code}")

    def paste() -> str:
        return terminal.ask("The address that the browser ended at: ")

    if given.paste:
        return Consent(open_url=show, paste=paste)
    return Consent(open_url=show_and_open, show_code=show_code)
