from __future__ import annotations

import re
from pathlib import Path

import pytest

import envoi
from envoi.cli.wording import for_command_line

SOURCE = Path(envoi.__file__).parent


@pytest.mark.parametrize(
    ("argument", "option"),
    [
        ("tls=TLSOptions(ca_file=…), or SSL_CERT_FILE", "--ca-file FILE, or SSL_CERT_FILE"),
        ("tls=TLSOptions(fingerprints=(…,))", "--fingerprint SHA256"),
        ("tls=TLSOptions(client_certificate=…)", "--client-certificate FILE"),
        ("security='starttls' (587); security=\"tls\"", "--security starttls (587); --security tls"),
        (
            "security='tls', or port 587 with 'starttls'",
            "--security tls, or port 587 with --security starttls",
        ),
        ("allow_plaintext_auth=True", "--insecure-plaintext-auth"),
        ("local_hostname=….", "--local-hostname NAME."),
        ("sender= and recipients=", "--from and --to"),
        ("OAuth 2.0 token (auth=)", "OAuth 2.0 token (--token-env, --token-file)"),
        ("a.db, postgresql://user@host/database or a Path", "a.db or postgresql://user@host/database"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_speaks_of_options_instead_of_arguments(argument: str, option: str) -> None:
    assert for_command_line(f"Then use {argument}") == f"Then use {option}"


def test_leaves_no_spelling_of_an_argument_that_errors_advise() -> None:
    # Only advice: whatever a programmer alone can get wrong is not for the command line.
    advice = re.compile(
        r"tls=TLSOptions\([^\"]*?…[^\"]*?\)\)?|security='\w+'|allow_plaintext_auth=\w+|local_hostname=…"
    )
    rooms = ("drivers", "message", "session", "smtp")
    texts = [path.read_text("utf-8") for room in rooms for path in (SOURCE / room).rglob("*.py")]
    found = {match for text in texts for match in advice.findall(text)}
    assert found
    assert {each for each in found if for_command_line(each) == each} == set()
