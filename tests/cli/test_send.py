from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import stat
from typing import TYPE_CHECKING

import pytest

from envoi.testing import SMTPServer, faults
from tests.cli.conftest import ADDRESSED, LOGIN, PASSWORD, Outcome, options_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.testing.faults import Fault

    Run = Callable[..., Outcome]


def test_sends_and_shows_the_receipt(envoi: Run, server: SMTPServer) -> None:
    done = envoi("send", *ADDRESSED, "--text", "Ça marche.", *options_for(server), environ=LOGIN)
    assert (done.code, done.err) == (0, "")
    (received,) = server.messages
    assert received.sender == "zoe@example.com"
    assert received.recipients == ("ann@example.org",)
    assert received.username == "me"
    assert received.email["Subject"] == "Été"
    assert received.email["From"] == "Zoë <zoe@example.com>"
    assert received.email.get_content().strip() == "Ça marche."
    assert done.out.startswith("✓ 127.0.0.1 accepted the message\n")
    assert "✓ ann@example.org  accepted" in done.out
    assert received.email["Message-ID"] in done.out
    assert "TLSv1.3, verified" in done.out


def test_takes_the_text_from_standard_input(envoi: Run, server: SMTPServer) -> None:
    done = envoi("send", *ADDRESSED, *options_for(server), stdin="Grüße\n".encode(), environ=LOGIN)
    assert done.code == 0
    assert server.messages[0].email.get_content() == "Grüße\r\n"


def test_warns_of_an_empty_text(envoi: Run, server: SMTPServer) -> None:
    done = envoi("send", *ADDRESSED, *options_for(server), stdin=b"\n", environ=LOGIN)
    assert done.code == 0
    assert "standard input was empty" in done.err


def test_takes_server_and_password_from_the_environment(envoi: Run, server: SMTPServer) -> None:
    environ = {
        "ENVOI_SERVER": server.url.replace("://", "://me@"),
        **LOGIN,
        "SSL_CERT_FILE": str(server.ca_file),
    }
    done = envoi("send", *ADDRESSED, "--text", "x", environ=environ)
    assert done.code == 0, done.err


def test_prints_the_receipt_as_json(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="bob@example.org"))
    done = envoi(
        "send",
        *ADDRESSED,
        "--to",
        "bob@example.org",
        "--text",
        "x",
        "--json",
        *options_for(server),
        environ=LOGIN,
    )
    assert done.code == 1
    assert done.err == ""
    receipt = done.json
    assert receipt["accepted"] == ["ann@example.org"]
    assert receipt["refused"] == {
        "bob@example.org": {"code": 550, "enhanced": "5.1.1", "text": "no such user"}
    }
    assert receipt["message_id"] == server.messages[0].email["Message-ID"]
    assert receipt["reply"]["code"] == 250
    assert (receipt["tls"], receipt["verified"], receipt["sender"]) == ("TLSv1.3", True, "zoe@example.com")


def test_shows_who_was_refused_and_what_to_try(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "452 4.2.2 mailbox full", address="bob@example.org"))
    done = envoi(
        "send", *ADDRESSED, "--to", "bob@example.org", "--text", "x", *options_for(server), environ=LOGIN
    )
    assert done.code == 1
    assert "accepted the message for 1 of 2 recipients" in done.out
    assert "✗ bob@example.org  452 4.2.2 mailbox full" in done.out
    assert "Later it may be accepted." in done.out


def test_sends_to_nobody_when_one_is_refused_and_all_are_wanted(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="bob@example.org"))
    arguments = ("--to", "bob@example.org", "--text", "x", "--all-or-nothing", *options_for(server))
    assert envoi("send", *ADDRESSED, *arguments, environ=LOGIN).code == 69
    assert server.messages == []


