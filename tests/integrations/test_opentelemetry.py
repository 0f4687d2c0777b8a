"""OpenTelemetry: what is measured, under which names, and what is never told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from envoi import AsyncOutbox, AsyncSMTPSession, Email, Outbox, RecipientsRejected, SMTPSession, UsageError
from envoi.integrations.opentelemetry import Telemetry
from envoi.outbox import Ticket, Worker
from envoi.testing import SMTPServer
from envoi.testing.faults import reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAIL = Email(sender="me@example.com", to="zoe@example.org", subject="Secret plans", text="Hello")


class Collected:
    """What a program has told so far."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader])
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self) -> Any:
        return self._spans.get_finished_spans()

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        assert data is not None
        found = [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [point for metric in found if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def collected() -> Iterator[Collected]:
    made = Collected()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


@pytest.mark.parametrize("colour", ["blocking", "asyncio"])
def test_a_mail_that_is_sent_is_a_span(collected: Collected, colour: str) -> None:
    with SMTPServer() as server:
        if colour == "blocking":
            with collected.telemetry.session(SMTPSession(**server.session_options())) as session:
                session.send(MAIL)
        else:

            async def send() -> None:
                made = AsyncSMTPSession(**server.session_options())
                async with collected.telemetry.session(made) as session:
                    await session.send(MAIL)

            asyncio.run(send())
        port = server.port
    (span,) = collected.spans
    assert (span.name, span.kind) == ("send 127.0.0.1", SpanKind.CLIENT)
    assert span.attributes["messaging.system"] == "envoi"
    assert span.attributes["messaging.operation.type"] == "send"
    assert span.attributes["messaging.message.id"] == MAIL.message_id
    assert span.attributes["server.port"] == port
    assert (span.attributes["envoi.recipients"], span.attributes["envoi.reply.code"]) == (1, 250)
    assert [point.value for point in collected.points("messaging.client.sent.messages")] == [1]
    assert [point.count for point in collected.points("messaging.client.operation.duration")] == [1]


def test_many_mails_are_one_time_series(collected: Collected) -> None:
    mails = [Email(sender="me@example.com", to=f"z{n}@example.org", text="Hello") for n in range(3)]
    with (
        SMTPServer() as server,
        collected.telemetry.session(SMTPSession(**server.session_options())) as session,
    ):
        for mail in mails:
            session.send(mail)
    for name in ("messaging.client.sent.messages", "messaging.client.operation.duration"):
        (point,) = collected.points(name)
        assert set(point.attributes) == {
            "messaging.system",
            "messaging.operation.type",
            "messaging.operation.name",
            "server.address",
            "server.port",
        }
    assert [span.attributes["messaging.message.id"] for span in collected.spans] == [
        mail.message_id for mail in mails
    ]


def test_asyncio_submits_under_a_span_too(collected: Collected, tmp_path: Path) -> None:
    async def submit() -> Ticket:
        async with collected.telemetry.outbox(AsyncOutbox(tmp_path / "outbox.db")) as outbox:
            return await outbox.submit(MAIL, account="work")

    ticket = asyncio.run(submit())
    (span,) = collected.spans
    assert (span.name, span.attributes["envoi.ticket"]) == ("submit work", ticket.id)


def test_a_refusal_is_told_without_names(collected: Collected) -> None:
    with SMTPServer(faults=[reply("RCPT", "550 5.1.1 no such user")]) as server:
        session = collected.telemetry.session(SMTPSession(**server.session_options()))
        with session, pytest.raises(RecipientsRejected):
            session.send(MAIL)
    (span,) = collected.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "RecipientsRejected"
    told = span.to_json()
    assert "zoe@example.org" not in told
    assert "Secret" not in told


def test_an_outbox_and_its_worker_are_watched(collected: Collected, tmp_path: Path) -> None:
    telemetry = collected.telemetry
    with SMTPServer() as server, telemetry.outbox(Outbox(tmp_path / "outbox.db")) as outbox:
        ticket = outbox.submit(MAIL, account="work")
        assert {
            point.attributes["envoi.stage"]: point.value
            for point in collected.points("envoi.outbox.messages")
        }["waiting"] == 1
        with Worker(outbox, session=lambda _: telemetry.session(SMTPSession(**server.session_options()))):
            outbox.wait(ticket, 60)
        (delivered,) = [
            point.value
            for point in collected.points("envoi.outbox.recipients")
            if point.attributes["envoi.state"] == "delivered"
        ]
        assert delivered == 1
    submitted, sent = collected.spans
    assert (submitted.name, submitted.kind) == ("submit work", SpanKind.PRODUCER)
    assert submitted.attributes["envoi.ticket"] == ticket.id
    assert (sent.name, sent.attributes["messaging.message.id"]) == ("send 127.0.0.1", ticket.message_id)


def test_what_cannot_be_submitted_is_an_error(collected: Collected, tmp_path: Path) -> None:
    with collected.telemetry.outbox(Outbox(tmp_path / "outbox.db")) as outbox, pytest.raises(UsageError):
        outbox.submit(b"no envelope")
    (span,) = collected.spans
    assert (span.name, span.status.status_code) == ("submit default", StatusCode.ERROR)
