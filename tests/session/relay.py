"""A server in memory for many mails at once: strict, sticky, and breaking off wherever it is told to.

It keeps the sender and the recipients of a message that it refused until RSET, as some servers do, so that
whoever forgets RSET hands a mail to strangers. Everything that has been written is carried out, however
little of the answers the client gets to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.errors import Disconnected, Phase
from envoi.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.ports import TLSInfo, TLSOptions

_BDAT = re.compile(rb"BDAT (\d+)( LAST)?\r\n")
_BDAT_OFFERS = ("PIPELINING", "CHUNKING", "SIZE 1000000")


@dataclass
class Rules:
    """What all connections to a server have in common.

    Attributes:
        offers: after EHLO.
        most: messages per connection; 421 answers the MAIL of the next.
        reset: whether it breaks off by a reset.
        limits: octets of answers that each connection in turn gives before it breaks off; then all.
        unknown: commands it does not know, for all it offers.
        piece: octets that the client gets to read at once.
        interrupt: after how many of the client's reads and writes it is interrupted, and by what.
        last_words: number of mails delivered → the answer to the next mail's end, which is the end of all.
        delivered: sender, recipients and body of each mail that was taken, over all connections.
    """

    offers: tuple[str, ...] = _BDAT_OFFERS
    most: int | None = None
    limits: list[int] = field(default_factory=list)
    reset: bool = False
    unknown: tuple[bytes, ...] = ()
    piece: int | None = None
    last_words: dict[int, str] = field(default_factory=dict)
    delivered: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)
    relays: list[Relay] = field(default_factory=list)
    interrupt: tuple[int, type[BaseException]] | None = None

    def pause(self) -> None:
        """Interrupt the client, when it is time for that."""
        if self.interrupt is not None:
            left, error = self.interrupt
            self.interrupt = (left - 1, error)
            if left == 0:
                raise error


class Relay:
    """One connection, seen from the client: a stream.

    Attributes:
        flights: how often the client spoke and then waited.
        wrote: all that it wrote.
        longest: octets of its longest write.
    """

    peer = "192.0.2.1:25"
    local_address = "192.0.2.10"
    tls: TLSInfo | None = None

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._limit = rules.limits.pop(0) if rules.limits else None
        self._buffer = b""
        self._answers = bytearray(b"220 hi\r\n")
        self._said = 0
        self._sender: str | None = None
        self._people: list[str] = []
        self._body = b""
        self._in_data = self._over = self._spoke = False
        self._taken = 0
        self.flights = 0
        self.wrote = bytearray()
        self.longest = 0
        self.closed = False
        rules.relays.append(self)

    async def read(self, timeout: float | None) -> bytes:
        del timeout
        self._rules.pause()
        if self._spoke:
            self.flights += 1
            self._spoke = False
        found = await self.poll()
        assert found is not None, (
            f"a client that waits for what nobody will say, after {bytes(self.wrote[-200:])!r}"
        )
        return found

    async def poll(self) -> bytes | None:
        room = (
            len(self._answers) if self._limit is None else min(len(self._answers), self._limit - self._said)
        )
        if self._rules.piece is not None:
            room = min(room, self._rules.piece)
        if room > 0:
            said = bytes(self._answers[:room])
            del self._answers[:room]
            self._said += room
            return said
        if self._limit is not None and self._said >= self._limit:
            if self._rules.reset:
                raise Disconnected("reset", phase=Phase.COMMAND)
            return b""
        return b"" if self._over else None

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        del timeout
        self._spoke = True
        self.wrote += data
        self.longest = max(self.longest, len(data))
        self._rules.pause()
        self._buffer += data
        while not self._over and self._step():
            pass

    async def start_tls(self, options: TLSOptions, server_hostname: str, timeout: float | None) -> TLSInfo:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def _say(self, line: str) -> bool:
        self._answers += f"{line}\r\n".encode()
        return True

    def _step(self) -> bool:
        if self._in_data:
            end = 0 if self._buffer.startswith(b".\r\n") else self._buffer.find(b"\r\n.\r\n") + 2
            if end == 1:
                return False
            body, self._buffer = self._buffer[:end], self._buffer[end + 3 :]
            self._in_data = False
            return self._judge(body.replace(b"\r\n..", b"\r\n."), sticky=False)
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        chunk = _BDAT.match(self._buffer)
        if chunk is None or b"BDAT" in self._rules.unknown:
            self._buffer = rest
            return self._obey(line.split(b" ")[0].upper(), line.decode())
        end = chunk.end() + int(chunk[1])
        if len(self._buffer) < end:
            return False
        octets, self._buffer = self._buffer[chunk.end() : end], self._buffer[end:]
        if not self._people:
            return self._say("503 5.5.1 nobody to deliver to")
        self._body += octets
        return self._judge(self._body, sticky=True) if chunk[2] else self._say("250 2.0.0 go on")

    def _judge(self, body: bytes, *, sticky: bool) -> bool:
        if b"spam" in body or not self._people:
            if not sticky:
                self._forget()
            return self._say("554 5.7.1 no spam")
        assert self._sender is not None
        last = self._rules.last_words.get(len(self._rules.delivered))
        if last is not None:
            self._over = True
            return self._say(last)
        self._rules.delivered.append((self._sender, tuple(self._people), body))
        self._taken += 1
        self._forget()
        return self._say(f"250 2.0.0 queued as {len(self._rules.delivered)}")

    def _forget(self) -> None:
        self._sender, self._people, self._body = None, [], b""

    def _obey(self, verb: bytes, line: str) -> bool:
        if verb in self._rules.unknown:
            return self._say("500 5.5.2 what?")
        answer: Callable[[str], str] | None = getattr(self, f"_{verb.decode('latin-1').lower()}", None)
        return self._say("500 5.5.2 what?" if answer is None else answer(line))

    def _ehlo(self, line: str) -> str:
        del line
        offers = "".join(f"250-{offer}\r\n" for offer in self._rules.offers)
        return f"250-mail.example.org\r\n{offers}250 HELP"

    def _mail(self, line: str) -> str:
        if self._rules.most is not None and self._taken >= self._rules.most:
            self._over = True
            return "421 4.7.0 too many messages on this connection"
        if self._sender is not None:
            return "503 5.5.1 nested MAIL"
        sender = line.partition("<")[2].partition(">")[0]
        if sender.startswith("bad"):
            return "550 5.1.8 not you"
        self._sender = sender
        return "250 2.1.0 ok"

    def _rcpt(self, line: str) -> str:
        address = line.partition("<")[2].partition(">")[0]
        if self._sender is None:
            return "503 5.5.1 whose mail?"
        if address.startswith("nobody"):
            return "550 5.1.1 unknown"
        self._people.append(address)
        return "250 2.1.5 ok"

    def _data(self, line: str) -> str:
        del line
        if not self._people and "eager" not in self._rules.offers:
            return "554 5.5.1 for whom?"
        self._in_data = True
        return "354 go"

    def _rset(self, line: str) -> str:
        del line
        self._forget()
        return "250 2.0.0 forgotten"

    def _quit(self, line: str) -> str:
        del line
        self._over = True
        return "221 2.0.0 bye"


class Network:
    """A runtime whose connections all lead to such a server."""

    def __init__(self, rules: Rules) -> None:
        self.clock = FakeClock()
        self.connector = self
        self.rules = rules

    async def connect(self, endpoint: object, timeout: float | None) -> Relay:
        del endpoint, timeout
        return Relay(self.rules)

    def nonce(self) -> bytes:
        return bytes(18)

    def hostname(self) -> str:
        return "client.example"
