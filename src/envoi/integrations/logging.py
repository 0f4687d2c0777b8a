"""`logging` by mail: `EmailHandler` over a session, `OutboxHandler` into an outbox, many records to a mail.

A handler must never hurt the program that logs: it does not raise, does not wait for servers, holds no more
than it was told, and never hears envoi's own loggers. What makes a mail of records is `log_batch`'s affair.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack
from weakref import WeakSet

from envoi.client.outbox import Outbox
from envoi.client.session import SMTPSession
from envoi.drivers import system
from envoi.drivers.blocking import BlockingClock
from envoi.integrations.log_batch import Batch
from envoi.message.email import Email

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from envoi.session.settings import SessionOptions

__all__ = ["EmailHandler", "OutboxHandler"]

_PAUSE = 5.0
"""Seconds after a mail that could not leave before the next is tried, whatever the interval."""
_PATIENCE = 10.0
"""Seconds that `close` waits for a mail that is on its way."""


_handlers: WeakSet[_BatchHandler] = WeakSet()


class _BatchHandler(logging.Handler):
    """What both handlers have in common; how a mail leaves, they say.

    The first record of a batch starts the clock. After `interval`, or when the batch is full and the last
    mail is that long ago, a thread sends what there is.
    """

    _batch: Batch
    _news: threading.Condition
    _sending: threading.Lock
    _thread: threading.Thread | None

    def __init__(
        self,
        send: Callable[[Email], object],
        *,
        sender: str,
        to: str | Iterable[str],
        subject: str,
        interval: float,
        capacity: int,
        level: int | str,
    ) -> None:
        super().__init__(level)
        self._send = send
        self._from = sender
        self._to = [to] if isinstance(to, str) else list(to)
        self._subject = f"{subject} on {system.hostname()}"
        self._interval = interval
        self._clock = BlockingClock()
        self._capacity = capacity
        self._began_at = 0.0
        self._sent_at = self._not_before = float("-inf")
        self._inside = threading.local()
        self._closed = False
        self._begin()
        _handlers.add(self)
        Email(sender=self._from, to=self._to, subject=self._subject, text="")  # wrong addresses are told now

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record for the next mail."""
        if record.name.partition(".")[0] == "envoi" or getattr(self._inside, "sending", False):
            return
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - whatever stands in a record
            self.handleError(record)
            return
        with self._news:
            if not self._batch:
                self._began_at = self._clock.monotonic()
            self._batch.add(record.levelname, record.getMessage(), text)
            self._start()
            self._news.notify_all()

    def flush(self) -> None:
        """Send what there is, now; return when it is sent or has failed."""
        with self._news:
            batch, self._batch = self._batch, Batch(self._capacity)
        if batch and not self._deliver(batch):
            with self._news:
                self._batch = batch.followed_by(self._batch)

    def close(self) -> None:
        """Send what there is, and end."""
        with self._news:
            self._closed = True
            self._news.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_PATIENCE)
        self.flush()
        super().close()

    def _begin(self) -> None:
        """Have nothing to send and nobody to send it; in a forked child, too: both stayed with the parent."""
        self._batch = Batch(self._capacity)
        self._news = threading.Condition(threading.Lock())
        self._sending = threading.Lock()
        self._thread = None

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="envoi logging", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._closed and (wait := self._wait()) != 0:
                    self._news.wait(wait)
                if self._closed:
                    return
            self.flush()

    def _wait(self) -> float | None:
        """Seconds until a mail is due: 0 for now, None when there is nothing to send."""
        if not self._batch:
            return None
        since = self._sent_at if self._batch.is_full else max(self._began_at, self._sent_at)
        due_at = max(since + self._interval, self._not_before)
        return max(due_at - self._clock.monotonic(), 0)

    def _deliver(self, batch: Batch) -> bool:
        """Send a batch; return whether that was possible."""
        self._inside.sending = True
        try:
            with self._sending:
                self._send(
                    Email(
                        sender=self._from,
                        to=self._to,
                        subject=batch.subject(self._subject),
                        text=batch.text(),
                        auto_submitted="auto-generated",
                    )
                )
        except Exception as error:  # noqa: BLE001 - logging must not hurt the program that logs
            self._not_before = self._clock.monotonic() + _PAUSE
            if logging.raiseExceptions and sys.stderr is not None:
                sys.stderr.write(f"envoi: {len(batch)} log records could not be mailed: {error}\n")
            return False
        else:
            return True
        finally:
            self._sent_at = self._clock.monotonic()
            self._inside.sending = False


