"""Rows through: looked at, written to files, or sent.

Each function takes the rows as `merged` gives them and fills a `Tally`. Sending streams the mails, or, with
a pace to keep or a journal to write around each, sends one after the other; what makes every further row fail
as well (no connection, no login) stops it. What is shown, and which server it is, is the command's business.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from envoi.cli.failures import in_words
from envoi.cli.merging.journal import State, digest
from envoi.cli.merging.tally import Failure
from envoi.errors import Accepted, DeliveryError, EnvoiError, Phase, Retry, UsageError
from envoi.message.templates.merging import Merged
from envoi.session.run import run_sync
from envoi.session.submit import MAYBE_REMEDY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from envoi.cli.merging.journal import Entry, Journal
    from envoi.cli.merging.pace import Pace
    from envoi.cli.merging.tally import Tally
    from envoi.client.session import SMTPSession
    from envoi.message.email import Email
    from envoi.message.templates.merging import RowFailure
    from envoi.ports import Clock
    from envoi.session.receipt import Receipt

__all__ = ["Mailing", "look_through", "unmade", "write_files"]

_BEFORE_ANY_MAIL = frozenset({Phase.CONNECT, Phase.GREETING, Phase.HELLO, Phase.TLS, Phase.AUTH})
_WIDTH = 4
"""Digits of the row number in a file name, at least."""


def look_through(rows: Iterable[Merged | RowFailure], tally: Tally, journal: Journal | None = None) -> None:
    """Make every mail and send none, so that what is wrong with rows is known before anything leaves.

    Raises:
        UsageError: a row is not what the journal says it was; or the rows cannot be read to the end.
    """
    for found in rows:
        if isinstance(found, Merged):
            if journal is not None and found.row.number <= journal.last:
                journal.entry(found.row.number, digest(found.email))
            tally.done += 1
        else:
            tally.fail(unmade(found))


def write_files(
    rows: Iterable[Merged | RowFailure], tally: Tally, folder: Path, *, total: int, step: Callable[[], None]
) -> None:
    """Write each mail to a file of its own, named by the number of its row.

    Raises:
        UsageError: there is something in the folder already.
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"the folder {str(folder)!r} is not empty; name another one, or empty it")
    width = max(len(str(total)), _WIDTH)
    for found in rows:
        if isinstance(found, Merged):
            found.email.save(folder / f"{found.row.number:0{width}}.eml")
            tally.done += 1
        else:
            tally.fail(unmade(found))
        step()


def unmade(found: RowFailure) -> Failure:
    """A row that became no mail, as the tally has it."""
    reason = in_words(found.error)[0]
    return Failure(row=found.number, address=found.address or "", state="failed", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Sends rows.

    Attributes:
        session: the connection.
        clock: the time.
        pace: when the next mail may leave.
        tally: what became of them.
        journal: what became of them, on disk; None without ``--resume``.
        resend_unknown: send again what may have been accepted.
        window: how many mails may be under way unanswered, while they are streamed.
        step: called after each row.
    """

    session: SMTPSession
    clock: Clock
    pace: Pace
    tally: Tally
    journal: Journal | None
    resend_unknown: bool
    window: int
    step: Callable[[], None]

    def send(self, rows: Iterable[Merged | RowFailure]) -> None:
        """Send all that were not sent yet, until something stops it (`Tally.stopped_by`).

        Raises:
            UsageError: a row is not what the journal says it was; or the rows cannot be read to the end.
            OSError: the journal or the report cannot be written.
        """
        if self.journal is None and not self.pace.seconds:
            self._stream(rows)
        else:
            self._one_by_one(rows)

    def _stream(self, rows: Iterable[Merged | RowFailure]) -> None:
        """Make mails while others are under way; a row is counted in its turn, though it was taken before."""
        taken: deque[tuple[list[RowFailure], Merged]] = deque()
        passed: list[RowFailure] = []

        def mails() -> Iterator[Email]:
            for found in rows:
                if isinstance(found, Merged):
                    taken.append((passed.copy(), found))
                    passed.clear()
                    yield found.email
                else:
                    passed.append(found)

        for result in self.session.send_all(mails(), window=self.window):
            failures, sent = taken.popleft()
            self._pass(failures)
            self._became(sent.row.number, sent.email, result)
            self.step()
            if self.tally.stopped_by is not None:
                return
        self._pass(passed)

    def _pass(self, failures: Iterable[RowFailure]) -> None:
        for found in failures:
            self.tally.fail(unmade(found))
            self.step()

    def _one_by_one(self, rows: Iterable[Merged | RowFailure]) -> None:
        for found in rows:
            if isinstance(found, Merged):
                self._row(found)
            else:
                self.tally.fail(unmade(found))
            self.step()
            if self.tally.stopped_by is not None:
                return

    def _row(self, found: Merged) -> None:
        number, email = found.row.number, found.email
        key = "" if self.journal is None else digest(email)
        known = None if self.journal is None else self.journal.entry(number, key)
        if known is None or known.state is State.FAILED:
            self._send(number, email, key)
        elif known.state.doubtful and self.resend_unknown:
            # Under the same identifier: many a mail store shows the second copy of a mail only once.
            self._send(number, replace(email, message_id=known.message_id), key)
        else:
            self._skip(number, email, known)

    def _skip(self, number: int, email: Email, known: Entry) -> None:
        if known.state is State.SENT:
            self.tally.skipped += 1
        elif known.state.doubtful:
            self._fail(number, email, "unknown", known.reason or "interrupted while it was sent")
        else:
            self._fail(number, email, "failed", f"refused before: {known.reason}")

    def _send(self, number: int, email: Email, key: str) -> None:
        pause = self.pace.wait(self.clock.monotonic())
        if pause:
            run_sync(self.clock.sleep(pause))
        if self.journal is not None:
            self.journal.begin(number, key, email)
        result: Receipt | EnvoiError
        try:
            result = self.session.send(email)
        except EnvoiError as error:
            result = error
        except KeyboardInterrupt as stop:
            if MAYBE_REMEDY not in getattr(stop, "__notes__", ()):
                self._end(number, State.FAILED, "interrupted before it was sent")
            raise
        self._became(number, email, result)

    def _became(self, number: int, email: Email, result: Receipt | EnvoiError) -> None:
        if isinstance(result, EnvoiError):
            self._refused(number, email, result)
        else:
            self._end(number, State.SENT)
            self.tally.done += 1

    def _refused(self, number: int, email: Email, error: EnvoiError) -> None:
        reason = ". ".join(filter(None, in_words(error)))
        if error.accepted is Accepted.MAYBE:
            self._end(number, State.UNKNOWN, reason)
            self._fail(number, email, "unknown", reason)
            return
        for_good = isinstance(error, DeliveryError) and error.retry is Retry.NEVER
        if isinstance(error, DeliveryError) and error.phase in _BEFORE_ANY_MAIL:
            self.tally.stopped_by = error
            for_good = False
        self._end(number, State.REFUSED if for_good else State.FAILED, reason)
        self._fail(number, email, "failed", reason)

    def _end(self, number: int, state: State, reason: str = "") -> None:
        if self.journal is not None:
            self.journal.end(number, state, reason)

    def _fail(self, number: int, email: Email, state: Literal["failed", "unknown"], reason: str) -> None:
        address = ", ".join(map(str, email.to))
        self.tally.fail(Failure(row=number, address=address, state=state, reason=reason))
