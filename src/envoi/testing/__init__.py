"""Doubles for whoever tests a program that sends mail: servers on loopback, and dialogues without any.

`SMTPServer` and `AsyncSMTPServer` are a real server with `faults` on demand; `ScriptedRuntime` plays a
recorded dialogue in memory, `ScriptedServer` over a socket. Importing this costs nothing beyond the
standard library; certificates come from the extra ``testing``. The fixture for pytest is in
`envoi.testing.pytest_plugin`.
"""

from __future__ import annotations

from envoi.testing import faults
from envoi.testing.certificates import Certificate, client_certificate
from envoi.testing.clock import FakeClock
from envoi.testing.player import Chunking
from envoi.testing.received import ReceivedMessage
from envoi.testing.scripted import ScriptedRuntime
from envoi.testing.scripted_server import ScriptedServer
from envoi.testing.server import AsyncSMTPServer, SMTPServer

__all__ = [
    "AsyncSMTPServer",
    "Certificate",
    "Chunking",
    "FakeClock",
    "ReceivedMessage",
    "SMTPServer",
    "ScriptedRuntime",
    "ScriptedServer",
    "client_certificate",
    "faults",
]
