"""A shop on FastAPI: the order's mail is in the outbox before the answer, and a worker sends it.

Run it with ``python examples/integrations/fastapi_shop.py``: it asks itself for an order, on a mail server of
its own. In earnest `MAIL` is the URL of yours, and uvicorn serves `app`.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from fastapi.testclient import TestClient

from envoi import AsyncOutbox, AsyncSMTPSession, Email
from envoi.integrations.fastapi import OutboxDep, lifespan
from envoi.outbox import AsyncWorker
from envoi.testing import SMTPServer


def shop(mail: str, outbox: Path) -> FastAPI:
    def worker(opened: AsyncOutbox) -> AsyncWorker:
        return AsyncWorker(opened, session=lambda _: AsyncSMTPSession.from_url(mail))

    app = FastAPI(lifespan=lifespan(outbox=outbox, worker=worker))

    @app.post("/orders/{number}")
    async def order(number: int, outbox: OutboxDep) -> str:
        mail = Email(
            sender="Shop <shop@example.com>",
            to=["buyer@example.org"],
            subject=f"Your order {number}",
            text="Thank you. It leaves tomorrow.",
        )
        ticket = await outbox.submit(mail, key=f"order-{number}")
        return ticket.id

    return app


def main() -> None:
    with (
        SMTPServer(security="plaintext") as server,
        TemporaryDirectory() as folder,
        TestClient(shop(server.url, Path(folder) / "outbox.db")) as client,
    ):
        print("ticket:", client.post("/orders/42").json())
        print("sent:", server.wait_for(1, timeout=30)[0].email["Subject"])


if __name__ == "__main__":
    main()
