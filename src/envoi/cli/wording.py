"""Advice for people at a command line: the arguments of Python calls as the options they belong to.

The library speaks to programmers ("tls=TLSOptions(ca_file=…)"); whoever types a command needs
"--ca-file FILE". The table is all there is; texts that mention no argument pass unchanged.
"""

from __future__ import annotations

import re

__all__ = ["for_command_line"]

_SPELLINGS = tuple(
    (re.compile(pattern), option)
    for pattern, option in (
        (r"tls=TLSOptions\(ca_file=…\)", "--ca-file FILE"),
        (r"tls=TLSOptions\(client_certificate=…\)", "--client-certificate FILE"),
        (r"tls=TLSOptions\(fingerprints=\(…,\)\)", "--fingerprint SHA256"),
        (r"security=(['\"])(\w+)\1", r"--security \2"),
        (r"port (\d+) with (['\"])(\w+)\2", r"port \1 with --security \3"),
        (r"allow_plaintext_auth=True", "--insecure-plaintext-auth"),
        (r"local_hostname=…", "--local-hostname NAME"),
        (r"pass a token source as auth=…", "give a token (--token-env, --token-file)"),
        (r"OAuth 2\.0 token \(auth=\)", "OAuth 2.0 token (--token-env, --token-file)"),
        (r"sender= and recipients=", "--from and --to"),
        (r", (postgresql://\S+) or a Path", r" or \1"),
        (r"\bsender=", "--from"),
        (r"\brecipients=", "--to"),
        (r"\bclient_key_password\b", "ENVOI_CLIENT_KEY_PASSWORD"),
        (r"\bclient_key\b", "--client-key"),
        (r"\brequire_tls\b", "--require-tls"),
    )
)


def for_command_line(text: str) -> str:
    """Return the text with options in place of arguments."""
    for pattern, option in _SPELLINGS:
        text = pattern.sub(option, text)
    return text
