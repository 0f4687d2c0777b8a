"""`SMTPSession` and `AsyncSMTPSession`: what users hold, against a real server on loopback."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections import Counter
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from envoi import (
    AsyncSMTPSession,
    ConfigError,
    ConnectionFailed,
    DeliveryError,
    InvalidAddress,
    RawEmail,
    Receipt,
    RecipientsRejected,
    SMTPSession,
    UsageError,
)
from envoi.message.signing import DKIMSigner
from envoi.testing import SMTPServer, faults
from tests.message.signing.material import dkim_rsa
from tests.message.signing.test_dkim import holds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.colours import Colour

ENVELOPE: dict[str, Any] = {"sender": "a@example.org", "recipients": ["b@example.org"]}
RAW = b"Subject: hi\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"


def numbered(number: int) -> RawEmail:
    """One of many mails."""
    return RawEmail(f"Subject: {number}\r\n\r\nHello\r\n".encode(), **ENVELOPE)


def subjects(server: SMTPServer) -> list[str]:
    """What arrived, in order."""
    return [str(message.email["Subject"]) for message in server.messages]


def test_sends_and_tells_what_became_of_it(colour: Colour, server: SMTPServer) -> None:
    with colour.session(**server.session_options()) as session:
        assert session.is_open
        assert "PIPELINING" in session.capabilities
        assert session.tls is None
        receipt = session.send(RAW, **ENVELOPE)
    assert receipt.accepted == ("b@example.org",)
    assert receipt.message_id == "<1@example.org>"
    assert not session.is_open
    assert server.messages[0].data == RAW
    assert session.capabilities is None


def test_signs_whatever_it_sends(colour: Colour, server: SMTPServer) -> None:
    signer = DKIMSigner(dkim_rsa())
    with colour.session(**server.session_options(), signer=signer) as session:
        session.send(RAW, **ENVELOPE)
        session.send(signer.sign(numbered(1)))
        list(session.send_all([numbered(2), numbered(3)]))
    assert len(server.messages) == 4
    for message in server.messages:
        assert message.data.count(b"DKIM-Signature:") == 1
        assert holds(message.data)


def test_secured_and_logged_in(colour: Colour) -> None:
    with (
        SMTPServer(security="tls", accounts={"alice": "open sesame"}) as server,
        colour.session(**server.session_options()) as session,
    ):
        receipt = session.send(RAW, **ENVELOPE)
        assert (receipt.tls, receipt.verified) == ("TLSv1.3", True)
        assert session.tls.verified
    assert server.messages[0].username == "alice"


def test_opens_itself(colour: Colour, server: SMTPServer) -> None:
    session = colour.session(**server.session_options())
    session.send(RAW, **ENVELOPE)
    session.send(RAW, **ENVELOPE)
    session.close()
    session.close()
    assert len(server.messages) == 2
    assert len(server.dialogues) == 1


@pytest.mark.parametrize("kind", ["bytes", "path", "raw", "message"])
def test_takes_a_mail_in_any_shape(colour: Colour, server: SMTPServer, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(RAW)
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "hi", "a@example.org", "b@example.org"
    message.set_content("Hello")
    given: dict[str, tuple[Any, dict[str, Any]]] = {
        "bytes": (RAW, ENVELOPE),
        "path": (file, ENVELOPE),
        "raw": (RawEmail(RAW, **ENVELOPE), {}),
        "message": (message, {}),
    }
    mail, options = given[kind]
    with colour.session(**server.session_options()) as session:
        session.send(mail, **options)
    [received] = server.messages
    assert (received.sender, received.recipients) == ("a@example.org", ("b@example.org",))
    assert received.email["Subject"] == "hi"


def test_yields_a_receipt_or_an_error_for_each(colour: Colour, server: SMTPServer) -> None:
    """Behaviour 118: in order, whatever becomes of the others."""
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="nobody@example.org"))
    mails = [
        numbered(1),
        RawEmail(RAW, sender="a@example.org", recipients=["nobody@example.org"]),
        b"no envelope",
        numbered(2),
    ]
    with colour.session(**server.session_options()) as session:
        results = list(session.send_all(mails))
    assert [type(result) for result in results] == [Receipt, RecipientsRejected, UsageError, Receipt]
    assert subjects(server) == ["1", "2"]


def test_yields_over_an_asynchronous_iterator(server: SMTPServer) -> None:
    async def mails():
        for number in range(3):
            yield numbered(number)

    async def main() -> list[Any]:
        async with AsyncSMTPSession(**server.session_options()) as session:
            return [result async for result in session.send_all(mails())]

    assert len(asyncio.run(main())) == 3
    assert subjects(server) == ["0", "1", "2"]


def test_progress_is_told(colour: Colour, server: SMTPServer) -> None:
    """Behaviour 101."""
    told = list[tuple[int, int | None]]()
    with colour.session(**server.session_options()) as session:
        session.send(RAW, **ENVELOPE, progress=lambda sent, total: told.append((sent, total)))
    assert told[-1] == (len(RAW), len(RAW))


def test_the_other_commands(colour: Colour, server: SMTPServer) -> None:
    """Behaviour 119."""
    with colour.session(**server.session_options()) as session:
        assert session.noop().code == 250
        assert session.verify("b@example.org").code in (250, 252, 502)


def test_closes_on_an_error_inside_with(colour: Colour, server: SMTPServer) -> None:
    """Behaviour 121."""
    session = colour.session(**server.session_options())
    with pytest.raises(ZeroDivisionError), session:
        raise ZeroDivisionError
    assert not session.is_open


def test_works_no_more_once_closed(colour: Colour, server: SMTPServer) -> None:
    """Behaviours 11, 12 and 122."""
    session = colour.session(**server.session_options())
    with session, pytest.raises(UsageError, match="open already"):
        session.open()
    with pytest.raises(UsageError, match="session is closed"):
        session.send(RAW, **ENVELOPE)
    with pytest.raises(UsageError, match="session is closed"):
        session.noop()
    with session:
        session.send(RAW, **ENVELOPE)
    assert len(server.messages) == 1


def test_a_connection_that_cannot_be_had(colour: Colour) -> None:
    """Behaviour 4."""
    with SMTPServer(security="plaintext") as server:
        options = server.session_options()
    with pytest.raises(ConnectionFailed):
        colour.session(**options).open()


def test_two_sessions_do_not_meet(colour: Colour, server: SMTPServer) -> None:
    options = server.session_options()
    with colour.session(**options) as one, colour.session(**options) as two:
        for number in range(4):
            (one, two)[number % 2].send(numbered(number))
    assert subjects(server) == ["0", "1", "2", "3"]
    assert len(server.dialogues) == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("smtp://mail.example.org", "mail.example.org:587 starttls"),
        ("smtps://alice:secret@mail.example.org", "mail.example.org:465 tls"),
        ("smtps://al%40ice:s%2Fecret@mail.example.org:4465", "mail.example.org:4465 tls"),
        ("smtp+plaintext://127.0.0.1", "127.0.0.1:25 plaintext"),
        ("lmtp+plaintext:///run/lmtp", "/run/lmtp:24 plaintext"),
        ("lmtp://mail.example.org", "mail.example.org:24 starttls"),
        ("lmtps://mail.example.org", "mail.example.org:24 tls"),
    ],
)
def test_reads_urls_and_shows_no_secret(colour: Colour, url: str, shown: str) -> None:
    """Behaviour 138."""
    session = colour.from_url(url)
    assert repr(session) == f"<{colour.kind.__name__} {shown}, not open>"
    assert "secret" not in repr(session)


def test_url_and_options_complete_each_other(colour: Colour, server: SMTPServer) -> None:
    with colour.from_url(server.url, timeout=60) as session:
        assert session.send(RAW, **ENVELOPE).accepted


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("mail.example.org", 465), {}),
        (("mail.example.org", 587), {"security": "tls"}),
        (("mail.example.org", 0), {}),
        (("mail.example.org",), {"username": "a", "password": "b", "auth": "c"}),
        (("mail.example.org",), {"username": "a"}),
        (("mail.example.org",), {"security": "none"}),
        (("",), {}),
    ],
)
def test_refuses_what_contradicts_itself(
    colour: Colour, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """Behaviours 3 and 63: before any I/O."""
    with pytest.raises(ConfigError):
        colour.session(*arguments, **options)


@pytest.mark.parametrize("url", ["http://mail.example.org", "mail.example.org", "smtp://h?x=1"])
def test_refuses_what_is_no_url_of_a_server(colour: Colour, url: str) -> None:
    with pytest.raises(ConfigError):
        colour.from_url(url)


def test_refuses_a_bad_address_before_connecting(colour: Colour) -> None:
    with pytest.raises(InvalidAddress):
        colour.session("host.invalid").send(RAW, sender="a@example.org", recipients=["b\r\nRSET@example.org"])


def test_threads_wait_for_each_other(server: SMTPServer) -> None:
    """Behaviour 123: eight threads, one session, and no line out of place."""
    failures = list[BaseException]()

    def work(start: int) -> None:
        try:
            for number in range(start, start + 5):
                session.send(numbered(number))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shall know
            failures.append(error)

    with SMTPSession(**server.session_options()) as session:
        threads = [threading.Thread(target=work, args=(5 * index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert Counter(subjects(server)) == Counter(map(str, range(40)))
    assert len(server.dialogues) == 1


def test_tasks_wait_for_each_other(server: SMTPServer) -> None:
    """Behaviour 123."""

    async def main() -> None:
        async with AsyncSMTPSession(**server.session_options()) as session:
            await asyncio.gather(*(session.send(numbered(number)) for number in range(20)))

    asyncio.run(main())
    assert Counter(subjects(server)) == Counter(map(str, range(20)))
    assert len(server.dialogues) == 1


def test_a_cancelled_task_does_not_harm_the_next(server: SMTPServer) -> None:
    """Behaviour 124."""
    server.faults.append(faults.silence("MAIL"))

    async def main() -> Receipt:
        async with AsyncSMTPSession(**server.session_options()) as session:
            sending = asyncio.create_task(session.send(numbered(1)))
            while not any("MAIL FROM" in line for line in server.dialogues[0]):  # noqa: ASYNC110 - no bell
                await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert not session.is_open
            server.faults.clear()
            return await session.send(numbered(2))

    assert asyncio.run(main()).accepted
    # The first had travelled with its envelope: the server has it, only its word did not come.
    assert subjects(server)[-1] == "2"
    assert len(server.dialogues) == 2


def test_warns_of_a_session_that_was_not_closed(colour: Colour, server: SMTPServer) -> None:
    """Behaviour 140."""
    session = colour.session(**server.session_options())
    session.open()
    held = [session]
    del session
    with pytest.warns(ResourceWarning, match=f"unclosed <{colour.kind.__name__} 127.0.0.1"):
        held.clear()
    gc.collect()


def test_says_nothing_of_one_that_never_was(colour: Colour) -> None:
    session = colour.session("mail.example.org")
    del session
    with pytest.raises(ConfigError):
        colour.session("")
    gc.collect()


def in_a_child(work: Any) -> str:
    """Fork, do this in the child, and return what went wrong there."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            work()
            text = ""
        except BaseException as error:  # noqa: BLE001 - the parent shall know
            text = f"{type(error).__name__}: {error}"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("security", ["plaintext", "tls"])