def test_is_quiet_when_asked(envoi: Run, server: SMTPServer) -> None:
    done = envoi("send", *ADDRESSED, "--text", "x", "--quiet", *options_for(server), environ=LOGIN)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_carries_attachments_intact(envoi: Run, server: SMTPServer, tmp_path: Path) -> None:
    data = random.Random(7).randbytes(300_000)
    (tmp_path / "été.bin").write_bytes(data)
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data[:100])
    arguments = [
        *("--text", "see", "--html", '<img src="cid:logo.png">', "--inline", str(tmp_path / "logo.png")),
        *("--attach", str(tmp_path / "été.bin"), str(tmp_path / "empty.txt")),
    ]
    assert envoi("send", *ADDRESSED, *arguments, *options_for(server), environ=LOGIN).code == 0
    email = server.messages[0].email
    files = {
        part.get_filename(): part.get_payload(decode=True) for part in email.walk() if part.get_filename()
    }
    assert hashlib.sha256(bytes(files["été.bin"])).digest() == hashlib.sha256(data).digest()
    assert files["empty.txt"] == b""
    picture = next(part for part in email.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<logo.png>"


def test_sends_copies_nobody_sees(envoi: Run, server: SMTPServer) -> None:
    arguments = ("--cc", "carl@example.org", "--bcc", "dora@example.org, emil@example.org", "--text", "x")
    assert envoi("send", *ADDRESSED, *arguments, *options_for(server), environ=LOGIN).code == 0
    (received,) = server.messages
    expected = ("ann@example.org", "carl@example.org", "dora@example.org", "emil@example.org")
    assert received.recipients == expected
    assert b"dora" not in received.data


def test_asks_for_reports(envoi: Run, server: SMTPServer) -> None:
    wishes = ("--notify", "success,failure", "--ret", "headers", "--envid", "order-42", "--require-tls")
    assert envoi("send", *ADDRESSED, "--text", "x", *wishes, *options_for(server), environ=LOGIN).code == 0
    (received,) = server.messages
    assert received.parameters["RET"] == "HDRS"
    assert received.parameters["ENVID"] == "order-42"
    assert "REQUIRETLS" in received.parameters
    assert set(received.recipient_parameters["ann@example.org"]["NOTIFY"].split(",")) == {
        "SUCCESS",
        "FAILURE",
    }


@pytest.mark.parametrize(
    ("fault", "code", "retry"),
    [
        (faults.reply("GREETING", "421 4.3.2 busy"), 75, "later"),
        (faults.reply("GREETING", "554 5.7.1 not you"), 69, "never"),
        (faults.octets("GREETING", b"HTTP/1.1 400 Bad Request\r\n", leaves=True), 75, "later"),
        (faults.hide("STARTTLS"), 76, "never"),
        (faults.reply("AUTH RESPONSE", "535 5.7.8 no"), 77, "never"),
        (faults.reply("AUTH", "454 4.7.0 later"), 75, "later"),
        (faults.reply("MAIL", "550 5.1.8 who?"), 69, "never"),
        (faults.reply("MAIL", "451 4.3.0 hiccup"), 75, "later"),
        (faults.reply("RCPT", "550 5.1.1 no such user"), 69, "never"),
        (faults.reply("RCPT", "450 4.2.0 greylisted"), 75, "later"),
        (faults.reply("CONTENT", "554 5.6.0 spam"), 69, "never"),
        (faults.reply("CONTENT", "451 4.3.0 disk"), 75, "later"),
        (faults.drop("STARTTLS", before_reply=True), 75, "now"),
        (faults.drop("CONTENT", before_reply=True), 74, "later"),
        (faults.hide("DSN"), 69, "never"),
    ],
)  # fmt: skip
def test_says_by_its_exit_code_whether_to_try_again(
    envoi: Run, server: SMTPServer, fault: Fault, code: int, retry: str
) -> None:
    server.faults.append(fault)
    arguments = ("--text", "x", "--notify", "failure", "--json", *options_for(server))
    done = envoi("send", *ADDRESSED, *arguments, environ=LOGIN)
    assert (done.code, done.json["retry"]) == (code, retry)
    assert done.json["accepted"] == ("maybe" if code == 74 else "no")


def test_tells_all_it_knows_of_an_error(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user"))
    done = envoi("send", *ADDRESSED, "--text", "x", "--json", *options_for(server), environ=LOGIN)
    error = done.json
    assert error["kind"] == "RecipientsRejected"
    assert error["phase"] == "rcpt"
    assert error["recipients"] == ["ann@example.org"]
    assert error["reply"] == {"code": 550, "enhanced": "5.1.1", "text": "no such user"}
    assert "mailbox" in error["remedy"]
    assert done.err == ""


def test_says_what_happened_to_whom_and_what_to_try(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("MAIL", "550 5.7.60 not as this sender"))
    done = envoi("send", *ADDRESSED, "--text", "x", *options_for(server), environ=LOGIN)
    assert done.out == ""
    first, *rest = done.err.splitlines()
    assert first == "✗ 127.0.0.1 refused the sender: 550 5.7.60 not as this sender"
    assert [line.split()[0] for line in rest] == ["For", "Try", "Again"]


def test_says_that_nobody_knows_when_the_link_is_lost_after_the_message(
    envoi: Run, server: SMTPServer
) -> None:
    server.faults.append(faults.drop("CONTENT", before_reply=True))
    done = envoi("send", *ADDRESSED, "--text", "x", *options_for(server), environ=LOGIN)
    assert done.code == 74
    assert done.err.startswith("? Nobody knows whether the message was accepted")
    assert "may deliver it twice" in done.err
    assert len(server.messages) == 1


BOTH = ("--from", "a@example.org", "--to", "b@example.org")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("--to", "a@example.org", "--text", "x"), 64, "--from"),
        (("--from", "a@example.org", "--text", "x"), 64, "--to"),
        (BOTH, 64, "--text"),
        (("--from", "a", "--to", "b@example.org", "--text", "x"), 65, "no @"),
        (("--from", "a@example.org", "--to", "b@example.org\nRCPT", "--text", "x"), 65, "newline"),
        ((*BOTH, "--text", "x", "--header", "Nonsense"), 65, "Name:"),
        ((*BOTH, "--text", "x", "--header", "Subject: second"), 65, "Subject"),
        ((*BOTH, "--text", "x", "--subject", "a\r\nBcc: c"), 65, "return"),
        ((*BOTH, "--attach", "/nowhere/report.pdf"), 66, "report.pdf"),
        ((*BOTH, "--text-file", "/"), 66, "directory"),
        (("--text", "x", "--text-file", "y"), 64, "not allowed"),
        (("--eml", "-", "--subject", "x"), 64, "--subject"),
        (("--notify", "sometimes"), 64, "success, failure, delay"),
        ((*BOTH, "--text", "x", "--notify", "never,success"), 64, "NEVER"),
    ],
)
def test_finds_mistakes_before_it_connects(
    envoi: Run, arguments: tuple[str, ...], code: int, word: str
) -> None:
    done = envoi("send", *arguments, "--server", "127.0.0.1:9", "--security", "plaintext")
    assert done.code == code, done.err
    assert word in done.err
    assert "Traceback" not in done.err


