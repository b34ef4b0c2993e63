"""Telemetry that fails, or gives nonsense, costs no event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.unit.support import event, starting
from tests.unit.telemetry.parcels import CONTEXT, Depot, Parcel, Sending, packers
from xorca.errors import ConfigurationError
from xorca.events import read_event
from xorca.fleet import Fleet
from xorca.telemetry import MemoryTelemetry
from xorca.telemetry.memory import MemorySpan


class Broken:
    """Every verb raises."""

    def count(self, name: str, value: int, attributes: Any) -> None:
        raise OSError("no exporter")

    def record(self, name: str, value: float, attributes: Any) -> None:
        raise OSError("no exporter")

    def span(self, name: str, context: Any, attributes: Any) -> Any:
        raise OSError("no exporter")

    def flush(self) -> None:
        raise OSError("no exporter")


class BrokenSpan(MemorySpan):
    """A span of which nothing works."""

    def current(self) -> AbstractContextManager[None]:
        raise OSError("no context")

    def end(self, attributes: Any, *, error: str = "") -> None:
        raise OSError("no end")


class Spanning(MemoryTelemetry):
    """Telemetry whose spans carry a given context."""

    def __init__(self, context: Any = None, kind: type[MemorySpan] = MemorySpan) -> None:
        super().__init__()
        self.context, self.kind = context, kind

    def span(self, name: str, context: Mapping[str, str], attributes: Any) -> MemorySpan:
        made = self.kind(name, context, dict(attributes), context=self.context)
        self.spans.append(made)
        return made


@pytest.mark.parametrize("telemetry", [Broken(), Spanning(kind=BrokenSpan)])
async def test_telemetry_that_raises_costs_no_event(
    telemetry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Processes and services work as without it, and the log complains once of each."""
    depot = Depot()

    (begun,) = await depot.worker(telemetry).handle(starting(Sending, Parcel("x")))
    (served,) = await packers(telemetry).handle(depot.last("cmd.parcel.pack"))

    assert (begun.status, served.status) == ("applied", "applied")
    lines = [one for one in caplog.records if vars(one)["what"] == "telemetry.failed"]
    assert [one.levelno for one in lines] == [logging.WARNING] * 2


@pytest.mark.parametrize(
    ("context", "carried"),
    [
        ({"traceparent": CONTEXT, "other": "x"}, {"traceparent": CONTEXT}),
        ({"traceparent": "a\nb"}, {}),
        ({"traceparent": "ä", "tracestate": "v=1"}, {"tracestate": "v=1"}),
        ({"traceparent": "x" * 5000}, {}),
        ({"traceparent": 7}, {}),
        ({}, {}),
        (None, {}),
    ],
)
async def test_only_a_context_that_events_can_carry_is_taken(
    context: Any, carried: dict[str, str]
) -> None:
    """What is stored and sent can be read by everybody."""
    depot = Depot()

    await depot.worker(Spanning(context)).handle(starting(Sending, Parcel("x")))

    command = read_event(depot.last("cmd.parcel.pack").to_json())
    found = {k: v for k, v in command.extensions.items() if k.startswith("trace")}
    assert found == carried


async def test_a_span_is_ended_with_what_became_of_its_event() -> None:
    """Also where an event only came again."""
    telemetry = Spanning({})
    worker, begin = Depot().worker(telemetry), starting(Sending, Parcel("x"))

    await worker.handle(begin, begin)
    await worker.handle(event("evt.none", subject="t.sending/1.0.0/p"))

    assert [span.attributes["xorca.status"] for span in telemetry.spans] == [
        "applied",
        "duplicate",
        "dead",
    ]
    assert [span.error for span in telemetry.spans] == ["", "", "not-heard"]
    assert all(span.ended for span in telemetry.spans)


async def test_a_span_whose_service_is_stopped_is_ended() -> None:
    """A worker that is asked to end leaves none open."""
    told = Spanning({})
    fleet = Fleet("/srvc/x", telemetry=told)

    @fleet.serves("cmd.x.do")
    async def do() -> None:
        await asyncio.sleep(60)

    task = asyncio.ensure_future(fleet.handle(event("cmd.x.do", subject="p")))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [(span.ended, span.error) for span in told.spans] == [(True, "interrupted")]


@pytest.mark.parametrize("telemetry", [object(), "otel"])
def test_what_is_no_telemetry_is_refused_at_once(telemetry: Any) -> None:
    """By a Runtime and by a Fleet, with what it lacks."""
    with pytest.raises(ConfigurationError, match="record, span, flush"):
        Depot().worker(telemetry)
    with pytest.raises(ConfigurationError, match="record, span, flush"):
        Fleet("/srvc/x", telemetry=telemetry)
