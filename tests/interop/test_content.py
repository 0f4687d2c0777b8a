"""What is sent is what arrives, octet for octet, behind DATA and by BDAT, on every server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.mails import new_mail, to_several
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.sessions import Client
    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim
    from tests.servers.listeners import Listener, User
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix", "exim4")

BY_DATA, BY_CHUNKS = ("postfix", "no_chunking"), ("postfix", "submission")
DOORS = [BY_DATA, BY_CHUNKS, ("exim", "submissions"), ("dovecot_submission", "submission")]
LINE = b"The quick brown fox jumps over the lazy dog, and writes home.\r\n"

AS_IT_STANDS = {
    "dots": b".\r\n..\r\n...\r\n.leading\r\nin.side.\r\n\r\n.\r\n\r\n",
    "long lines": b"x" * 997 + b"\r\n" + b"." * 998 + b"\r\n" + b"y" * 996 + b"..\r\n",
    "8-bit": "Zoë mange une crème brûlée ☃\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "white space": b" \t\r\n\t\r\n  From here\r\nFrom there \r\n\r\n\r\n\r\n",
    "commands": b"QUIT\r\n\r\nRSET\r\nMAIL FROM:<eve@mail.test>\r\nBDAT 0 LAST\r\n",
    "empty": b"",
}
REPAIRED = {
    "bare LF": (b"one\ntwo\n.\nthree\n", b"one\r\ntwo\r\n.\r\nthree\r\n"),
    "bare CR": (b"one\rtwo\r.\rthree\r", b"one\r\ntwo\r\n.\r\nthree\r\n"),
    "mixed": (b"one\r\ntwo\nthree\rfour\r\r\nfive\n\r", b"one\r\ntwo\r\nthree\r\nfour\r\n\r\nfive\r\n\r\n"),
    "smuggling": (
        b"end\n.\nMAIL FROM:<eve@mail.test>\r.\r\nRCPT TO:<bob@mail.test>\n.\r\nDATA\r\n",
        b"end\r\n.\r\nMAIL FROM:<eve@mail.test>\r\n.\r\nRCPT TO:<bob@mail.test>\r\n.\r\nDATA\r\n",
    ),
    "no line end": (b"the end", b"the end\r\n"),
    "half a line end": (b"the end\r", b"the end\r\n"),
}
BODIES = {**{name: (body, body) for name, body in AS_IT_STANDS.items()}, **REPAIRED}


@pytest.fixture(params=DOORS, ids=["postfix DATA", "postfix BDAT", "exim BDAT", "dovecot BDAT"])
def server(request: pytest.FixtureRequest) -> Postfix | Exim | Dovecot:
    return request.getfixturevalue(request.param[0])


@pytest.fixture
def door(request: pytest.FixtureRequest, server: Postfix | Exim | Dovecot) -> Listener:
    return getattr(server, request.node.callspec.params["server"][1])


def login(door: Listener) -> User | None:
    return None if door.security == "plaintext" else ALICE


def test_bodies_arrive_as_sent(client: Client, server: Postfix | Exim | Dovecot, door: Listener) -> None:
    mails = {name: new_mail(sent) for name, (sent, _) in BODIES.items()}
    with client.session(door, user=login(door)) as session:
        for _, mail in mails.values():
            session.send(mail, sender=ALICE.address, recipients=[BOB.address])
        assert ("DATA" in session.commands) is not session.offers("CHUNKING")
    mailbox = server.mailbox(BOB)
    stored = {name: door.as_sent(mailbox.wait_for(message_id)) for name, (message_id, _) in mails.items()}
    assert stored == {
        name: new_mail(BODIES[name][1], message_id=message_id)[1] for name, (message_id, _) in mails.items()
    }


@pytest.mark.parametrize("mebibytes", [1, 9])
def test_a_large_mail_arrives_as_sent(
    client: Client, server: Postfix | Exim | Dovecot, door: Listener, mebibytes: int
) -> None:
    told: list[tuple[int, int | None]] = []
    message_id, mail = new_mail(LINE * (mebibytes * 1024 * 1024 // len(LINE)))
    with client.session(door, user=login(door)) as session:
        session.send(
            mail,
            sender=ALICE.address,
            recipients=[BOB.address],
            progress=lambda sent, total: told.append((sent, total)),
        )
    assert door.as_sent(server.mailbox(BOB).wait_for(message_id)) == mail
    assert told[-1] == (len(mail), len(mail))
    assert told == sorted(told)


def test_a_file_arrives_as_sent(client: Client, postfix: Postfix, tmp_path: Path) -> None:
    message_id, mail = new_mail(LINE * 20_000)
    path = tmp_path / "mail.eml"
    path.write_bytes(mail)
    with client.session(postfix.submission, user=ALICE) as session:
        session.send(path, sender=ALICE.address, recipients=[BOB.address])
    assert postfix.submission.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_bcc_stays_at_home(client: Client, postfix: Postfix) -> None:
    message_id, mail = new_mail()
    head, body = mail.split(b"\r\n\r\n", 1)
    leaky = head + b"\r\nBcc: alice@mail.test,\r\n bob@mail.test\r\n\r\n" + body
    with client.session(postfix.submission, user=ALICE) as session:
        session.send(leaky, sender=ALICE.address, recipients=[ALICE.address, BOB.address])
    for user in (ALICE, BOB):
        assert to_several(postfix.submission).as_sent(postfix.mailbox(user).wait_for(message_id)) == mail
