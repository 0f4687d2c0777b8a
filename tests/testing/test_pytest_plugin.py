from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pytest
from envoi import RecipientsRejected, SMTPSession
from envoi.testing import faults

MAIL = b"Subject: Report\\r\\n\\r\\nbody\\r\\n"

def send(server):
    with SMTPSession(**server.session_options()) as session:
        session.send(MAIL, sender="a@example.com", recipients=["b@example.org"])

def test_default(smtp_server):
    send(smtp_server)
    assert smtp_server.messages[0].email["Subject"] == "Report"
    assert smtp_server.messages[0].username == "user"
    assert smtp_server.messages[0].tls

@pytest.mark.smtp_server(security="plaintext", faults=[faults.reply("RCPT", "550 5.1.1 no such user")])
def test_marker(smtp_server):
    assert smtp_server.ca_file is None
    with pytest.raises(RecipientsRejected, match="no such user"):
        send(smtp_server)
"""


def run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "envoi.testing.pytest_plugin", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


def test_gives_tests_a_server(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, "utf-8")
    assert "2 passed" in run(tmp_path, "--strict-markers", "-q")


def test_documents_its_fixture(tmp_path: Path) -> None:
    told = run(tmp_path, "--fixtures", "-q")
    assert "smtp_server" in told
    assert "STARTTLS and the account" in told


def test_costs_nothing_where_it_is_not_used() -> None:
    code = (
        "import sys, envoi.testing, envoi.testing.pytest_plugin\n"
        "assert 'trustme' not in sys.modules\n"
        "del sys.modules['pytest']\n"
        "import importlib; importlib.reload(envoi.testing)\n"
        "assert 'pytest' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
