"""From an address to the settings of its server: what is known, what the domain says, what can be concluded.

Flows over the ports in `ports`, pure like `session` and `oauth` beside it: no sockets, no clocks. The shipped
table is `providers.toml`; `discover` asks one source after the other. Nothing here ever sees a password.
The drivers for HTTPS and DNS are in `envoi.drivers`, the two colours in `envoi.client.discover`.
"""

from envoi.discovery.answer import Considered, Discovered, Source
from envoi.discovery.provider import AuthorizationServer

__all__ = ["AuthorizationServer", "Considered", "Discovered", "Source"]
