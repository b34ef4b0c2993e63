"""The entry that Lambda calls: one loop, opened early, that leaves nothing running."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from tests.aws.lambda_parcels import Parcels
from tests.aws.lambda_stage import Context, Stage, start_of
from tests.aws.shapes import event, sqs
from xorca.errors import ConfigurationError, Unavailable
from xorca.fleet import Fleet
from xorca.handlers.aws_lambda import fleet_handler, lambda_handler
from xorca.handlers.aws_lambda.core import PROBE
from xorca.handlers.aws_lambda.entry import GRACE
from xorca.ports import Stored
from xorca.providers.memory import MemoryAlarm, MemoryBus, MemoryStore


@pytest.fixture
def on_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a function."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")


def loops_of(handler: Any, stage: Stage, *names: str) -> list[Any]:
    """Give the loop in which each invocation ran."""
    found: list[Any] = []
    publish = stage.bus.publish

    async def noted(events: Any) -> None:
        found.append(asyncio.get_running_loop())
        await publish(events)

    stage.bus.publish = noted  # type: ignore[method-assign]
    for name in names:
        handler(sqs(start_of(name)), Context())
    return found


def test_one_loop_serves_all_invocations() -> None:
    """So that connections are kept."""
    stage = Stage()

    first, second = loops_of(stage.handler(), stage, "a", "b")

    assert first is second


def test_a_dead_loop_is_replaced() -> None:
    """Whoever closed it."""
    stage = Stage()
    handler = stage.handler()
    (first,) = loops_of(handler, stage, "a")
    first.close()

    assert handler(sqs(start_of("b")), Context()) == {"batchItemFailures": []}


def test_on_lambda_the_store_is_asked_at_once(on_lambda: None) -> None:
    """The connection is made while the function is initialised."""
    stage = Stage()

    stage.handler()

    assert stage.store.calls == [("load", PROBE)]


def test_on_lambda_rooms_that_open_ahead_do(on_lambda: None) -> None:
    """The client of a bus takes time to make; one that fails does not keep the others."""
    opened: list[str] = []

    class Bus(MemoryBus):
        async def open(self) -> None:
            opened.append("bus")
            raise Unavailable("not now")

    class Ring(MemoryAlarm):
        async def open(self) -> None:
            opened.append("alarm")

    lambda_handler(Parcels, store="memory:", bus=Bus(), alarm=Ring())

    assert opened == ["bus", "alarm"]


def test_elsewhere_nothing_is_asked() -> None:
    """A module that makes a handler may be imported anywhere."""
    stage = Stage()

    stage.handler()

    assert stage.store.calls == []


async def test_the_stores_of_several_fleets_are_opened_and_closed() -> None:
    """Each once, also where two of them share one."""
    seen: list[str] = []

    class Shelf(MemoryStore):
        name = "shared"

        async def load(self, key: str) -> Stored | None:
            seen.append(f"{self.name} {key}")
            return await super().load(key)

        async def close(self) -> None:
            seen.append(f"{self.name} closed")

    shared, other = Shelf(), Shelf()
    other.name = "other"
    fleets = [Fleet(f"/srvc/{n}", store=each) for n, each in enumerate([shared, other, shared])]
    core = fleet_handler(*fleets, bus=MemoryBus()).core

    await core.open()
    await core.close()

    assert seen == [f"shared {PROBE}", f"other {PROBE}", "shared closed", "other closed"]


def test_a_store_that_is_away_does_not_fail_the_initialisation(
    on_lambda: None, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be there for the first event."""
    stage = Stage()
    load = stage.store.load

    async def away(key: str) -> Any:
        raise Unavailable("the store is away")

    stage.store.load = away  # type: ignore[method-assign]
    handler = stage.handler()
    stage.store.load = load  # type: ignore[method-assign]

    assert handler(sqs(start_of("a")), Context()) == {"batchItemFailures": []}
    assert "does not answer yet" in caplog.text


def test_a_part_that_is_missing_fails_the_initialisation(on_lambda: None) -> None:
    """Nothing would ever work."""
    stage = Stage()

    async def broken(key: str) -> Any:
        raise ConfigurationError("S3Store needs aiobotocore: pip install 'xorca[aws]'")

    stage.store.load = broken  # type: ignore[method-assign]

    with pytest.raises(ConfigurationError, match="pip install"):
        stage.handler()


