"""Log records by mail: many to one, and never at the expense of the program."""

from __future__ import annotations

import logging
import logging.config
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from envoi import ConfigError, InvalidAddress, SMTPSession
from envoi.integrations.logging import EmailHandler, OutboxHandler
from envoi.testing import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi import Outbox
    from envoi.testing import SMTPServer

LATER = 3600.0


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.Logger("shop")  # noqa: LOG001 - of this test alone
    yield made
    for handler in made.handlers:
        handler.close()


@pytest.fixture
def by_session(smtp_server: SMTPServer, logger: logging.Logger) -> Callable[..., EmailHandler]:
    def make(**changes: Any) -> EmailHandler:
        options: dict[str, Any] = dict(smtp_server.session_options())
        said: dict[str, Any] = {"sender": "app@example.com", "to": "ops@example.com", "interval": LATER}
        handler = EmailHandler(lambda: SMTPSession(**options), **{**said, **changes})
        logger.addHandler(handler)
        return handler

    return make


def body(server: SMTPServer, number: int = 0) -> str:
    return str(server.messages[number].email.get_content())


def test_many_records_are_one_mail(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    handler = by_session(to=["ops@example.com", "night@example.com"], subject="Shop")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    for number in range(3):
        logger.error("order %d failed", number)
    logger.warning("below the level")
    assert smtp_server.messages == []
    handler.flush()
    (received,) = smtp_server.messages
    assert received.recipients == ("ops@example.com", "night@example.com")
    assert received.email["Subject"].startswith("Shop on ")
    assert received.email["Subject"].endswith(": 3 × ERROR: order 0 failed")
    assert received.email["Auto-Submitted"] == "auto-generated"
    assert "ERROR order 2 failed" in body(smtp_server)
    assert "below" not in body(smtp_server)


def test_leaves_by_itself_after_the_interval(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    by_session(interval=0.01)
    logger.error("one")
    smtp_server.wait_for(1, timeout=60)
    logger.error("two")
    smtp_server.wait_for(2, timeout=60)


def test_leaves_at_once_when_full_and_counts_what_comes_too_soon(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    handler = by_session(capacity=2)
    logger.error("one")
    logger.error("two")
    smtp_server.wait_for(1, timeout=60)
    for number in range(5):
        logger.error("again %d", number)
    handler.flush()
    assert len(smtp_server.messages) == 2
    assert "3 more were left out: there is room for 2." in body(smtp_server, 1)


def test_nothing_is_lost_at_the_end(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    handler = by_session()
    logger.error("the last words")
    handler.close()
    handler.close()
    assert "the last words" in body(smtp_server)


def test_flushing_nothing_sends_nothing(
    by_session: Callable[..., EmailHandler], smtp_server: SMTPServer
) -> None:
    handler = by_session()
    handler.flush()
    assert smtp_server.messages == []


def test_never_raises_and_tries_again(
    by_session: Callable[..., EmailHandler],
    logger: logging.Logger,
    smtp_server: SMTPServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = by_session()
    smtp_server.faults.append(faults.reply("MAIL", "451 4.3.0 not now"))
    logger.error("before")
    handler.flush()
    assert "1 log records could not be mailed: " in capsys.readouterr().err
    smtp_server.faults.clear()
    logger.error("after")
    handler.flush()
    (received,) = smtp_server.messages
    assert ": 2 × ERROR: before" in received.email["Subject"]
    assert "after" in body(smtp_server)


def test_a_record_that_cannot_be_formatted_hurts_nobody(
    by_session: Callable[..., EmailHandler],
    logger: logging.Logger,
    smtp_server: SMTPServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = by_session()
    logger.error("%d orders", "many")
    logger.error("fine")
    handler.flush()
    assert "Logging error" in capsys.readouterr().err
    assert "fine" in body(smtp_server)


def test_hears_neither_envoi_nor_what_sending_says(smtp_server: SMTPServer) -> None:
    root = logging.Logger("root")  # noqa: LOG001 - of this test alone

    def talk(line: object) -> None:
        root.error("%s", line)

    options: dict[str, Any] = dict(smtp_server.session_options())
    handler = EmailHandler(
        lambda: SMTPSession(**options, transcript=talk),
        sender="a@example.com",
        to="b@example.com",
        interval=LATER,
    )
    root.addHandler(handler)
    root.handle(logging.makeLogRecord({"name": "envoi.outbox", "levelno": 50, "msg": "own words"}))
    root.error("from the program")
    handler.close()
    assert len(smtp_server.messages) == 1
    assert "own words" not in body(smtp_server)
    assert "EHLO" not in body(smtp_server)


def test_tracebacks_are_in_the_mail(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    handler = by_session()
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logger.exception("checkout failed\r\nBcc: everybody@example.org")
    handler.flush()
    assert "ZeroDivisionError" in body(smtp_server)
    assert smtp_server.messages[0].email["Bcc"] is None


def test_threads_may_log_while_it_sends(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    handler = by_session(interval=0.0, capacity=10_000)

    def log() -> None:
        for number in range(50):
            logger.error("from %s: %d.", threading.current_thread().name, number)

    threads = [threading.Thread(target=log, name=f"thread-{number}") for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.close()
    text = "".join(body(smtp_server, number) for number in range(len(smtp_server.messages)))
    assert all(f"from thread-{one}: {number}." in text for one in range(4) for number in range(50))
    assert text.count("from thread-") == 200


def test_survives_the_end_of_the_outbox_and_the_server(outbox: Outbox, logger: logging.Logger) -> None:
    handler = OutboxHandler(
        outbox, sender="app@example.com", to="ops@example.com", interval=LATER, account="relay", priority=1
    )
    logger.addHandler(handler)
    logger.error("kept")
    handler.close()
    (status,) = outbox.find()
    assert (status.account, status.priority) == ("relay", 1)
    assert status.subject.endswith("1 × ERROR: kept")
    assert (outbox.read(status.id).octets or b"").count(b"kept") == 2


def test_is_configured_by_a_dictionary(tmp_path: Any, smtp_server: SMTPServer) -> None:
    common = {"sender": "app@example.com", "to": ["ops@example.com"], "interval": LATER}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {
                "outbox": {
                    "class": "envoi.integrations.logging.OutboxHandler",
                    "outbox": f"sqlite:///{tmp_path}/log.db",
                    **common,
                },
                "mail": {
                    "class": "envoi.integrations.logging.EmailHandler",
                    "url": f"smtp+plaintext://127.0.0.1:{smtp_server.port}",
                    **common,
                },
            },
            "loggers": {"test.dictionary": {"handlers": ["outbox", "mail"], "propagate": False}},
        }
    )
    logger = logging.getLogger("test.dictionary")
    handlers = list(logger.handlers)
    assert [type(handler) for handler in handlers] == [OutboxHandler, EmailHandler]
    for handler in handlers:
        logger.removeHandler(handler)
        handler.close()


def test_says_at_once_what_is_wrong() -> None:
    with pytest.raises(ConfigError):
        EmailHandler("mail.example.com", sender="a@example.com", to="b@example.com")
    with pytest.raises(InvalidAddress):
        EmailHandler("smtps://mail.example.com", sender="a@example.com", to="nobody")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_child_mails_its_own_records_alone(
    by_session: Callable[..., EmailHandler], logger: logging.Logger, smtp_server: SMTPServer
) -> None:
    handler = by_session()
    logger.error("of the parent")
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        logger.error("of the child")
        handler.flush()
        os._exit(0)
    os.waitpid(child, 0)
    handler.flush()
    texts = [body(smtp_server, number) for number in range(len(smtp_server.messages))]
    assert sorted(text.split()[-1] + str(text.count("of the")) for text in texts) == ["child1", "parent1"]