def _begin_again() -> None:
    for handler in _handlers:
        handler._begin()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)


class EmailHandler(_BatchHandler):
    """Mail log records over a session, many to a mail.

    ::

        EmailHandler("smtps://app@mail.example.com", password=…, sender="app@example.com", to="ops@…")

    or by ``dictConfig``, with ``"class": "envoi.integrations.logging.EmailHandler"`` and the arguments beside
    it. When the server is away, records wait for the next one, `capacity` of
    them at most; those beyond are counted in the mail. Where no record may be lost, take `OutboxHandler`.

    Args:
        url: the server, as of `SMTPSession.from_url`; or what makes a session, opened for each mail.
        sender: who the mail is from.
        to: who gets it.
        subject: what the subject begins with.
        interval: seconds between two mails, at least, and from a record to its mail, at most.
        capacity: records in a mail, at most.
        level: as of any handler.
        options: of the session.

    Raises:
        ConfigError: the URL is none.
        InvalidAddress: an address is none.
    """

    def __init__(
        self,
        url: str | Callable[[], SMTPSession],
        *,
        sender: str,
        to: str | Iterable[str],
        subject: str = "Log",
        interval: float = 60.0,
        capacity: int = 100,
        level: int | str = logging.ERROR,
        **options: Unpack[SessionOptions],
    ) -> None:
        self._session = partial(SMTPSession.from_url, url, **options) if isinstance(url, str) else url
        self._session()  # a wrong URL is told now
        super().__init__(
            self._mail,
            sender=sender,
            to=to,
            subject=subject,
            interval=interval,
            capacity=capacity,
            level=level,
        )

    def _mail(self, mail: Email) -> None:
        with self._session() as session:
            session.send(mail)


class OutboxHandler(_BatchHandler):
    """Submit log records to an outbox, many to a mail; a worker sends it.

    ::

        OutboxHandler("sqlite:////var/lib/app/outbox.db", sender="app@example.com", to="ops@example.com")

    or by ``dictConfig``, with ``"class": "envoi.integrations.logging.OutboxHandler"`` and the arguments
    beside it. Once a mail is in the outbox, no server that is away and no end of the program loses it.

    Args:
        outbox: its URL or file, or an `Outbox`.
        sender: who the mail is from.
        to: who gets it.
        subject: what the subject begins with.
        interval: seconds between two mails, at least, and from a record to its mail, at most.
        capacity: records in a mail, at most.
        level: as of any handler.
        options: of `Outbox.submit`, such as ``account`` and ``priority``.

    Raises:
        ConfigError: the URL is none.
        InvalidAddress: an address is none.
    """

    def __init__(
        self,
        outbox: str | Path | Outbox,
        *,
        sender: str,
        to: str | Iterable[str],
        subject: str = "Log",
        interval: float = 60.0,
        capacity: int = 100,
        level: int | str = logging.ERROR,
        **options: Any,
    ) -> None:
        self._outbox = outbox if isinstance(outbox, Outbox) else Outbox(outbox)
        self._own = self._outbox is not outbox
        self._options = options
        super().__init__(
            self._submit,
            sender=sender,
            to=to,
            subject=subject,
            interval=interval,
            capacity=capacity,
            level=level,
        )

    def close(self) -> None:
        """Submit what there is, and end."""
        super().close()
        if self._own:
            self._outbox.close()

    def _submit(self, mail: Email) -> None:
        self._outbox.submit(mail, **self._options)
