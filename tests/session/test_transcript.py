"""The dialogue as people read it."""

from __future__ import annotations

from envoi.session.transcript import Speaker, Transcript, TranscriptLine
from envoi.smtp import commands
from envoi.smtp.replies import Reply


def test_prints_like_a_dialogue() -> None:
    lines = list[TranscriptLine]()
    transcript = Transcript(lines.append)
    transcript.note("connected")
    transcript.received(Reply(code=220, text="mail.example.org\nwelcome"))
    transcript.sent(commands.auth("PLAIN", b"secret"))
    transcript.received(Reply(code=535, enhanced="5.7.8", text="no"))
    assert list(map(str, lines)) == [
        "*: connected",
        "S: 220-mail.example.org",
        "S: 220 welcome",
        "C: AUTH PLAIN <redacted>",
        "S: 535 5.7.8 no",
    ]
    assert lines[2] == TranscriptLine(Speaker.SERVER, "220 welcome")


def test_a_failing_sink_does_not_stop_the_mail() -> None:
    """Behaviour 139: it is asked once, and then left alone."""
    asked = []

    def full(line: TranscriptLine) -> None:
        asked.append(line)
        raise OSError("no space left on device")

    transcript = Transcript(full)
    transcript.note("one")
    transcript.note("two")
    assert len(asked) == 1
