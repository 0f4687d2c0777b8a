"""OpenTelemetry: spans and metrics of sessions, outboxes and workers, by the conventions for messaging.

    telemetry = Telemetry()
    session = telemetry.session(SMTPSession("smtp.example.com"))
    outbox = telemetry.outbox(Outbox("sqlite:///outbox.db"))
    worker = Worker(outbox, session=lambda name: telemetry.session(SMTPSession.from_account(name)))

A submission is a span of kind PRODUCER, a mail handed to a server one of kind CLIENT. People's addresses and
subjects are never in them: a Message-ID, counts, the server and its reply code are. Extra ``telemetry``.
"""

from __future__ import annotations

from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation
from opentelemetry.trace import SpanKind, Status, StatusCode

from envoi import __version__
from envoi.client.outbox import Outbox
from envoi.client.session import conversation_of
from envoi.drivers.blocking import BlockingClock
from envoi.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from contextlib import AbstractContextManager

    from opentelemetry.metrics import CallbackOptions, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from envoi.client.outbox_aio import AsyncOutbox
    from envoi.client.session import SMTPSession
    from envoi.client.session_aio import AsyncSMTPSession
    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.outbox.model import Ticket
    from envoi.session.conversation import Conversation
    from envoi.session.receipt import Receipt

__all__ = ["Telemetry"]

B = TypeVar("B", "Outbox", "AsyncOutbox")
S = TypeVar("S", "SMTPSession", "AsyncSMTPSession")

_SCOPE = "envoi"
_SEND = {"messaging.system": "envoi", "messaging.operation.type": "send"}


class Telemetry:
    """Where spans and metrics go.

    Args:
        tracer_provider: of the spans; the global one by default.
        meter_provider: of the metrics; the global one by default.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
        self._meter = metrics.get_meter(_SCOPE, __version__, meter_provider)
        self._clock = BlockingClock()
        self._durations = self._meter.create_histogram(
            "messaging.client.operation.duration", "s", "How long it took to hand a message over."
        )
        self._sent = self._meter.create_counter(
            "messaging.client.sent.messages", "{message}", "Messages that somebody tried to hand over."
        )

    def session(self, session: S) -> S:
        """Watch what a session of either colour sends by `send`, or for a worker, and return it."""
        watched: Any = _WatchedConversation(conversation_of(session), self)
        session._conversation = watched  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return session

    def outbox(self, outbox: B) -> B:
        """Watch what is submitted to an outbox of either colour by `submit`, and return it.

        What waits in it is observed as well, except in asyncio, where nobody who observes can wait: there a
        blocking one over the same store can be watched for that, or `envoi outbox work --metrics`.
        """
        watched: Any = outbox
        watched.submit = self._submitting(watched.submit)
        if isinstance(outbox, Outbox):
            self._observe(outbox)
        return outbox

    def _submitting(self, submit: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(submit):

            async def submitting(mail: object, **options: Any) -> Ticket:
                with self._submission(options) as span:
                    return _told(await submit(mail, **options), span)

            return submitting

        def submitted(mail: object, **options: Any) -> Ticket:
            with self._submission(options) as span:
                return _told(submit(mail, **options), span)

        return submitted

    def _submission(self, options: dict[str, Any]) -> AbstractContextManager[Span]:
        attributes = {"messaging.destination.name": options.get("account") or "default"}
        return self.operation("submit", SpanKind.PRODUCER, attributes, {})

    @contextmanager
    def operation(
        self, name: str, kind: SpanKind, attributes: dict[str, Any], details: dict[str, Any]
    ) -> Generator[Span]:
        """A span around one operation, which also counts it and takes its time.

        Args:
            name: of the operation.
            kind: of the span.
            attributes: of the span and the metrics; each value of one makes a time series of its own.
            details: of the span alone.
        """
        facts: dict[str, Any] = {**_SEND, "messaging.operation.name": name, **attributes}
        place = facts.get("messaging.destination.name") or facts.get("server.address", "")
        began = self._clock.monotonic()
        with self._tracer.start_as_current_span(
            f"{name} {place}".rstrip(),
            kind=kind,
            attributes={**facts, **details},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                facts["error.type"] = type(error).__name__
                span.set_attribute("error.type", type(error).__name__)
                if isinstance(error, DeliveryError) and error.reply is not None:
                    span.set_attribute("envoi.reply.code", error.reply.code)
                # Not the text: it may quote addresses.
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                self._durations.record(self._clock.monotonic() - began, facts)
                self._sent.add(1, facts)

    def _observe(self, outbox: Outbox) -> None:
        def stages(_: CallbackOptions) -> Iterable[Observation]:
            for stage, count in outbox.stats().stages.items():
                yield Observation(count, {"envoi.stage": stage.value})

        def settled(_: CallbackOptions) -> Iterable[Observation]:
            for state, count in outbox.stats().settled.items():
                yield Observation(count, {"envoi.state": state.value})

        self._meter.create_observable_gauge(
            "envoi.outbox.messages", [stages], "{message}", "Messages in the outbox, by stage."
        )
        self._meter.create_observable_counter(
            "envoi.outbox.recipients", [settled], "{recipient}", "Recipients settled, by state."
        )


def _told(ticket: Ticket, span: Span) -> Ticket:
    """Tell a span which mail it was."""
    span.set_attribute("messaging.message.id", ticket.message_id)
    span.set_attribute("envoi.ticket", ticket.id)
    return ticket


class _WatchedConversation:
    """A conversation whose sending is watched; everything else is its own."""

    def __init__(self, conversation: Conversation, telemetry: Telemetry) -> None:
        self._own = conversation
        self._endpoint = conversation._settings.endpoint  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._telemetry = telemetry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    async def send(self, content: Content, envelope: Envelope, **options: Any) -> Receipt:
        """See `Conversation.send`."""
        attributes = {
            "server.address": self._endpoint.host,
            "server.port": self._endpoint.port,
        }
        details = {
            "messaging.message.id": content.message_id or "",
            "envoi.recipients": len(envelope.recipients),
        }
        with self._telemetry.operation("send", SpanKind.CLIENT, attributes, details) as span:
            receipt = await self._own.send(content, envelope, **options)
            span.set_attribute("envoi.recipients.refused", len(receipt.refused))
            span.set_attribute("envoi.reply.code", receipt.reply.code)
            return receipt
