"""A recorded dialogue in place of the network: the Runtime port, in memory, for both colours.

`ScriptedRuntime` gives a session its connector and its clock. Nothing here waits: a read that nothing can
satisfy moves the clock by its timeout and fails at once. The same dialogue over a socket is
`scripted_server`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    Disconnected,
    Phase,
    RemoteProtocolError,
    Retry,
    TLSFailed,
)
from envoi.ports import TLSInfo
from envoi.testing.clock import FakeClock
from envoi.testing.player import Chunking, Player
from envoi.testing.transcript import Action, parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envoi.ports import Endpoint, TLSOptions
    from envoi.testing.transcript import Step

__all__ = ["ScriptedRuntime", "ScriptedStream"]

SERVER_END_POINT = bytes(range(32))
"""The channel binding (RFC 5929 §4.1) of a handshake that never took place."""


class ScriptedStream:
    """One connection of a transcript; see `envoi.ports.Stream` for what the methods promise.

    Attributes:
        sent: every octet the client wrote.
        closed: whether the client has closed the connection.
    """

    __slots__ = ("_clock", "_player", "closed", "peer", "sent", "tls")

    local_address: str | None = "192.0.2.10"

    def __init__(self, player: Player, clock: FakeClock, peer: str) -> None:
        self._player = player
        self._clock = clock
        self.peer = peer
        self.sent = bytearray()
        self.closed = False
        self.tls: TLSInfo | None = None

    async def read(self, timeout: float | None) -> bytes:
        """Return the next piece; what cannot come fails at once, with the clock moved on."""
        self._check_open()
        pieces = self._player.pieces
        if pieces:
            if timeout is not None and pieces[0].after > timeout:
                # The rest of the pause is left for the next read.
                pieces[0] = pieces[0].later(-timeout)
                raise self._too_late(timeout)
            self._clock.advance(pieces[0].after)
            return self._player.fetch()
        if self._player.ending is Action.CLOSE:
            return b""
        if self._player.ending is Action.RESET:
            raise self._reset()
        raise self._too_late(timeout)

    async def poll(self) -> bytes | None:
        """Return what is there."""
        self._check_open()
        pieces = self._player.pieces
        if pieces and not pieces[0].after:
            return self._player.fetch()
        if pieces or self._player.ending is None:
            return None
        if self._player.ending is Action.RESET:
            raise self._reset()
        return b""

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Hold what the client says against the transcript."""
        self._check_open()
        if self._player.ending is Action.RESET:
            raise self._reset()
        if self._player.deaf:
            raise self._too_late(timeout)
        self.sent += data
        self._player.hear(bytes(data))

    async def start_tls(self, options: TLSOptions, server_hostname: str, timeout: float | None) -> TLSInfo:
        """Pretend to do the handshake, or to fail at it, as the transcript tells."""
        del server_hostname, timeout
        self._check_open()
        if self._player.pieces:
            raise RemoteProtocolError("octets in clear before the handshake", phase=Phase.TLS)
        if self._player.ending is not None:
            raise self._reset()
        step = self._player.shake_hands()
        if step.action is Action.TLS_FAILED:
            raise TLSFailed(f"{self.peer}: {step.text}", phase=Phase.TLS, retry=Retry.NEVER)
        self.tls = TLSInfo(
            version="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
            verified=not options.insecure_skip_verification,
            certificate=b"",
            subject={},
            server_end_point=SERVER_END_POINT,
            client_certificate=options.client_certificate is not None,
        )
        return self.tls

    async def close(self) -> None:
        """Close."""
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        self.closed = True

    def _check_open(self) -> None:
        if self.closed:
            raise Disconnected("the connection was closed by our own side", phase=Phase.COMMAND)

    def _reset(self) -> Disconnected:
        return Disconnected(f"{self.peer} reset the connection", phase=Phase.COMMAND)

    def _too_late(self, timeout: float | None) -> Exception:
        if timeout is None:
            return AssertionError(
                f"the client waits for ever: {self._player.unfinished or 'the transcript is over'}"
            )
        self._clock.advance(timeout)
        return DeadlineExceeded(f"{self.peer} was silent for {timeout:g} s", phase=Phase.COMMAND)


class _Connector:
    """Hands out the connections of a transcript, one after the other."""

    __slots__ = ("_chunking", "_clock", "_left", "endpoints", "players", "streams")

    def __init__(self, connections: Sequence[tuple[Step, ...]], chunking: Chunking, clock: FakeClock) -> None:
        self._left = list(connections)
        self._chunking = chunking
        self._clock = clock
        self.endpoints: list[Endpoint] = []
        self.streams: list[ScriptedStream] = []
        self.players: list[Player] = []

    async def connect(self, endpoint: Endpoint, timeout: float | None) -> ScriptedStream:
        """Return the next connection."""
        del timeout
        self.endpoints.append(endpoint)
        if not self._left:
            raise AssertionError("the client connects once more than the transcript tells")
        steps = self._left.pop(0)
        peer = f"{endpoint.host}:{endpoint.port}"
        if steps and steps[0].action is Action.REFUSE:
            raise ConnectionFailed(f"{peer}: {steps[0].text or 'refused'}", phase=Phase.CONNECT)
        player = Player(steps, self._chunking)
        stream = ScriptedStream(player, self._clock, peer)
        self.players.append(player)
        self.streams.append(stream)
        return stream

    def unfinished(self) -> str:
        """What was still to happen."""
        if self._left:
            return "the client connects less often than the transcript tells"
        return next((player.unfinished for player in self.players if player.unfinished), "")


class ScriptedRuntime:
    """Everything a session needs from the outside, played from a transcript.

    Works under `envoi.session.run.run_sync` and under any event loop alike, because nothing suspends.

    Args:
        transcript: the text of a transcript, or its file; see `envoi.testing.transcript`.
        chunking: in what pieces the server's octets arrive.
        nonce: what `nonce` gives, always the same.
        hostname: this machine's name.
    """

    __slots__ = ("_hostname", "_nonce", "clock", "connector")

    def __init__(
        self,
        transcript: str | Path,
        chunking: Chunking = Chunking.AT_ONCE,
        *,
        nonce: bytes = b"fyko+d2lbbFgONRv9qkxdawL",
        hostname: str = "client.example",
    ) -> None:
        self.clock = FakeClock()
        self.connector = _Connector(parse(transcript), chunking, self.clock)
        self._nonce = nonce
        self._hostname = hostname

    @property
    def streams(self) -> Sequence[ScriptedStream]:
        """The connections so far."""
        return self.connector.streams

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """Where the client connected to, the refused attempts included."""
        return self.connector.endpoints

    def nonce(self) -> bytes:
        """The nonce that was agreed on."""
        return self._nonce

    def hostname(self) -> str:
        """This machine's name."""
        return self._hostname

    def assert_finished(self) -> None:
        """Check that the dialogue was played to its end, and every connection closed.

        Raises:
            AssertionError: something was left.
        """
        if left := self.connector.unfinished():
            raise AssertionError(left)
        if any(not stream.closed for stream in self.streams):
            raise AssertionError("the client left a connection open")
