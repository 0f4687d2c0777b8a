"""The `sendmail` program, which every Unix mail server brings: message on its input, envelope as arguments.

What its exit status means is in `sysexits.h`; only 75 is worth another try. The recipients come from the
envelope alone, never from the header (no ``-t``), so that Bcc stays what it is.
"""

from __future__ import annotations

import subprocess
from typing import IO, TYPE_CHECKING

from envoi.drivers.outlets.outlet import local_lines
from envoi.errors import Accepted, ConfigError, MessageRejected, Phase, Retry

if TYPE_CHECKING:
    from envoi.message.envelope import Envelope

__all__ = ["Program"]

TEMPORARY = 75
_MEANINGS = {
    64: "it did not understand its arguments",
    65: "the message is malformed",
    67: "a recipient is unknown",
    68: "a host is unknown",
    69: "the service is not available",
    70: "it failed inside",
    71: "the operating system failed it",
    73: "it could not write its queue",
    75: "it asks to try again later",
    77: "it is not permitted",
    78: "it is not set up",
}


class Program:
    """Hands messages to a program that takes the arguments of `sendmail`.

    Args:
        path: the program.
        timeout: seconds for one message.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self._path = path
        self._timeout = timeout

    @property
    def name(self) -> str:
        """The program's path."""
        return f"sendmail:{self._path}"

    def put(self, envelope: Envelope, message: IO[bytes]) -> str:
        """See `Outlet.put`. One that has not ended in time may have taken it."""
        recipients = [recipient.address for recipient in envelope.recipients]
        # -i: a line with a lone dot is part of the message; --: an address may begin with a dash.
        command = [self._path, "-i", "-f", envelope.sender or "<>", "--", *recipients]
        try:
            with subprocess.Popen(  # noqa: S603 - a list, no shell, and addresses were checked
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process:
                said = self._fed(process, message)
        except OSError as error:
            raise ConfigError(f"{self._path} cannot be run: {error.strerror or error}") from error
        if process.returncode:
            raise self._refusal(process.returncode, said, recipients)
        return f"taken by {self._path}"

    def _fed(self, process: subprocess.Popen[bytes], message: IO[bytes]) -> str:
        try:
            said, _ = process.communicate(b"".join(local_lines(message)), timeout=self._timeout)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise MessageRejected(
                f"{self._path} had not ended after {self._timeout:g} s",
                phase=Phase.FINAL,
                retry=Retry.LATER,
                accepted=Accepted.MAYBE,
            ) from error
        return said.decode(errors="replace").strip()

    def _refusal(self, status: int, said: str, recipients: list[str]) -> MessageRejected:
        meaning = _MEANINGS.get(status, f"it ended with status {status}")
        return MessageRejected(
            f"{self._path} did not take the message: {meaning}" + (f" ({said[:500]})" if said else ""),
            phase=Phase.CONTENT,
            recipients=recipients,
            retry=Retry.LATER if status == TEMPORARY or status < 0 else Retry.NEVER,
        )

    def close(self) -> None:
        """Nothing is open between two messages."""
