"""OpenDKIM as a second opinion, without the DNS: `opendkim-testmsg` in a network of its own.

The program knows keys from the DNS only. So it is run where 127.0.0.1 is the name server and a thread beside
it answers each question with the one TXT record there is: in new user, network and mount namespaces (Linux,
`unshare`), where nobody's resolv.conf is touched. This file is also what runs in there:
``python -m tests.message.signing.opendkim TEXT < message``.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import pytest

from tests.conftest import MISSING, ROOT, demand_program

_SET_FLAGS = 0x8914  # SIOCSIFFLAGS
_UP_AND_RUNNING = 0x1 | 0x40
_TXT, _INTERNET = 16, 1


def verify(message: bytes, text: str) -> str:
    """What OpenDKIM complains about; nothing when every signature holds.

    Args:
        message: with CRLF line ends.
        text: the TXT record of every name.
    """
    unshare = demand_program("unshare")
    demand_program("opendkim-testmsg")
    within = [sys.executable, "-m", "tests.message.signing.opendkim", text]
    command = [str(unshare), "--map-root-user", "--net", "--mount", *within]
    answer = subprocess.run(command, input=message, capture_output=True, cwd=ROOT, check=False, timeout=60)
    if answer.stderr.startswith(b"unshare:"):
        demand_permission(answer.stderr.decode(errors="replace").strip())
    said = (answer.stdout + answer.stderr).decode(errors="replace").strip()
    return said or ("" if answer.returncode == 0 else f"exit status {answer.returncode}")


def demand_permission(refusal: str) -> None:
    """End the test where the system forbids namespaces, as it ends where a program is missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(refusal, pytrace=False)
    pytest.skip(f"{MISSING}permission for user namespaces ({refusal})")


def _within(text: str) -> int:
    _bring_up_loopback()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolver:
        resolver.write("nameserver 127.0.0.1\n")
        resolver.flush()
        subprocess.run(["mount", "--bind", resolver.name, "/etc/resolv.conf"], check=True)
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=_serve, args=(server, text.encode()), daemon=True).start()
        program = demand_program("opendkim-testmsg")
        return subprocess.run([program, "-C"], stdin=sys.stdin, check=False, timeout=30).returncode


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))


def _serve(server: socket.socket, text: bytes) -> None:
    while True:
        question, client = server.recvfrom(4096)
        server.sendto(_answer(question, text), client)


def _answer(query: bytes, text: bytes) -> bytes:
    """One TXT record, in strings of at most 255 octets (RFC 1035 §3.3.14, §4.1)."""
    end = query.index(b"\0", 12) + 5
    strings = b"".join(
        bytes([len(piece)]) + piece for piece in (text[at : at + 255] for at in range(0, len(text), 255))
    )
    head = query[:2] + struct.pack("!HHHHH", 0x8580, 1, 1, 0, 0)
    record = struct.pack("!HHHLH", 0xC00C, _TXT, _INTERNET, 60, len(strings)) + strings
    return head + query[12:end] + record


if __name__ == "__main__":
    sys.exit(_within(sys.argv[1]))
