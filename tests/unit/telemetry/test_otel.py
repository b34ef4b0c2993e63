"""Spans and metrics as an OpenTelemetry SDK sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from tests.unit.engine.jobs import Job, order
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.support import answer, event, starting
from tests.unit.telemetry.parcels import (
    CONTEXT,
    SECRET,
    SPAN_ID,
    TRACE_ID,
    Depot,
    Parcel,
    Sending,
    broken,
    packers,
)
from xorca import Orchestrator, emit, end, on, start
from xorca.engine.record import unseal
from xorca.events import Event, read_event
from xorca.fleet import Fleet
from xorca.ports import Query
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Limits, Runtime
from xorca.telemetry import OtelTelemetry, names

SUBJECT = "t.sending/1.0.0/p"


@dataclass
class Lab:
    """Telemetry with an exporter that keeps what it is given."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    sampler: Any = None

    def __post_init__(self) -> None:
        self.provider = TracerProvider(sampler=self.sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])
        self.telemetry = OtelTelemetry(tracer_provider=self.provider, meter_provider=self.meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that ended, in order."""
        return list(self.exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """Give the one span of a name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def points(self) -> dict[str, list[Any]]:
        """Give the data points of each metric by its name."""
        data = self.reader.get_metrics_data()
        assert data is not None
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        return {metric.name: list(metric.data.data_points) for metric in scope.metrics}


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Give a laboratory, and shut it down."""
    made = Lab()
    yield made
    made.provider.shutdown()
    made.meters.shutdown()


def traced(one: Event, context: str = CONTEXT, state: str = "") -> Event:
    """Give an event that carries a trace context."""
    members = msgspec.json.decode(one.to_json())
    members |= {"traceparent": context} | ({"tracestate": state} if state else {})
    return read_event(msgspec.json.encode(members))


def context_of(span: ReadableSpan) -> str:
    """Give the context of a span as an event carries it."""
    found = span.get_span_context()
    assert found is not None
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


def parent_of(span: ReadableSpan) -> str:
    """Give the id of the parent of a span; empty if it begins a trace."""
    return "" if span.parent is None else f"{span.parent.span_id:016x}"


async def test_an_event_is_a_span_under_the_context_that_it_carries(lab: Lab) -> None:
    """Of the kind CONSUMER, with what is to be known of it."""
    await (
        Depot()
        .worker(lab.telemetry)
        .handle(traced(starting(Sending, Parcel("x"), id="s-1", source="/shop")))
    )

    (span,) = lab.spans
    assert span.name == "xorca.handle xorca.t.sending.start"
    assert span.kind is SpanKind.CONSUMER
    assert context_of(span)[3:35] == TRACE_ID
    assert parent_of(span) == SPAN_ID
    assert dict(span.attributes or {}) == {
        "cloudevents.event_id": "s-1",
        "cloudevents.event_source": "/shop",
        "cloudevents.event_type": "xorca.t.sending.start",
        "xorca.orchestrator": "t.sending",
        "xorca.version": "1.0.0",
        "xorca.subject": SUBJECT,
        "xorca.status": "applied",
        "xorca.reason": "begin",
        "xorca.state.after": "packing",
        "xorca.revision": 1,
        "xorca.attempts": 1,
    }


async def test_what_is_emitted_carries_the_context_of_the_span(lab: Lab) -> None:
    """With the state of the trace that came with the event."""
    depot = Depot()

    await depot.worker(lab.telemetry).handle(
        traced(starting(Sending, Parcel("x")), state="vendor=1")
    )

    command = depot.last("cmd.parcel.pack")
    assert command.extensions["traceparent"] == context_of(lab.spans[0])
    assert command.extensions["tracestate"] == "vendor=1"
    assert read_event(command.to_json()) == command


@pytest.mark.parametrize("context", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_an_event_without_a_context_begins_a_trace(lab: Lab, context: str) -> None:
    """Also where what it carries is none."""
    begin = starting(Sending, Parcel("x"))
    given = traced(begin, context) if context else begin

    with lab.provider.get_tracer("caller").start_as_current_span("caller"):
        await Depot().worker(lab.telemetry).handle(given)

    assert lab.span("xorca.handle xorca.t.sending.start").parent is None


async def test_what_is_current_at_the_caller_is_no_parent(lab: Lab) -> None:
    """A trace goes by the events, whoever delivers them."""
    with lab.provider.get_tracer("caller").start_as_current_span("caller"):
        await Depot().worker(lab.telemetry).handle(traced(starting(Sending, Parcel("x"))))

    assert parent_of(lab.span("xorca.handle xorca.t.sending.start")) == SPAN_ID


async def test_one_trace_leads_through_orchestrator_and_fleet(lab: Lab) -> None:
    """Two programs that share nothing but the bytes of events; each span is the next's parent."""
    depot, bus = Depot(), MemoryBus()
    there = Lab()
    fleet = packers(there.telemetry, bus=bus)

    await depot.worker(lab.telemetry).handle(traced(starting(Sending, Parcel("x"))).to_json())
    await fleet.handle(depot.last("cmd.parcel.pack").to_json())
    await depot.worker(lab.telemetry).handle(bus.published[-1].to_json())

    began, ended = lab.spans
    (served,) = there.spans
    assert served.name == "xorca.serve cmd.parcel.pack"
    assert [parent_of(one) for one in (began, served, ended)] == [
        SPAN_ID,
        context_of(began)[36:52],
        context_of(served)[36:52],
    ]
    assert {context_of(one)[3:35] for one in (began, served, ended)} == {TRACE_ID}
    told = {one.type: one.extensions["traceparent"] for one in bus.published}
    assert set(told.values()) == {context_of(served)}
    assert len(told) == 2


async def test_each_event_of_a_batch_has_a_span_of_its_own(lab: Lab) -> None:
    """What it emits carries that, though all is committed at once."""
    depot = Depot()
    worker = depot.worker(lab.telemetry)
    await worker.handle(starting(Sending, Parcel("x")))
    lab.exporter.clear()

    await worker.handle(
        traced(answer(depot.last("cmd.parcel.pack"))),
        traced(event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT)),
        traced(starting(Sending, Parcel("y"), "q")),
    )

    packed = lab.span("xorca.handle evt.parcel.pack.success")
    arrived = lab.span("xorca.handle evt.parcel.arrived")
    begun = lab.span("xorca.handle xorca.t.sending.start")
    sent = {one.type: one.extensions["traceparent"] for one in depot.bus.published[1:]}
    assert sent == {
        "cmd.parcel.ship": context_of(packed),
        "notif.parcel.packed": context_of(packed),
        "notif.parcel.sent": context_of(arrived),
        "cmd.parcel.pack": context_of(begun),
    }
    assert len(lab.spans) == 3


