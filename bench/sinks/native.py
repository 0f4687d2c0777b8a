"""The C sink, compiled on first use into `.cache/bench`, with TLS where OpenSSL's headers are.

A sink is a process that prints its port and answers each line of input with its counts; `running` is that
protocol, for the asyncio sink too. What the sinks offer is written in `sink.c` and in `aio.py`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Counts", "Sink", "best_sink", "compiled", "running"]

_SOURCE = Path(__file__).with_name("sink.c")
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "bench"
_WITH_TLS = ("-DWITH_TLS", "-lssl", "-lcrypto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a sink has taken so far."""

    messages: int
    recipients: int
    octets: int
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A running sink."""

    port: int
    process: subprocess.Popen[str]

    def counts(self) -> Counts:
        """Ask it."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the sink has no pipes")
        stdin.write("\n")
        stdin.flush()
        messages, recipients, octets, connections = map(int, stdout.readline().split())
        return Counts(messages=messages, recipients=recipients, octets=octets, connections=connections)


@contextmanager
def running(command: Sequence[str]) -> Iterator[Sink]:
    """Start a sink, and end it with the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.strip():
                raise RuntimeError(f"{command[0]} did not start")
            yield Sink(port=int(line), process=process)
        finally:
            process.terminate()


def compiled(*, tls: bool) -> Path | None:
    """The program, made anew when its source has changed; None without a compiler, or the headers for TLS."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    flags = _WITH_TLS if tls else ()
    name = sha256(_SOURCE.read_bytes() + repr(flags).encode()).hexdigest()[:12]
    program = _CACHE / f"sink-{name}"
    if not program.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(".new")
        command = [compiler, "-O2", "-pthread", "-o", str(made), str(_SOURCE), *flags]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
        made.rename(program)
    return program


def best_sink(
    *, chunking: bool = True, pipelining: bool = True, certificate: Path | None = None, native: bool = True
) -> list[str]:
    """The command for the C sink, or for the asyncio one where that is not wanted or cannot be had."""
    program = compiled(tls=certificate is not None) if native else None
    command = [str(program)] if program else [sys.executable, "-m", "bench.sinks.aio"]
    if not chunking:
        command.append("--no-chunking")
    if not pipelining:
        command.append("--no-pipelining")
    if certificate is not None:
        command += ["--certificate", str(certificate)]
    return command
