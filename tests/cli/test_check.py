from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from envoi.cli import check
from envoi.session.settings import Security
from envoi.testing import SMTPServer, faults
from tests.cli.conftest import LOGIN, PASSWORD, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Outcome]


def place(server: SMTPServer) -> str:
    return f"{server.host}:{server.port}"


def trust(server: SMTPServer) -> tuple[str, str]:
    return "--ca-file", str(server.ca_file)


def test_finds_nothing_wrong_with_a_good_server(envoi: Run, server: SMTPServer) -> None:
    done = envoi("check", place(server), *trust(server))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"✓ 127.0.0.1, port {server.port}, STARTTLS\n")
    for word in (
        "Addresses",
        "Greeting",
        "Round trip",
        "TLSv1.3",
        "verified",
        "Issuer",
        "PIPELINING",
        "50 MiB",
    ):
        assert word in done.out
    assert "nothing is wrong with it" in done.out


def test_sends_nothing(envoi: Run, server: SMTPServer) -> None:
    envoi("check", place(server), *trust(server))
    said = {line.split()[1] for line in server.dialogues[0] if line.startswith("C: ")}
    assert said == {"EHLO", "STARTTLS", "NOOP", "QUIT"}


def test_tells_programs_the_same(envoi: Run, server: SMTPServer) -> None:
    (one,) = envoi("check", place(server), *trust(server), "--json").json["checks"]
    assert (one["host"], one["port"], one["security"]) == ("127.0.0.1", server.port, "starttls")
    assert one["addresses"] == ["127.0.0.1"]
    assert one["greeting"]["code"] == 220
    assert "STARTTLS" in one["offered_before_tls"]
    assert "STARTTLS" not in one["offered"]
    assert "PLAIN" in one["mechanisms"]
    assert one["size_limit"] == 50 * 1024 * 1024
    assert one["round_trip"] > 0
    assert one["tls"]["verified"]
    assert "127.0.0.1" in one["tls"]["names"]
    assert (one["failure"], one["findings"]) == (None, [])


def test_shows_the_certificate_it_does_not_trust(envoi: Run, server: SMTPServer) -> None:
    done = envoi("check", place(server), "--json")
    assert done.code == 76
    (one,) = done.json["checks"]
    assert one["tls"]["verified"] is False
    assert one["tls"]["names"]
    assert one["failure"]["kind"] == "TLSFailed"
    assert "--ca-file" in one["findings"][0]["remedy"]


def test_gives_a_fingerprint_that_can_be_pinned(envoi: Run, server: SMTPServer) -> None:
    (one,) = envoi("check", place(server), "--json").json["checks"]
    assert envoi("check", place(server), "--fingerprint", one["tls"]["fingerprint"]).code == 0
    assert envoi("check", place(server), "--fingerprint", "00" * 32).code == 76


def test_is_content_with_the_fingerprint_where_nothing_reads_certificates(
    envoi: Run, server: SMTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    done = envoi("check", place(server))
    assert done.code == 76
    assert "SHA-256" in done.out
    assert "Issuer" not in done.out


def test_looks_at_a_port_that_begins_with_tls(envoi: Run) -> None:
    with SMTPServer(security="tls") as server:
        done = envoi("check", server.url, *trust(server))
    assert done.code == 0
    assert "Before TLS" not in done.out


@pytest.mark.parametrize("where", ["argument", "environment"])
def test_takes_the_server_from_either_place(envoi: Run, server: SMTPServer, where: str) -> None:
    if where == "argument":
        assert envoi("check", server.url, *trust(server)).code == 0
    else:
        assert envoi("check", *trust(server), environ={"ENVOI_SERVER": server.url}).code == 0


def test_warns_of_what_could_be_better(envoi: Run, server: SMTPServer) -> None:
    server.faults.extend(
        [
            faults.advertise("AUTH PLAIN", encrypted=False),
            faults.hide("PIPELINING", encrypted=True),
        ]
    )
    done = envoi("check", place(server), *trust(server))
    assert done.code == 1
    assert done.out.startswith("! ")
    assert "! it offers a login before TLS (PLAIN)" in done.out
    assert "! it does not offer PIPELINING" in done.out


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        (faults.hide("STARTTLS"), 76, "does not offer STARTTLS"),
        (faults.reply("GREETING", "554 5.3.2 not in service"), 69, "takes no mail"),
        (faults.reply("HELLO", "501 5.5.4 bad name"), 69, "introduction"),
        (faults.reply("STARTTLS", "454 4.7.0 not now"), 75, "refuses it"),
        (faults.octets("GREETING", b"SSH-2.0-OpenSSH_9.2\r\n"), 75, "SSH"),
    ],
)
def test_shows_what_it_saw_before_it_failed(
    envoi: Run, server: SMTPServer, fault: faults.Fault, code: int, word: str
) -> None:
    server.faults.append(fault)
    done = envoi("check", place(server), *trust(server))
    assert done.code == code
    assert done.out.startswith("✗ ")
    assert word in done.out
    assert f"Answered   127.0.0.1:{server.port}" in done.out


def test_logs_in_only_when_asked(envoi: Run, server: SMTPServer) -> None:
    url = server.url.replace("://", "://me@")
    arguments = ("check", url, *trust(server))
    assert "Login" not in envoi(*arguments, environ=LOGIN).out
    assert "accepted" in envoi(*arguments, "--login", environ=LOGIN).out
    wrong = envoi(*arguments, "--login", "--verbose", environ={"ENVOI_PASSWORD": f"not-{PASSWORD}"})
    assert wrong.code == 77
    assert PASSWORD not in wrong.out + wrong.err


def test_tries_the_usual_ports(envoi: Run, server: SMTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = ((server.port, Security.STARTTLS), (server.port, Security.PLAINTEXT), (9, Security.TLS))
    monkeypatch.setattr(check, "_ALL", ways)
    done = envoi("check", "127.0.0.1", "--all", *trust(server), "--json")
    assert [one["security"] for one in done.json["checks"]] == ["starttls", "plaintext", "tls"]
    assert done.code == 1, "a port that nobody listens on is no fault as long as another answers"
    monkeypatch.setattr(check, "_ALL", ((9, Security.STARTTLS), (9, Security.TLS)))
    nobody = envoi("check", "127.0.0.1", "--all")
    assert nobody.code == 75
    assert nobody.out.count("could not connect") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((), 78, "which server"),
        (("smtps://me:geheim99@example.org",), 78, "every user"),
        (("example.org:25", "--port", "26"), 64, "contradicts"),
        (("example.org", "--all", "--port", "25"), 64, "--all"),
        (("smtp://example.org", "--security", "tls"), 78, "contradicts"),
        (("example.org", "--port", "465", "--security", "starttls"), 78, "465"),
        (("example.org", "--port", "0"), 78, "1 to 65535"),
    ],
)
def test_refuses_what_makes_no_sense(envoi: Run, arguments: tuple[str, ...], code: int, word: str) -> None:
    done = envoi("check", *arguments)
    assert done.code == code
    assert word in done.err
    assert "geheim99" not in done.err


def test_keeps_the_one_who_waits_informed(envoi: Run, server: SMTPServer) -> None:
    assert "Looking at 127.0.0.1" in envoi("check", place(server), *trust(server), terminal=True).err


def test_cannot_be_fooled_into_moving_the_cursor(envoi: Run, server: SMTPServer) -> None:
    server.faults.append(faults.octets("GREETING", b"220 \x1b[2J\x1b[31mhello\r\n"))
    assert "\x1b" not in envoi("check", place(server), *trust(server)).out
