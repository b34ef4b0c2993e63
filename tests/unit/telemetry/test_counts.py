"""What is counted and measured: one claim for each metric of the table."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.faults import FaultyBus, FaultyStore
from tests.unit.support import answer, event, starting
from tests.unit.telemetry.parcels import Depot, Parcel, Sending, packers
from xorca import Runtime
from xorca.events import Event
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.telemetry import MemoryTelemetry, names

OURS = {"orchestrator": "t.sending"}
SUBJECT = "t.sending/1.0.0/p"


async def begun(depot: Depot) -> Runtime:
    """Start the process p, and forget what was told."""
    worker = depot.worker()
    await worker.handle(starting(Sending, Parcel("x")))
    depot.told.points.clear()
    return worker


def statuses(told: MemoryTelemetry) -> list[object]:
    """Give the statuses that were counted, in order."""
    return [p.attributes["status"] for p in told.points if p.name == names.EVENTS]


async def test_events_are_counted_by_status() -> None:
    """Each once, with whose they are."""
    depot = Depot()
    worker = await begun(depot)

    await worker.handle(
        answer(depot.last("cmd.parcel.pack")),
        event("evt.parcel.lost", subject=SUBJECT),
        event("evt.parcel.lost", subject="other/1.0.0/p"),
        b"{",
    )

    assert statuses(depot.told) == ["applied", "dead", "foreign", "dead"]
    assert depot.told.total(names.EVENTS, **OURS) == 2


async def test_the_life_of_a_process_is_counted() -> None:
    """It starts once and ends once."""
    depot = Depot()
    worker = depot.worker()
    await worker.handle(starting(Sending, Parcel("x")))
    await worker.handle(answer(depot.last("cmd.parcel.pack")))
    await worker.handle(event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT))

    assert depot.told.total(names.STARTED, **OURS) == 1
    assert depot.told.total(names.ENDED, **OURS) == 1


class Meeting:
    """A store in which two loads wait for each other, so that both save on the same tag."""

    def __init__(self, inner: MemoryStore) -> None:
        self.inner, self.limit = inner, inner.limit
        self.both = asyncio.Barrier(2)
        self.loads = 0

    async def load(self, key: str) -> Stored | None:
        found = await self.inner.load(key)
        self.loads += 1
        if self.loads <= 2:
            await self.both.wait()
        return found

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        return await self.inner.save(key, body, expect=expect, summary=summary)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        return await self.inner.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        await self.inner.delete(key, expect=expect)


async def test_a_lost_race_of_two_runtimes_is_a_conflict() -> None:
    """Both events are applied all the same, each once."""
    depot = Depot()
    await begun(depot)
    depot.store = Meeting(depot.store)
    one, two = depot.worker(), depot.worker()

    await asyncio.gather(
        one.handle(answer(depot.last("cmd.parcel.pack"))),
        two.handle(event("evt.parcel.lost", subject=SUBJECT)),
    )

    assert depot.told.total(names.CONFLICTS, **OURS) == 1
    assert sorted(map(str, statuses(depot.told))) == ["applied", "dead"]


async def test_a_start_that_was_not_saved_is_not_counted_as_started() -> None:
    """Its event must come again, and that is a retry."""
    depot = Depot(store=FaultyStore(dict.fromkeys(range(40), "lost-request")))

    await depot.worker().handle(starting(Sending, Parcel("x")))

    assert depot.told.total(names.STARTED) == 0
    assert depot.told.total(names.RETRIES, reason="store", **OURS) == 1


async def test_a_redelivery_that_is_answered_from_the_outbox_is_counted() -> None:
    """One of which all is known to be out is only a duplicate."""
    depot = Depot()
    begin, worker = starting(Sending, Parcel("x")), depot.worker()
    await worker.handle(begin)

    await worker.handle(begin)
    await depot.worker().handle(begin)

    assert depot.told.total(names.EVENTS, status="duplicate", **OURS) == 2
    assert depot.told.total(names.REDELIVERIES, **OURS) == 1


async def test_a_stale_answer_is_counted_as_ignored() -> None:
    """By its reason."""
    depot = Depot()
    worker = await begun(depot)
    await worker.handle(answer(depot.last("cmd.parcel.pack")))

    await worker.handle(answer(depot.last("cmd.parcel.pack")))

    assert depot.told.total(names.IGNORED, reason="stale", **OURS) == 1


async def test_an_early_event_is_counted_as_deferred() -> None:
    """And not as applied, though it will be."""
    depot = Depot()
    worker = await begun(depot)

    await worker.handle(event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT))

    assert depot.told.total(names.DEFERRED, **OURS) == 1
    assert statuses(depot.told) == ["deferred"]


async def test_an_early_event_that_expires_is_counted_with_its_letter() -> None:
    """The next event of its process tells of it."""
    depot = Depot()
    await begun(depot)
    worker = depot.worker(defer_for=60)
    await worker.handle(event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT))
    depot.clock.advance(61)

    await worker.handle(answer(depot.last("cmd.parcel.pack")))

    assert depot.told.total(names.EXPIRED, **OURS) == 1
    assert depot.told.total(names.DEAD_LETTERS, reason="never-accepted", **OURS) == 1
    assert statuses(depot.told) == ["deferred", "applied"]


@pytest.mark.parametrize(
    ("given", "reason", "ours"),
    [
        (event("evt.parcel.lost", subject=SUBJECT), "not-heard", True),
        (starting(Sending, Parcel("raises"), "q"), "handler-raised", True),
        (b"{", "malformed", False),
    ],
)
async def test_a_dead_letter_is_counted_by_its_reason(given: Any, reason: str, ours: bool) -> None:
    """Once: its redelivery tells of it again, under the same id."""
    depot = Depot()
    worker = await begun(depot)

    await worker.handle(given)
    if ours:
        await depot.worker().handle(given)

    who = OURS if ours else {}
    assert depot.told.total(names.DEAD_LETTERS) == 1
    assert depot.told.total(names.DEAD_LETTERS, reason=reason, **who) == 1


async def test_a_letter_that_could_not_be_sent_at_first_is_counted_once() -> None:
    """It was committed; the redelivery finds it in the outbox."""
    depot = Depot(bus=FaultyBus())
    worker = await begun(depot)
    depot.bus.times = 2
    lost = event("evt.parcel.lost", subject=SUBJECT)

    for _ in range(3):
        await worker.handle(lost)

    assert statuses(depot.told) == ["retry", "retry", "duplicate"]
    assert depot.told.total(names.DEAD_LETTERS) == 1
    assert depot.told.total(names.RETRIES, reason="publish") == 2


async def test_records_are_found_in_the_cache_or_not() -> None:
    """The worker that saved a record last has it at hand, another has not."""
    depot = Depot()
    worker = await begun(depot)
    await worker.handle(event("evt.parcel.lost", subject=SUBJECT))
    assert depot.told.total(names.CACHE_HITS, **OURS) == 1

    await depot.worker().handle(event("evt.parcel.lost", subject=SUBJECT))

    assert depot.told.total(names.CACHE_MISSES, **OURS) == 1


async def test_what_is_slow_is_measured() -> None:
    """Loads, saves, publishes and the whole, in seconds; records in bytes."""
    depot = Depot()

    await depot.worker().handle(starting(Sending, Parcel("x")))
    await depot.worker().handle(answer(depot.last("cmd.parcel.pack")))

    (item,) = (await depot.store.list(Query())).items
    stored = await depot.store.load(item.key)
    sizes = depot.told.values(names.RECORD_BYTES, **OURS)
    assert sizes[-1] == len(stored.body)
    for name, times in (
        (names.LOAD_DURATION, 1),
        (names.SAVE_DURATION, 2),
        (names.PUBLISH_DURATION, 2),
        (names.HANDLE_DURATION, 2),
    ):
        values = depot.told.values(name, **OURS)
        assert (name, len(values)) == (name, times)
        assert all(0 < value < 60 for value in values)


async def test_a_sweep_is_counted() -> None:
    """What it sent; a second one has nothing to do."""
    depot = Depot()
    await depot.worker().handle(starting(Sending, Parcel("x")), publish=False)
    worker = depot.worker()
    depot.told.points.clear()

    for _ in range(2):
        await worker.sweep(older_than=timedelta(0))

    assert depot.told.total(names.SWEEP_LOOKED, **OURS) == 1
    assert depot.told.total(names.SWEEP_PUBLISHED, **OURS) == 1


async def test_a_redrive_and_a_process_at_hand_are_counted() -> None:
    """Whatever way an event comes, it is counted; a rehearsal is not."""
    depot = Depot()
    worker = await begun(depot)
    await worker.handle(event("evt.parcel.lost", subject=SUBJECT))
    depot.told.points.clear()

    await worker.redrive(SUBJECT, dry_run=True)
    assert statuses(depot.told) == []
    await worker.redrive(SUBJECT)
    async with worker.process(SUBJECT) as live:
        await live.send(answer(depot.last("cmd.parcel.pack")))

    assert statuses(depot.told) == ["dead", "applied"]


async def test_each_call_is_flushed_once() -> None:
    """However many events it was given."""
    told = MemoryTelemetry()
    worker, fleet = Depot().worker(told), packers(told)
    await worker.handle(*[starting(Sending, Parcel("x"), str(n)) for n in range(5)])
    await fleet.handle(*[event("cmd.parcel.pack", Parcel("x"), subject="x") for _ in range(5)])

    assert told.flushes == 2


async def test_a_fleet_counts_answers_by_command() -> None:
    """And what it did with every event, under its own name."""
    told = MemoryTelemetry()
    fleet = packers(told, bus=MemoryBus())

    await fleet.handle(
        event("cmd.parcel.pack", Parcel("x"), subject=SUBJECT),
        event("cmd.parcel.pack", Parcel("breaks"), subject=SUBJECT),
        event("notif.parcel.any", Parcel("breaks"), subject=SUBJECT),
        event("cmd.none", subject=SUBJECT),
    )

    ours: dict[str, Any] = {"fleet": "/srvc/parcels"}
    packed = {**ours, "command": "cmd.parcel.pack"}
    assert told.total(names.COMMANDS, answer="success", **packed) == 1
    assert told.total(names.COMMANDS, answer="error", **packed) == 1
    assert told.total(names.DEAD_LETTERS, reason="handler-raised", **ours) == 1
    assert sorted(map(str, statuses(told))) == ["applied", "applied", "dead", "foreign"]
    assert len(told.values(names.PUBLISH_DURATION, **ours)) == 3


async def test_an_answer_that_a_fleet_remembers_is_a_redelivery() -> None:
    """It is sent again, and no command is answered anew."""
    told = MemoryTelemetry()
    fleet = packers(told, store=MemoryStore())
    command = event("cmd.parcel.pack", Parcel("x"), subject=SUBJECT)

    await fleet.handle(command)
    await fleet.handle(command)

    assert told.total(names.COMMANDS) == 1
    assert told.total(names.REDELIVERIES) == 1


async def test_names_from_outside_become_no_attributes() -> None:
    """Whoever can send events could otherwise make any number of metrics."""
    depot = Depot()
    worker, fleet = await begun(depot), packers(depot.told)
    strange: list[Event] = [
        event("evt.mallory", subject="mallory/1.0.0/p"),
        event("evt.mallory", subject="t.sending/mallory/p"),
        event("evt.mallory.x", subject=SUBJECT),
        event("cmd.mallory.x", subject="mallory"),
        event("notif.parcel.mallory", Parcel("x"), subject="mallory"),
    ]

    await worker.handle(*strange)
    await fleet.handle(*strange)

    assert depot.told.points
    assert not [p for p in depot.told.points if "mallory" in repr(p)]


def test_every_name_is_in_the_table_of_the_documentation() -> None:
    """The names are stable, and every one is told there."""
    pages = Path(__file__).parents[3] / "docs" / "how-to"
    page = (pages / "watch-processes.md").read_text(encoding="utf-8")

    assert not [name for name in names.METRICS if f"| `{name}` |" not in page]
