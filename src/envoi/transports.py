"""Other ways than SMTP, with the face of a session: `send` and `send_all`, a `Receipt` or an error.

`sendmail` hands over to the program of a local mail server; `maildir`, `mbox` and `folder` keep mail in
files; `console` shows it; `memory` keeps it for a test. Each gives a `Transport`, and `asynchronous` an
`AsyncTransport` over the same, which works in a thread so that the event loop goes on. Whatever takes an
`SMTPSession` to send by takes one of these.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from envoi.errors import DeliveryError, UsageError
from envoi.message.content import WireEncoding
from envoi.session.conversation import each
from envoi.session.outgoing import outgoing
from envoi.session.receipt import Receipt
from envoi.session.run import NO_LOOP
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from envoi.drivers.outlets.memory import Memory
    from envoi.drivers.outlets.outlet import Outlet
    from envoi.errors import EnvoiError
    from envoi.message.content import Content
    from envoi.message.envelope import DeliveryOptions, Envelope, Recipient
    from envoi.session.content import Progress
    from envoi.session.outgoing import Mail

__all__ = [
    "AsyncTransport",
    "Transport",
    "asynchronous",
    "console",
    "folder",
    "maildir",
    "mbox",
    "memory",
    "sendmail",
]

IN_MEMORY = 1 << 20
# Files and programs take any octets in bodies and UTF-8 in addresses; lines stay short.
_USED = WireEncoding(eightbit=True, smtputf8=True)


def sendmail(path: str = "/usr/sbin/sendmail", *, timeout: float = 60.0) -> Transport:
    """Hand mail to the `sendmail` program of a local mail server.

    Args:
        path: the program.
        timeout: seconds for one message.
    """
    from envoi.drivers.outlets.program import Program

    return Transport(Program(path, timeout))


def maildir(path: str | PathLike[str]) -> Transport:
    """Deliver into a Maildir, which is made when there is none.

    Raises:
        ConfigError: it cannot be.
    """
    from envoi.drivers.outlets.mailboxes import LocalMailbox

    return Transport(LocalMailbox.maildir(Path(path)))


def mbox(path: str | PathLike[str]) -> Transport:
    """Append to an mbox file.

    Raises:
        ConfigError: it cannot be opened.
    """
    from envoi.drivers.outlets.mailboxes import LocalMailbox

    return Transport(LocalMailbox.mbox(Path(path)))


def folder(path: str | PathLike[str]) -> Transport:
    """Keep each mail as an `.eml` file, with its envelope as JSON beside it.

    Raises:
        ConfigError: the folder cannot be made.
    """
    from envoi.drivers.outlets.folder import Folder

    return Transport(Folder(Path(path)))


def console(stream: IO[str] | None = None) -> Transport:
    """Show each mail on a stream, by default the standard output; nobody gets it."""
    from envoi.drivers.outlets.console import Console

    return Transport(Console(stream or sys.stdout))


def memory() -> tuple[Transport, Memory]:
    """Keep mail in the program; return the transport, and the `messages` it has taken."""
    from envoi.drivers.outlets.memory import Memory

    kept = Memory()
    return Transport(kept), kept


def asynchronous(transport: Transport) -> AsyncTransport:
    """The same way for asyncio."""
    return AsyncTransport(transport.outlet)


class Transport:
    """A way for mail.

    Args:
        outlet: where it ends; see `envoi.drivers.outlets.outlet.Outlet` for what one has to do.
    """

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet

    def send(
        self,
        mail: Mail,
        *,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        progress: Progress | None = None,
    ) -> Receipt:
        """Send one mail; arguments and result as of `SMTPSession.send`.

        Raises:
            UsageError: the mail or the call must change.
            DeliveryError: it was not taken.
        """
        content, envelope = outgoing(mail, sender=sender, recipients=recipients, options=options)
        if content.is_async:
            raise UsageError(NO_LOOP)
        with _spool() as file:
            for chunk in content.chunks(_encoding(content)):
                file.write(chunk)
            return _handed_over(self.outlet, content, envelope, file, progress)

    def send_all(
        self, mails: Iterable[Mail], *, options: DeliveryOptions | None = None
    ) -> Iterator[Receipt | EnvoiError]:
        """Send several mails; yield a `Receipt` or the error for each, in order."""
        for mail in mails:
            try:
                yield self.send(mail, options=options)
            except (DeliveryError, UsageError) as error:
                yield error

    def close(self) -> None:
        """Let go of what is open."""
        self.outlet.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.outlet.name}>"


class AsyncTransport:
    """A way for mail for asyncio.

    Args:
        outlet: where it ends; see `envoi.drivers.outlets.outlet.Outlet` for what one has to do.
    """

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet

    async def send(
        self,
        mail: Mail,
        *,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        progress: Progress | None = None,
    ) -> Receipt:
        """Send one mail; arguments and result as of `SMTPSession.send`.

        Raises:
            UsageError: the mail or the call must change.
            DeliveryError: it was not taken.
        """
        import asyncio

        content, envelope = outgoing(mail, sender=sender, recipients=recipients, options=options)
        with _spool() as file:
            async for chunk in content.achunks(_encoding(content)):
                file.write(chunk)
            return await asyncio.to_thread(_handed_over, self.outlet, content, envelope, file, progress)

    async def send_all(
        self, mails: Iterable[Mail] | AsyncIterable[Mail], *, options: DeliveryOptions | None = None
    ) -> AsyncIterator[Receipt | EnvoiError]:
        """Send several mails; yield a `Receipt` or the error for each, in order."""
        async for mail in each(mails):
            try:
                yield await self.send(mail, options=options)
            except (DeliveryError, UsageError) as error:
                yield error

    async def close(self) -> None:
        """Let go of what is open."""
        self.outlet.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.outlet.name}>"


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def _encoding(content: Content) -> WireEncoding:
    return content.requirements(_USED).encoding


def _handed_over(
    outlet: Outlet, content: Content, envelope: Envelope, file: IO[bytes], progress: Progress | None
) -> Receipt:
    size = file.tell()
    file.seek(0)
    said = outlet.put(envelope, file)
    if progress is not None:
        progress(size, size)
    return Receipt(
        message_id=content.message_id,
        sender=envelope.sender,
        accepted=tuple(recipient.address for recipient in envelope.recipients),
        reply=Reply(code=250, enhanced="2.0.0", text=said),
        server=outlet.name,
    )