async def stored_outbox(store: Any) -> dict[str, bytes]:
    """Give the events that the one stored record holds, by their ids."""
    (item,) = (await store.list(Query())).items
    stored = await store.load(item.key)
    return {key: bytes(out.event) for key, out in unseal(stored.body).outbox.items()}


async def test_a_redelivery_sends_the_same_bytes(lab: Lab) -> None:
    """They were stored with their context; the span of the redelivery is another."""
    depot = Depot(bus=FaultyBus(times=1))
    begin = traced(starting(Sending, Parcel("x")))
    (lost,) = await depot.worker(lab.telemetry).handle(begin)
    assert (lost.status, lost.reason) == ("retry", "publish")

    await depot.worker(lab.telemetry).handle(begin)
    await depot.worker(lab.telemetry).handle(begin)

    first, second = depot.bus.published
    assert first.to_json() == second.to_json()
    assert {first.id: first.to_json()} == await stored_outbox(depot.store)
    assert first.extensions["traceparent"] == context_of(lab.spans[0])
    assert len({context_of(span) for span in lab.spans}) == 3


@pytest.mark.parametrize("fault", ["conflict", "lost-request", "lost-response"])
async def test_a_lost_save_sends_what_is_stored(lab: Lab, fault: str) -> None:
    """Whether the step runs again or its bytes are found, what leaves is what is stored."""
    depot = Depot(store=FaultyStore({0: fault}))

    await depot.worker(lab.telemetry).handle(traced(starting(Sending, Parcel("x"))))

    (sent,) = depot.bus.published
    (span,) = lab.spans
    assert {sent.id: sent.to_json()} == await stored_outbox(depot.store.inner)
    assert sent.extensions["traceparent"] == context_of(span)


async def test_a_crash_after_the_save_changes_no_byte(lab: Lab) -> None:
    """Another worker, with another span, sends what the dead one had committed."""
    depot = Depot(store=FaultyStore({0: "crash-after"}))
    begin = traced(starting(Sending, Parcel("x")))
    with pytest.raises(Crash):
        await depot.worker(lab.telemetry).handle(begin)
    committed = await stored_outbox(depot.store.inner)

    await depot.worker(lab.telemetry).handle(begin)

    (sent,) = depot.bus.published
    assert {sent.id: sent.to_json()} == committed
    assert lab.spans[0].status.description == "interrupted"
    assert sent.extensions["traceparent"] == context_of(lab.spans[0])


