"""`inspect_server`: the flow of `envoi.session.inspect` over the network, with everything that belongs to it.

Puts together what was seen, the addresses of the name, the certificate in words and what is the matter. No
logic here: what is seen is decided in `session/inspect`, what is the matter in `session/findings`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.drivers.blocking import BlockingRuntime
from envoi.session.certificate import Certificate
from envoi.session.findings import findings
from envoi.session.inspect import inspect
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from envoi.ports import Endpoint
    from envoi.session.findings import Finding
    from envoi.session.inspect import Inspection
    from envoi.session.settings import Settings

__all__ = ["ServerReport", "inspect_server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """What was found out about a server.

    Attributes:
        addresses: the IP addresses of its name, in the order of the system; empty when there is none.
        inspection: what was seen on the connection.
        certificate: the server's certificate in words; None without TLS.
        authorities: the certificates that the server presented beside its own.
        findings: what is the matter; empty for a server without faults.
    """

    addresses: tuple[str, ...]
    inspection: Inspection
    certificate: Certificate | None
    authorities: tuple[Certificate, ...]
    findings: tuple[Finding, ...]


def inspect_server(settings: Settings) -> ServerReport:
    """Look at a server; nothing is sent to it but EHLO, NOOP, QUIT, and a login when the settings have one.

    Raises:
        UsageError, ConfigError: the settings cannot work with any server.
    """
    runtime = BlockingRuntime()
    addresses = _addresses(runtime, settings.endpoint, settings.timeouts.connect)
    seen = run_sync(inspect(runtime, settings))
    certificate = None if seen.tls is None else Certificate.of(seen.tls)
    return ServerReport(
        addresses=addresses,
        inspection=seen,
        certificate=certificate,
        authorities=() if seen.tls is None else Certificate.authorities_of(seen.tls),
        findings=findings(seen, certificate, runtime.clock.now(), protocol=settings.protocol),
    )


def _addresses(runtime: BlockingRuntime, endpoint: Endpoint, timeout: float | None) -> tuple[str, ...]:
    if endpoint.host.startswith("/") or endpoint.proxy is not None:
        return ()
    until = None if timeout is None else runtime.clock.monotonic() + timeout
    # A name without addresses is told by the connection that fails for it.
    with suppress(OSError):
        found = run_sync(runtime.connector.look_up(endpoint.host, endpoint.port, until)) or []
        return tuple(dict.fromkeys(str(address.location[0]) for address in found))
    return ()
