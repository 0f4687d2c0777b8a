from __future__ import annotations

from email.message import EmailMessage

from envoi.message.stdlib import serialised


def test_line_ends_are_crlf_and_bcc_stays_out():
    message = EmailMessage()
    message["From"] = "a@example.org"
    message["Bcc"] = "hidden@example.org"
    message.set_content("From here\n")
    data = serialised(message, eightbit=False)
    assert data.endswith(b"\r\n\r\nFrom here\r\n")
    assert b"hidden" not in data
    assert message["Bcc"] == "hidden@example.org"
