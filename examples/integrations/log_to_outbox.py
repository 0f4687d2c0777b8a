"""Errors by mail: many records to one mail, through an outbox that a worker sends from.

Run it with ``python examples/integrations/log_to_outbox.py``; the mail server is its own.
"""

from __future__ import annotations

import logging
from tempfile import TemporaryDirectory

from envoi import Outbox, SMTPSession
from envoi.integrations.logging import OutboxHandler
from envoi.outbox import Worker
from envoi.testing import SMTPServer


def main() -> None:
    with (
        SMTPServer(security="plaintext") as server,
        TemporaryDirectory() as folder,
        Outbox(f"sqlite:///{folder}/outbox.db") as outbox,
    ):
        handler = OutboxHandler(outbox, sender="app@example.com", to="ops@example.com", subject="Shop")
        logger = logging.getLogger("shop")
        logger.addHandler(handler)
        for order in range(3):
            logger.error("order %d could not be paid", order)
        handler.close()
        with Worker(outbox, session=lambda _: SMTPSession.from_url(server.url)):
            print(server.wait_for(1, timeout=30)[0].email.get_content())


if __name__ == "__main__":
    main()
