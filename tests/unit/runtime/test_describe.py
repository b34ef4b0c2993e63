"""Asking a Runtime what it knows of processes: one of them, or a list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.counting import Counter
from tests.unit.runtime.test_reading import BareStore
from tests.unit.support import Number, Stage, event, stage, starting
from xorca import Orchestrator, end, start
from xorca.engine.ids import storage_key
from xorca.errors import ConfigurationError, RecordError
from xorca.providers.memory import MemoryStore
from xorca.runtime.reading import Description, describe


class Bell(Orchestrator, name="t.bell", version="1.2.3"):
    @start(to=end)
    def rung(self) -> None: ...


class Picky(Orchestrator, name="t.picky"):
    @start(to=end)
    def begun(self, what: Number) -> None: ...


@pytest.fixture(params=[MemoryStore, BareStore], ids=["summaries", "none"])
async def play(request: pytest.FixtureRequest) -> Stage:
    """Give a stage with seven processes: two active, one of each other kind, one deleted."""
    store = request.param()
    made = stage(Counter, Bell, Picky, store=store)
    for pid in ("a", "b", "cancelled", "deleted", "ended"):
        await made.start(pid=pid)
    await made.runtime.cancel(made.subject("cancelled"), "enough")
    await made.runtime.delete(made.subject("deleted"), force=True)
    await made.say("evt.count.begin.success", pid="ended")
    await made.give(starting(Bell, pid="bell"))
    await made.give(event("xorca.t.picky.start", [1], subject=None, processid="failed"))
    return made


async def ids(made: Stage, **asked: str) -> set[str]:
    """Give the process ids of a list."""
    found = [summary async for summary in made.runtime.processes(**asked)]
    assert len({one.subject for one in found}) == len(found)
    return {one.subject.rpartition("/")[2] for one in found}


async def test_a_damaged_record_hides_no_other() -> None:
    """Where records are read to be listed, all others are given before one is complained of."""
    play = stage(Counter, store=BareStore())
    for pid in ("a", "b", "c"):
        await play.start(pid=pid)
    key = storage_key("t.counter", "b")
    stored = await play.store.load(key)
    assert stored is not None
    await play.store.save(key, stored.body.replace(b"active", b"ACTIVE"), expect=stored.tag)
    found: list[str] = []

    async def listing() -> None:
        async for summary in play.runtime.processes():
            found.append(summary.subject)

    with pytest.raises(RecordError):
        await listing()

    assert sorted(found) == [play.subject("a"), play.subject("c")]


async def test_all_but_the_deleted_are_listed(play: Stage) -> None:
    """Whatever is left of a deleted process is no process."""
    assert await ids(play) == {"a", "b", "cancelled", "ended", "bell", "failed"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "active"}, {"a", "b"}),
        ({"status": "ended"}, {"ended", "bell"}),
        ({"status": "cancelled"}, {"cancelled"}),
        ({"status": "deleted"}, {"deleted"}),
        ({"status": "failed"}, {"failed"}),
        ({"name": "t.bell"}, {"bell"}),
        ({"name": "t.bell", "status": "active"}, set[str]()),
        ({"version": "1.2.3"}, {"bell"}),
        ({"name": "t.counter", "version": "1.0.0", "status": "ended"}, {"ended"}),
        ({"name": "t.count"}, set[str]()),
        ({"name": "../odd name"}, set[str]()),
    ],
)
async def test_a_list_may_be_narrowed(play: Stage, asked: dict[str, str], found: set[str]) -> None:
    """By name, version and status, each to the letter."""
    assert await ids(play, **asked) == found


async def test_a_long_list_is_given_page_by_page() -> None:
    """All of it, each process once."""
    made = stage(Bell)
    for number in range(250):
        await made.start(pid=str(number))

    assert len(await ids(made, status="ended")) == 250


async def test_a_status_that_no_process_has_is_refused() -> None:
    """At once, and with those that there are: a typing error would give an empty list."""
    made = stage(Bell)

    with pytest.raises(ConfigurationError, match="active, ended, failed, cancelled, deleted"):
        made.runtime.processes(status="done")


async def test_a_process_is_described(play: Stage) -> None:
    """As ``xorca show`` has it."""
    found = await play.runtime.describe(play.subject("cancelled"))

    assert isinstance(found, Description)
    assert (found.status, found.reason) == ("cancelled", "enough")
    assert found == await describe(play.store, play.subject("cancelled"))


@pytest.mark.parametrize("subject", ["t.counter/1.0.0/deleted", "t.counter/1.0.0/x", "x", ""])
async def test_what_is_not_there_is_none(play: Stage, subject: str) -> None:
    """A deleted process is not there."""
    assert await play.runtime.describe(subject) is None


async def test_another_runtime_describes_the_same(play: Stage) -> None:
    """What is told is what is stored; nothing of it is this worker's own."""
    subjects: list[Any] = [play.subject(pid) for pid in ("a", "ended")]

    here = [await play.runtime.describe(one) for one in subjects]
    there = [await play.worker().describe(one) for one in subjects]

    assert here == there