def test_parent_and_child_both_go_on(security: str) -> None:
    """The child opens a connection of its own and leaves the parent's alone."""
    with SMTPServer(security=security) as server, SMTPSession(**server.session_options()) as session:
        session.send(numbered(1))
        assert in_a_child(lambda: session.send(numbered(2))) == ""
        session.send(numbered(3))
        assert subjects(server) == ["1", "2", "3"]
    verbs = [[line.split()[1] for line in lines if line.startswith("C: ")] for lines in server.dialogues]
    assert [names.count("MAIL") for names in verbs] == [2, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_does_not_wait_for_a_thread_it_has_not(server: SMTPServer) -> None:
    """The thread that was sending when the process forked exists in the parent alone."""
    server.faults.append(faults.silence("MAIL", connection=1))
    failures = list[BaseException]()

    def send() -> None:
        with pytest.raises(DeliveryError) as caught:
            session.send(numbered(1))
        failures.append(caught.value)

    with SMTPSession(**server.session_options(), timeout=60) as session:
        sending = threading.Thread(target=send)
        sending.start()
        while not any("MAIL FROM" in line for lines in server.dialogues for line in lines):
            pass
        assert in_a_child(lambda: session.send(numbered(2))) == ""
        server.close()
        sending.join()
    assert subjects(server)[-1] == "2"
    assert len(failures) == 1
