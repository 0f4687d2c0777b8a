"""A Postfix of our own for `sendmail`: what it is to deliver it discards, and nothing listens.

Its folder has a short name of its own, because Postfix's users must get there and its sockets have paths that
may not be long.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from tests.servers.postfix import LONE_MAIN, MASTER, make_folders, write_aged

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["running"]

_MAIN = (
    LONE_MAIN
    + """\
smtp_dns_support_level = disabled
default_transport = discard:
"""
)
_MASTER = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def running() -> Iterator[Path]:
    """Run it, and give the folder of its configuration."""
    with tempfile.TemporaryDirectory(prefix="outbox") as name:
        folder = Path(name)
        folder.chmod(0o755)
        make_folders(folder)
        write_aged(folder / "main.cf", _MAIN.format(folder=folder))
        write_aged(folder / "master.cf", _MASTER)
        with Popen(
            [MASTER, "-d", "-c", str(folder)], env={"MAIL_CONFIG": str(folder), "PATH": "/usr/sbin:/usr/bin"}
        ) as master:
            time.sleep(1)  # it says nowhere that it is ready: nothing but its queue is open
            yield folder
            master.terminate()