async def test_a_remembered_answer_keeps_its_context(lab: Lab) -> None:
    """A fleet with a memory gives the same answer, byte for byte."""
    bus = MemoryBus()
    fleet = packers(lab.telemetry, bus=bus, store=MemoryStore())
    command = traced(event("cmd.parcel.pack", Parcel("x"), subject=SUBJECT))

    await fleet.handle(command)
    await fleet.handle(command)

    bodies = [one.to_json() for one in bus.published]
    assert bodies[:2] == bodies[2:]
    assert len(lab.spans) == 2


async def test_the_event_itself_stays_as_it_came(lab: Lab) -> None:
    """The context of the span is in no dead letter, and not in what a handler sees."""
    depot = Depot()
    worker = depot.worker(lab.telemetry)
    begin = traced(starting(Sending, Parcel("raises")))
    body = begin.to_json()

    (outcome,) = await worker.handle(begin)

    (item,) = (await depot.store.list(Query())).items
    record = unseal((await depot.store.load(item.key)).body)
    assert bytes(record.dead[0].events[0]) == body
    assert outcome.raw is begin
    assert begin.extensions["traceparent"] == CONTEXT
    assert outcome.sent[0].extensions["traceparent"] == context_of(lab.spans[0])


class Wide(Orchestrator, name="t.wide"):
    """It sends more commands than may be outstanding."""

    @start
    @emit("cmd.page.print")
    def printing(self, pages: int) -> list[int]:
        return list(range(pages))

    @on("evt.page.print.success", to=end)
    def printed(self, pages: list[int]) -> None: ...


async def test_the_rest_of_a_fan_out_carries_the_context_of_its_span(lab: Lab) -> None:
    """It was decided there, whoever makes room for it later."""
    bus, limits = MemoryBus(), Limits(window=1)
    worker = Runtime([Wide], store=MemoryStore(), bus=bus, limits=limits, telemetry=lab.telemetry)
    await worker.handle(traced(starting(Wide, 3)))

    await worker.handle(answer(bus.published[-1], 1))
    await worker.handle(answer(bus.published[-1], 1))

    contexts = [one.extensions["traceparent"] for one in bus.published]
    assert contexts == [context_of(lab.spans[0])] * 3


async def test_the_letter_of_an_early_event_carries_the_context_of_that(lab: Lab) -> None:
    """It came by another way than the event in whose commit it expired."""
    depot = Depot()
    worker = depot.worker(lab.telemetry, defer_for=60)
    await worker.handle(starting(Sending, Parcel("x")))
    await worker.handle(traced(event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT)))
    depot.clock.advance(61)

    await worker.handle(answer(depot.last("cmd.parcel.pack")))

    assert depot.last("sys.xorca.deadletter").extensions["traceparent"] == CONTEXT
    ship = depot.last("cmd.parcel.ship").extensions["traceparent"]
    assert ship == context_of(lab.span("xorca.handle evt.parcel.pack.success"))


async def test_a_redrive_is_a_span_and_sends_its_context(lab: Lab) -> None:
    """Under the context that the kept event carries."""
    depot = Depot()
    broken.append("x")
    worker = depot.worker(lab.telemetry)
    await worker.handle(traced(starting(Sending, Parcel("x"))))
    broken.clear()
    lab.exporter.clear()

    await worker.redrive(SUBJECT)

    (span,) = lab.spans
    assert parent_of(span) == SPAN_ID
    assert dict(span.attributes or {})["xorca.state.after"] == "packing"
    assert depot.last("cmd.parcel.pack").extensions["traceparent"] == context_of(span)


async def test_the_answer_to_a_second_start_carries_the_context_of_its_span(lab: Lab) -> None:
    """It is for whoever asked in vain."""
    bus = MemoryBus()
    worker = Runtime([Job], store=MemoryStore(), bus=bus, telemetry=lab.telemetry)
    await worker.handle(order())

    await worker.handle(traced(order(id="s2")))

    (span,) = [one for one in lab.spans if one.parent is not None]
    assert bus.published[-1].type == "evt.job.do.error"
    assert bus.published[-1].extensions["traceparent"] == context_of(span)