def test_needs_a_server(envoi: Run) -> None:
    done = envoi("send", *ADDRESSED, "--text", "x")
    assert done.code == 78
    assert "ENVOI_SERVER" in done.err


def test_knows_an_unknown_host_from_a_dead_one(envoi: Run) -> None:
    unknown = envoi("send", *ADDRESSED, "--text", "x", "--server", "nowhere.invalid")
    dead = envoi("send", *ADDRESSED, "--text", "x", "--server", "127.0.0.1:9")
    assert (unknown.code, dead.code) == (68, 75)


def test_refuses_a_certificate_nobody_vouches_for(envoi: Run, server: SMTPServer) -> None:
    url = options_for(server)[:2]
    done = envoi("send", *ADDRESSED, "--text", "x", *url, environ=LOGIN)
    assert done.code == 76
    assert "--ca-file FILE" in done.err
    assert server.messages == []


def test_never_sends_a_password_in_clear_unless_that_is_typed(envoi: Run) -> None:
    with SMTPServer(security="plaintext", accounts={"me": PASSWORD}, allow_plaintext_auth=True) as server:
        arguments = ("send", *ADDRESSED, "--text", "x", *options_for(server))
        refused = envoi(*arguments, environ=LOGIN)
        assert refused.code == 77
        assert "--insecure-plaintext-auth" in refused.err
        done = envoi(*arguments, "--insecure-plaintext-auth", environ=LOGIN)
        assert done.code == 0
        assert "went in clear" in done.out


def test_shows_the_conversation_without_the_secrets(envoi: Run, server: SMTPServer) -> None:
    arguments = ("--text", "x", "--verbose", "--mechanism", "PLAIN", *options_for(server))
    done = envoi("send", *ADDRESSED, *arguments, environ=LOGIN)
    assert done.code == 0
    lines = done.err.splitlines()
    assert "C: MAIL FROM:<zoe@example.com>" in done.err
    assert any(line.startswith("S: 220 ") for line in lines)
    assert "C: AUTH PLAIN <redacted>" in lines
    (said,) = (line for line in server.dialogues[0] if line.startswith("C: AUTH PLAIN "))
    assert PASSWORD not in done.err + done.out
    assert said.split()[-1] not in done.err


def test_keeps_the_password_out_of_everything(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.reply("AUTH RESPONSE", f"535 5.7.8 {PASSWORD} is wrong"))
    for more in (["--verbose"], ["--json"], []):
        environ = {**LOGIN, "ENVOI_DEBUG": "1"}
        done = envoi("send", *ADDRESSED, "--text", "x", *more, *options_for(server), environ=environ)
        assert done.code == 77
        assert PASSWORD not in done.out + done.err


@pytest.mark.parametrize("option", ["--server", "--proxy"])
def test_refuses_a_password_that_everybody_can_read(envoi: Run, option: str) -> None:
    url = {"--server": "smtps://me:hunter22@example.org", "--proxy": "socks5://me:hunter22@localhost:1"}[
        option
    ]
    done = envoi("send", *ADDRESSED, "--text", "x", "--server", "example.org", option, url)
    assert done.code == 78
    assert "every user of this machine" in done.err
    assert "hunter22" not in done.err + done.out


