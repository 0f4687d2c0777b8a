"""The example of the original's page, in both languages: from the sign-in to the recipient's mailbox.

Host names are led to this machine; the provider, Postfix and Dovecot are real.
"""

from __future__ import annotations

import email
import json
import os
import shlex
import subprocess
import sys
from email import policy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.listeners import ALICE, BOB
from tests.wlanguage.provider_front import running_front

if TYPE_CHECKING:
    from tests.servers.certificates import CertificateAuthority
    from tests.servers.oidc_provider import OIDCProvider
    from tests.servers.postfix import Postfix

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
EXAMPLES = ROOT / "examples" / "windev"

pytestmark = [
    pytest.mark.programs("node", "dovecot", "postfix"),
    pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not part of the wheel"),
]


@pytest.mark.parametrize(
    ("program", "subject"),
    [("send_through_gmail.py", "The summer report"), ("envoie_par_gmail.py", "Le rapport d'été")],
)
def test_ends_in_the_mailbox(
    program: str, subject: str, oidc_provider: OIDCProvider, postfix: Postfix, ca: CertificateAuthority
) -> None:
    oidc_provider.fail_with()
    with running_front(oidc_provider, ca) as port:
        names = json.dumps({"smtp.gmail.com:587": postfix.submission.port, "accounts.google.com:443": port})
        mapped = [sys.executable, str(HERE / "mapped.py")]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NAMES": names,
            "SSL_CERT_FILE": str(ca.ca_file),
            "BROWSER": shlex.join([*mapped, str(HERE / "person.py")]) + " %s &",
            "CLIENT_ID": "windev",
            "MAILBOX": ALICE.address,
            "RECIPIENT": BOB.address,
        }
        done = subprocess.run(
            [*mapped, str(EXAMPLES / program)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    message_id = done.stdout.split()[-1]
    stored = postfix.mailbox(BOB).wait_for(message_id)
    assert b"Authenticated sender: alice" in stored
    assert email.message_from_bytes(stored, policy=policy.default)["Subject"] == subject