async def test_an_event_that_is_dead_is_an_error(lab: Lab) -> None:
    """With its reason, the kind of the exception, and nothing that this says."""
    worker = Depot().worker(lab.telemetry)

    await worker.handle(starting(Sending, Parcel(f"raises {SECRET}")))

    (span,) = lab.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "handler-raised"
    assert dict(span.attributes or {})["error.type"] == "RuntimeError"
    assert SECRET not in span.to_json()


async def test_a_foreign_event_has_no_span(lab: Lab) -> None:
    """Many orchestrators share a channel; what is for others is their matter."""
    await Depot().worker(lab.telemetry).handle(event("evt.x", subject="other/1.0.0/p"))
    await packers(lab.telemetry).handle(event("cmd.other", subject="x"))

    assert lab.spans == []


async def test_an_event_that_is_refused_has_a_span(lab: Lab) -> None:
    """Though nobody works on it."""
    begin = starting(Sending, Parcel("x"))
    begin.extensions["processversion"] = "9.9.9"

    (outcome,) = await Depot().worker(lab.telemetry).handle(begin)

    (span,) = lab.spans
    assert outcome.status == "dead"
    assert span.status.description == outcome.reason


async def test_spans_of_a_service_are_under_that_of_its_command(lab: Lab) -> None:
    """Whatever it calls is seen to belong to the command."""
    fleet, tracer = Fleet("/srvc/x", telemetry=lab.telemetry), lab.provider.get_tracer("service")

    @fleet.serves("cmd.x.do")
    async def do() -> None:
        with tracer.start_as_current_span("inner"):
            await asyncio.sleep(0)

    await fleet.handle(*[event("cmd.x.do", subject=str(n)) for n in range(2)])

    inner = [parent_of(span) for span in lab.spans if span.name == "inner"]
    outer = [context_of(span)[36:52] for span in lab.spans if span.name != "inner"]
    assert sorted(inner) == sorted(outer)
    assert not trace.get_current_span().get_span_context().is_valid


async def test_spans_of_a_store_are_under_that_of_its_event(lab: Lab) -> None:
    """What an instrumented client does for one event is seen to belong to it."""
    tracer = lab.provider.get_tracer("client")

    class Instrumented(MemoryStore):
        async def save(self, *args: Any, **named: Any) -> str:
            with tracer.start_as_current_span("save"):
                return await super().save(*args, **named)

    await Depot(store=Instrumented()).worker(lab.telemetry).handle(starting(Sending, Parcel("x")))

    own = lab.span("xorca.handle xorca.t.sending.start")
    assert parent_of(lab.span("save")) == context_of(own)[36:52]


async def test_a_trace_that_is_not_sampled_goes_on_as_such() -> None:
    """Its events say so to whoever comes next."""
    lab, depot = Lab(sampler=ALWAYS_OFF), Depot()

    await depot.worker(lab.telemetry).handle(traced(starting(Sending, Parcel("x"))))

    told = str(depot.last("cmd.parcel.pack").extensions["traceparent"])
    assert told[3:35] == TRACE_ID
    assert told.endswith("-00")
    assert lab.spans == []


async def test_without_an_sdk_the_context_passes_through() -> None:
    """Only the API is installed, or nobody set a provider: it is as without telemetry."""
    telemetry = OtelTelemetry(tracer_provider=trace.NoOpTracerProvider())
    depot, bare = Depot(), Depot()

    await depot.worker(telemetry).handle(traced(starting(Sending, Parcel("x")), state="v=1"))
    await Runtime([Sending], store=bare.store, bus=bare.bus).handle(
        traced(starting(Sending, Parcel("x")), state="v=1")
    )

    for one in (depot, bare):
        command = one.last("cmd.parcel.pack")
        assert command.extensions["traceparent"] == CONTEXT
        assert command.extensions["tracestate"] == "v=1"


async def test_metrics_reach_the_sdk(lab: Lab) -> None:
    """Counters as sums and measurements as histograms, with their attributes."""
    worker = Depot().worker(lab.telemetry)

    await worker.handle(starting(Sending, Parcel("x")), starting(Sending, Parcel("y"), "q"))

    points = lab.points()
    (events,) = points[names.EVENTS]
    assert events.value == 2
    assert dict(events.attributes) == {"orchestrator": "t.sending", "status": "applied"}
    (sizes,) = points[names.RECORD_BYTES]
    assert (sizes.count, dict(sizes.attributes)) == (2, {"orchestrator": "t.sending"})
    assert sizes.sum > 200
