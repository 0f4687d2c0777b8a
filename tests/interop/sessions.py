"""Both sessions behind one blocking face, so that one test drives both.

`Client` opens sessions of its colour: the blocking ones are called as they are, the asyncio ones live in an
event loop that runs in a thread of its own all the time, as in a program. Each `Session` keeps its
transcript. When the test ends everything is closed, and nobody's password or token may have been told.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from envoi import AsyncSMTPSession, EnvoiError, Receipt, SMTPSession, TLSOptions
from tests.servers.listeners import USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator
    from pathlib import Path

    from envoi.session.transcript import TranscriptLine
    from tests.servers.listeners import Listener, User

Colour = Literal["blocking", "asyncio"]
T = TypeVar("T")

_PATIENCE_SECONDS = 30.0


class Client:
    """Opens sessions of one colour."""

    def __init__(self, wait: Callable[[Any], Any], face: type[SMTPSession | AsyncSMTPSession], ca_file: Path):
        self._wait = wait
        self._face = face
        self._ca_file = ca_file
        self._opened = ExitStack()
        self.secrets: list[str] = [user.password for user in USERS]

    @property
    def is_asynchronous(self) -> bool:
        return self._face is AsyncSMTPSession

    def session(self, listener: Listener, *, user: User | None = None, **options: Any) -> Session:
        """A session, not open yet, that trusts the tests' authority; `user` logs in by password."""
        if user is not None:
            options = {"username": user.name, "password": user.password, **options}
        options.setdefault("tls", TLSOptions(ca_file=self._ca_file))
        return self.plain_session(listener.host, listener.port, security=listener.security, **options)

    def plain_session(self, host: str, port: int | None = None, **options: Any) -> Session:
        """A session with what is said here and no more."""
        return self._kept(
            lambda transcript: self._face(host, port, transcript=transcript, **options), options
        )

    def account(self, name: str, **options: Any) -> Session:
        """A session of an account of the configuration file."""
        return self._kept(
            lambda transcript: self._face.from_account(name, transcript=transcript, **options), options
        )

    def _kept(self, make: Callable[[Any], Any], options: dict[str, Any]) -> Session:
        lines: list[TranscriptLine] = []
        options.setdefault("timeout", _PATIENCE_SECONDS)
        session = Session(self._wait, make(lines.append), lines)
        self._opened.callback(self._end, session)
        return session

    def close(self) -> None:
        self._opened.close()

    def _end(self, session: Session) -> None:
        session.close()
        assert_tells_no_secret("\n".join([session.dialogue, repr(session.face)]), self.secrets)


class Session:
    """An `SMTPSession` or `AsyncSMTPSession`, called without `await`."""

    def __init__(
        self,
        wait: Callable[[Any], Any],
        face: SMTPSession | AsyncSMTPSession,
        lines: list[TranscriptLine],
    ) -> None:
        self._wait = wait
        self._lines = lines
        self.face = face

    def __enter__(self) -> Self:
        self._wait(self.face.open())
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        self._wait(self.face.close())

    def send(self, mail: Any, **options: Any) -> Receipt:
        return self._wait(self.face.send(mail, **options))

    def send_all(self, mails: Iterable[Any]) -> list[Receipt | EnvoiError]:
        if isinstance(self.face, AsyncSMTPSession):
            return self._wait(_collected(self.face, mails))
        return list(self.face.send_all(mails))

    def noop(self) -> int:
        return self._wait(self.face.noop()).code

    def verify(self, address: str) -> int:
        return self._wait(self.face.verify(address)).code

    def offers(self, keyword: str) -> bool:
        offered = self.face.capabilities
        assert offered is not None
        return keyword in offered

    @property
    def dialogue(self) -> str:
        """The transcript as text."""
        return "\n".join(map(str, self._lines))

    @property
    def commands(self) -> list[str]:
        """What our side has said so far."""
        return [line.text for line in self._lines if line.speaker.value == "C"]

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return sum(line.text.startswith("connected to ") for line in self._lines)

    @property
    def mechanisms(self) -> list[str]:
        """The mechanisms of every login so far, in order."""
        return [text.split()[1] for text in self.commands if text.startswith("AUTH ")]


@contextmanager
def clients(colour: Colour, ca_file: Path) -> Iterator[Client]:
    with ExitStack() as stack:
        if colour == "blocking":
            client = Client(_itself, SMTPSession, ca_file)
        else:
            client = Client(stack.enter_context(running_loop()), AsyncSMTPSession, ca_file)
        stack.callback(client.close)
        yield client


@contextmanager
def running_loop() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run an event loop in a thread; give what takes a coroutine there and brings its result back."""
    complaints: list[dict[str, Any]] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(flow: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(flow, loop).result(4 * _PATIENCE_SECONDS)

    try:
        yield wait
        assert wait(_unfinished()) == set()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert complaints == []


def assert_tells_no_secret(text: str, secrets: Iterable[str]) -> None:
    """Look for secrets as they are, and in every way in which base64 may have met them."""
    for secret in secrets:
        assert secret not in text
        for shift in range(3):
            # The first and last characters depend on the neighbours; the middle does not.
            encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
            assert encoded[4:-4] not in text


def _itself(value: T) -> T:
    return value


async def _collected(session: AsyncSMTPSession, mails: Iterable[Any]) -> list[Receipt | EnvoiError]:
    return [result async for result in session.send_all(mails)]


async def _unfinished() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {current for current in [asyncio.current_task()] if current is not None}
