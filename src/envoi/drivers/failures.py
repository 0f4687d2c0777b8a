"""What the operating system's errors mean, said for people.

Pure functions from an `OSError` to words, a remedy and an error of the tree; the TLS errors have
a module of their own, `tls_failures`. Connections that never came about are told in
`happy_eyeballs`, which has all the addresses. Where in the dialogue it happened is not known
here: the flow that was speaking overwrites `phase`.
"""

from __future__ import annotations

import errno
import socket

from envoi.errors import DeadlineExceeded, Disconnected, Phase, Retry

__all__ = ["FIREWALL", "disconnected", "reason", "remedy", "seconds", "silent", "stuck"]

FIREWALL = "Firewalls and hosting providers often block ports 25, 465 and 587: try another of them, or ask"

_REASONS = {
    errno.ECONNREFUSED: "refused the connection",
    errno.ECONNRESET: "reset the connection",
    errno.ECONNABORTED: "aborted the connection",
    errno.EPIPE: "closed the connection",
    errno.ETIMEDOUT: "did not answer",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "no route to the host",
    errno.EADDRNOTAVAIL: "the source address is not an address of this machine",
    errno.EADDRINUSE: "the source address has no free port left",
    errno.EACCES: "not permitted",
    errno.EPERM: "not permitted, perhaps by a local firewall",
    errno.ENOENT: "no such socket",
    errno.EAGAIN: "its queue of waiting connections is full",
    errno.EMFILE: "this process has too many files open",
    errno.EAFNOSUPPORT: "this machine does not speak that address family",
}

_REMEDIES = {
    errno.ECONNREFUSED: "Is the server running, and is the port right (587 STARTTLS, 465 TLS, 25 relay)?",
    errno.ETIMEDOUT: f"{FIREWALL}.",
    errno.ENETUNREACH: "Is this machine connected to the network?",
    errno.EHOSTUNREACH: "Is this machine connected to the network?",
    errno.EADDRNOTAVAIL: "Choose a source address that one of this machine's interfaces has.",
    errno.EACCES: "Check the permissions of the socket, and local firewall rules.",
    errno.ENOENT: "Is the server running, and is the path right?",
}


def reason(error: OSError) -> str:
    """Say what happened, without the address: "refused the connection"."""
    if isinstance(error, socket.gaierror):
        return error.strerror or "the name could not be resolved"
    if isinstance(error, TimeoutError):
        return _REASONS[errno.ETIMEDOUT]
    return _REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__


def remedy(error: OSError) -> str:
    """Say what the reader can do about it; empty when nothing is known."""
    code = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    return _REMEDIES.get(code or 0, "")


def seconds(timeout: float | None) -> str:
    """A time limit as text."""
    return "0 s" if timeout is None else f"{timeout:.3g} s"


def disconnected(peer: str, error: OSError | None = None) -> Disconnected:
    """The connection broke, by the operating system's word."""
    what = reason(error) if error is not None else "closed the connection"
    return Disconnected(f"{peer} {what}", phase=Phase.COMMAND, retry=Retry.LATER)


def silent(peer: str, timeout: float | None) -> DeadlineExceeded:
    """Nothing arrived in time."""
    return DeadlineExceeded(f"{peer} sent nothing for {seconds(timeout)}", phase=Phase.COMMAND)


def stuck(peer: str, timeout: float | None) -> DeadlineExceeded:
    """Nothing of what we write was taken in time."""
    return DeadlineExceeded(f"{peer} took no data for {seconds(timeout)}", phase=Phase.COMMAND)
