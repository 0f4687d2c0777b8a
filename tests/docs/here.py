"""Leads the names that pages use to this machine, and does what a person does in a browser.

For this process, and by `inside/sitecustomize` for the programs that it starts: they find the names in the
variable DOCS_WORLD, JSON such as ``{"smtp.example.com:587": 12345}``. Any other name is refused, so that no
example ever asks a name server.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import urllib.request
import webbrowser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["browse", "leading", "patch_this_process"]

VARIABLE = "DOCS_WORLD"
_LOOPBACK = {"localhost", "127.0.0.1", "::1", None}
_getaddrinfo = socket.getaddrinfo


def leading(names: Mapping[str, int]) -> Callable[..., Any]:
    """Return a `socket.getaddrinfo` that knows these names and ports alone."""

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        found = names.get(f"{host}:{port}")
        if found is not None:
            return _getaddrinfo("127.0.0.1", found, *args, **options)
        if host in _LOOPBACK:
            return _getaddrinfo(host, port, *args, **options)
        raise socket.gaierror(socket.EAI_NONAME, f"the pages know nothing of {host}:{port}")

    return getaddrinfo


def browse(url: str, new: int = 0, autoraise: bool = True) -> bool:
    """Be the person: open the address, say yes to everything, and come back."""
    threading.Thread(target=_visit, args=(url,)).start()
    return True


def _visit(url: str) -> None:
    with urllib.request.urlopen(url, timeout=10, context=ssl.create_default_context()) as page:
        page.read()


def patch_this_process() -> None:
    """Do all of that for good; for programs that were started for it."""
    socket.getaddrinfo = leading(json.loads(os.environ[VARIABLE]))
    webbrowser.open = browse