def test_prints_the_message_instead_of_sending_it(envoi: Run) -> None:
    done = envoi("send", *ADDRESSED, "--bcc", "bob@example.org", "--text", "Ça va", "--dry-run")
    assert done.code == 0
    assert "not sent" in done.err
    assert "ann@example.org, bob@example.org" in done.err
    assert b"\r\n\r\n\xc3\x87a va\r\n" in done.octets
    assert b"bob" not in done.octets
    assert envoi("send", *ADDRESSED, "--text", "x", "--dry-run", "--quiet").err == ""


EML = b"From: a@example.org\nTo: b@example.org\nBcc: c@example.org\nSubject: done\n\nas it is \xe2\x82\xac\n"


def test_sends_a_finished_message_as_it_is(envoi: Run, server: SMTPServer, tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(EML)
    assert envoi("send", "--eml", str(tmp_path / "mail.eml"), *options_for(server), environ=LOGIN).code == 0
    assert envoi("send", "--eml", "-", *options_for(server), stdin=EML, environ=LOGIN).code == 0
    for received in server.messages:
        assert (received.sender, received.recipients) == ("a@example.org", ("b@example.org", "c@example.org"))
        assert received.data.endswith(b"Subject: done\r\n\r\nas it is \xe2\x82\xac\r\n")
        assert b"Bcc" not in received.data


def test_gives_a_finished_message_another_envelope(envoi: Run, server: SMTPServer) -> None:
    envelope = ("--from", "<>", "--to", "Dora <dora@example.org>")
    assert envoi("send", "--eml", "-", *envelope, *options_for(server), stdin=EML, environ=LOGIN).code == 0
    (received,) = server.messages
    assert (received.sender, received.recipients) == ("", ("dora@example.org",))


def test_draws_in_colours_where_somebody_looks(envoi: Run, server: SMTPServer) -> None:
    arguments = ("send", *ADDRESSED, "--text", "x", "--verbose", *options_for(server))
    seen = envoi(*arguments, environ=LOGIN, terminal=True)
    assert "\x1b[" in seen.out
    assert "\x1b[36mC: EHLO" in seen.err
    assert "\x1b[32mS: 220" in seen.err
    assert "\x1b" not in envoi(*arguments, environ=LOGIN).out
    assert "\x1b[3" not in envoi(*arguments, environ={**LOGIN, "NO_COLOR": "1"}, terminal=True).out


def test_draws_a_bar_for_a_large_message_where_somebody_looks(
    envoi: Run, server: SMTPServer, tmp_path: Path
) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(2 << 20))
    arguments = ("send", *ADDRESSED, "--attach", str(tmp_path / "large.bin"), *options_for(server))
    assert "sending" in envoi(*arguments, environ=LOGIN, terminal=True).err
    assert envoi(*arguments, environ=LOGIN).err == ""
    assert "sending" not in envoi(*arguments, "--quiet", environ=LOGIN, terminal=True).err


def test_reads_the_password_from_a_file_and_warns_when_others_can(
    envoi: Run, server: SMTPServer, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\r\nsecond line\n")
    file.chmod(stat.S_IRUSR)
    arguments = ("send", *ADDRESSED, "--text", "x", *options_for(server), "--password-file", str(file))
    assert envoi(*arguments).err == ""
    file.chmod(0o644)
    careless = envoi(*arguments)
    assert careless.code == 0
    assert "chmod 600" in careless.err


def test_logs_in_with_a_token(envoi: Run) -> None:
    with SMTPServer(tokens={"ya29.token": "me"}) as server:
        arguments = ("send", *ADDRESSED, "--text", "x", *options_for(server))
        assert envoi(*arguments, environ={"ENVOI_TOKEN": "ya29.token"}).code == 0
        assert envoi(*arguments, "--token-env", "MINE", environ={"MINE": "ya29.token"}).code == 0
        assert [each.username for each in server.messages] == ["me", "me"]
        assert envoi(*arguments, environ={"ENVOI_TOKEN": "ya29.stale"}).code == 77


@pytest.mark.parametrize(("verb", "accepted"), [("STARTTLS", "no"), ("CONTENT", "maybe")])
def test_says_after_ctrl_c_whether_the_message_may_have_left(
    envoi: Run, server: SMTPServer, verb: str, accepted: str
) -> None:
    def press(answer: bytes) -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        return b""

    server.faults.append(faults.Fault(at=verb, rewrite=press))
    done = envoi("send", *ADDRESSED, "--text", "x", "--json", *options_for(server), environ=LOGIN)
    assert done.code == 130
    assert json.loads(done.out)["accepted"] == accepted


def test_keeps_what_was_accepted_when_it_is_interrupted_while_taking_leave(
    envoi: Run, server: SMTPServer
) -> None:
    def press(answer: bytes) -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        return b""

    server.faults.append(faults.Fault(at="QUIT", rewrite=press))
    done = envoi("send", *ADDRESSED, "--text", "x", *options_for(server), environ=LOGIN)
    assert done.code == 0
    assert "accepted the message" in done.out
