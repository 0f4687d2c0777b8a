"""Doubles for whoever tests a program that sends mail: servers on loopback, and dialogues without any.

`SMTPServer` and `AsyncSMTPServer` are a real server with faults on demand, `ScriptedServer` and
`ScriptedRuntime` play recorded dialogues. Importing this costs nothing beyond the standard library;
certificates come from the extra ``testing``. The fixture for pytest is in `envoi.testing.pytest_plugin`.
"""

from __future__ import annotations

from envoi.testing.clock import FakeClock
from envoi.testing.player import Chunking
from envoi.testing.scripted import ScriptedRuntime

__all__ = ["Chunking", "FakeClock", "ScriptedRuntime"]