def dawdler(seconds: float) -> tuple[Any, list[str]]:
    """Give the handler of a service that leaves a task behind, and what became of the task."""
    fleet, seen, kept = Fleet(source="/srvc/slow"), list[str](), list[Any]()

    async def linger() -> None:
        try:
            await asyncio.sleep(seconds)
            seen.append("ended")
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    @fleet.serves("cmd.slow.do")
    async def do() -> None:
        kept.append(asyncio.get_running_loop().create_task(linger()))
        await asyncio.sleep(0)

    return fleet_handler(fleet, bus=MemoryBus()), seen


def test_what_still_runs_is_waited_for() -> None:
    """A frozen container must hold nothing half done."""
    handler, seen = dawdler(0.05)

    handler(sqs(event(type="cmd.slow.do")), Context())

    assert seen == ["ended"]


def test_what_runs_on_for_ever_is_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a line that says so."""
    monkeypatch.setattr("xorca.handlers.aws_lambda.entry.GRACE", 0.05)
    handler, seen = dawdler(60)

    handler(sqs(event(type="cmd.slow.do")), Context())

    assert seen == ["cancelled"]
    assert "outlived" in caplog.text


def test_what_runs_on_costs_no_answer_its_time() -> None:
    """An answer that is late is lost, and all messages would come again."""
    handler, seen = dawdler(GRACE * 0.95)

    answer = handler(sqs(event(type="cmd.slow.do")), Context(left=0.4))

    assert (answer, seen) == ({"batchItemFailures": []}, ["cancelled"])


def test_what_the_work_raises_is_raised_with_nothing_left(caplog: pytest.LogCaptureFixture) -> None:
    """And the next invocation works."""
    stage = Stage()
    handler = stage.handler(bus=None)

    with pytest.raises(ConfigurationError):
        handler(sqs(start_of("a")), Context())
    answer: Any = handler(start_of("a"), Context())

    assert answer["outcomes"][0]["status"] == "applied"


async def test_from_async_code_it_says_what_to_do() -> None:
    """Its loop cannot run inside another."""
    with pytest.raises(ConfigurationError, match=r"await handler\.core"):
        Stage().handler()(sqs(start_of("a")), Context())


async def test_made_in_async_code_on_lambda_it_opens_with_the_first_event(on_lambda: None) -> None:
    """There is no other way."""
    stage = Stage()

    stage.handler()

    assert stage.store.calls == []


def test_a_closed_handler_opens_again() -> None:
    """For tests that use one several times."""
    stage = Stage()

    with stage.handler() as handler:
        handler(sqs(start_of("a")), Context())
    answer = handler(sqs(start_of("b")), Context())
    handler.close()
    handler.close()

    assert answer == {"batchItemFailures": []}


def test_closing_closes_the_rooms() -> None:
    """On the loop in which they were opened."""
    stage = Stage()
    closed: list[Any] = []

    async def close() -> None:
        closed.append(asyncio.get_running_loop())

    stage.bus.close = close  # type: ignore[method-assign]
    handler = stage.handler()
    (loop,) = loops_of(handler, stage, "a")

    handler.close()

    assert closed == [loop]
    assert loop.is_closed()


def test_a_handler_that_nobody_holds_leaves_nothing_open() -> None:
    """Its loop is closed with it, without a warning."""
    stage = Stage()
    handler = stage.handler()
    (loop,) = loops_of(handler, stage, "a")

    del handler
    gc.collect()

    assert loop.is_closed()


def test_a_telemetry_is_flushed_before_the_answer() -> None:
    """Nothing may wait for the next invocation."""
    seen: list[str] = []

    class Noted:
        def count(self, name: str, value: int, attributes: Any) -> None: ...

        def record(self, name: str, value: float, attributes: Any) -> None: ...

        def span(self, name: str, context: Any, attributes: Any) -> None: ...

        def flush(self) -> None:
            seen.append("flushed")

    stage = Stage()
    lambda_handler(stage.runtime(telemetry=Noted()))(sqs(start_of("a")), Context())

    assert seen
