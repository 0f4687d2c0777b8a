"""Runs a program for which some names of the world are on this machine: `mapped.py PROGRAM [ARGUMENTS]`.

The variable NAMES is JSON, ``{"smtp.gmail.com:587": 12345}``: name and port there, port here. Any other name
is refused, so that no program under test ever asks a name server.
"""

from __future__ import annotations

import json
import os
import runpy
import socket
import sys
from typing import Any

LOOPBACK = {"localhost", "127.0.0.1", "::1", None}
_getaddrinfo = socket.getaddrinfo


def main() -> None:
    """Lead the names here, and run the program."""
    here: dict[str, int] = json.loads(os.environ["NAMES"])

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host in LOOPBACK:
            return _getaddrinfo(host, port, *args, **options)
        return _getaddrinfo("127.0.0.1", here[f"{host}:{port}"], *args, **options)

    socket.getaddrinfo = getaddrinfo
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
