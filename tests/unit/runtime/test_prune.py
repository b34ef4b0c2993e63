"""``runtime.prune``: what is over goes, on every store, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.errands import SUBJECT, Errand, finish, order
from tests.unit.runtime.faults import FaultyBus
from tests.unit.support import Stage, Text, event, stage, starting, told
from xorca import Orchestrator, emit, end, start
from xorca.engine.ids import storage_key
from xorca.engine.record import unseal
from xorca.errors import ConfigurationError, Unavailable
from xorca.fleet import Fleet
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryStore
from xorca.runtime import Limits
from xorca.runtime.pruning import AT_ONCE, PAGE
from xorca.runtime.reading import processes

WEEK = timedelta(days=7)


class Note(Orchestrator, name="t.note", retain=WEEK):
    """It ends at once, and says so."""

    text: str = ""

    @start(to=end)
    @emit("notif.noted")
    def note(self, text: Text) -> Text:
        if text.text == "nonsense":
            raise ValueError("no such note")
        self.text = text.text
        return text


class Forever(Orchestrator, name="t.forever"):
    """It ends at once, and nobody said how long it is kept."""

    @start(to=end)
    def begin(self) -> None: ...


@pytest.fixture(params=["memory", "sqlite", "files"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """A store of each kind: files keep no summaries."""
    made: Any = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "x.db"),
        "files": lambda: FileStore(tmp_path / "dir", fsync=False),
    }[request.param]()
    async with made:
        yield made


def on_stage(store: Any, *classes: type[Orchestrator], **options: Any) -> Stage:
    """Give a stage over a store; an alarm of its own where there is none."""
    return stage(*(classes or (Note, Forever)), store=store, **options)


async def notes(play: Stage, count: int) -> None:
    """Begin and end so many processes."""
    await play.runtime.handle(
        *(starting(Note, Text("x"), f"n-{number}", id=f"s-{number}") for number in range(count))
    )


async def statuses(store: Any) -> list[str]:
    """Give the status of every record, tombstones included, in the order of keys."""
    found: list[str] = []
    for name in ("t.note", "t.forever", "t.errand"):
        page = await store.list(Query(prefix=f"{name}/"), limit=1000)
        for item in page.items:
            stored = await store.load(item.key)
            found.append(unseal(stored.body).status)
    return found


async def test_what_has_been_kept_long_enough_goes(store: Any) -> None:
    """What ended is a tombstone then; what is kept for longer stays."""
    play = on_stage(store)
    await notes(play, 5)
    await play.give(starting(Forever))

    early = await play.runtime.prune()
    play.clock.advance(WEEK.total_seconds())
    late = await play.runtime.prune()

    assert (early.processes, late.processes, late.tombstones) == (0, 5, 0)
    assert await statuses(store) == ["deleted"] * 5 + ["ended"]


async def test_tombstones_go_after_the_horizon(store: Any) -> None:
    """Nothing at all is left then, and the process id is free."""
    play = on_stage(store)
    await notes(play, 5)
    play.clock.advance(WEEK.total_seconds())
    await play.runtime.prune()

    play.clock.advance(Limits().horizon - 1)
    early = await play.runtime.prune()
    play.clock.advance(2)
    late = await play.runtime.prune()

    assert (early.tombstones, late.processes, late.tombstones) == (0, 0, 5)
    assert (await store.list(Query())).items == ()


async def test_what_is_older_goes_whatever_its_class_says(store: Any) -> None:
    """Also where a class says nothing; counted from its last change."""
    play = on_stage(store)
    await notes(play, 2)
    await play.give(starting(Forever))
    play.clock.advance(3600)
    await notes(play, 3)

    found = await play.runtime.prune(older_than=timedelta(minutes=30))

    assert found.processes == 3
    assert sorted(await statuses(store)) == ["deleted"] * 3 + ["ended"]


async def test_failed_and_cancelled_ones_go_too(store: Any) -> None:
    """Everything that is not active."""
    play = on_stage(store)
    await play.give(starting(Note, Text("nonsense")))
    await play.give(starting(Forever))

    found = await play.runtime.prune(older_than=timedelta(0))

    assert found.processes == 2


async def test_one_name_alone(store: Any) -> None:
    """A name that begins with it is another."""

    class Longer(Note, name="t.note.long"): ...

    play = on_stage(store, Note, Longer, Forever)
    await notes(play, 2)
    await play.give(starting(Longer, Text("")))
    await play.give(starting(Forever))

    found = await play.runtime.prune(older_than=timedelta(0), name="t.note")

    assert found.processes == 2
    left = [one.subject async for one in processes(store)]
    assert left == ["t.forever/1.0.0/p", "t.note.long/1.0.0/p"]


async def test_a_dry_run_only_counts(store: Any) -> None:
    """It finds what the real one does."""
    play = on_stage(store)
    await notes(play, 5)
    play.clock.advance(WEEK.total_seconds())

    dry = await play.runtime.prune(dry_run=True)
    sent = len(play.sent())

    assert await statuses(store) == ["ended"] * 5
    assert dry.processes == (await play.runtime.prune()).processes == 5
    assert len(play.sent()) == sent


async def test_active_processes_are_never_touched() -> None:
    """Not even one whose deadline has passed."""
    play = stage(Errand)
    await play.give(order())
    play.clock.advance(365 * 86400)
    body = await play.body()

    found = await play.runtime.prune(older_than=timedelta(0))

    assert found.processes == 0
    assert await play.body() == body


async def test_what_may_not_be_out_is_sent_first(store: Any) -> None:
    """A worker died before it published; the bytes are those that were committed."""
    play = on_stage(store, bus=FaultyBus())
    play.bus.times = 1
    outcome = await play.give(starting(Note, Text("x")))
    assert told(outcome) == ("retry", "publish")
    play.cold()

    await play.runtime.prune(older_than=timedelta(0))

    assert [one.to_json() for one in play.sent()] == [one.to_json() for one in outcome.sent]
    assert await statuses(store) == ["deleted"]


async def test_what_cannot_be_sent_stays_and_is_told(store: Any) -> None:
    """The others go."""
    play = on_stage(store, bus=FaultyBus())
    await play.give(starting(Forever))
    play.bus.times = 1
    await play.give(starting(Note, Text("x")))
    play.cold()
    play.bus.times = 1

    found = await play.runtime.prune(older_than=timedelta(0))

    [(what, cause)] = found.failed.items()
    assert (found.processes, found.tombstones) == (1, 0)
    assert what in ("t.note/1.0.0/p", storage_key("t.note", "p"))
    assert "throttled" in cause
    assert await statuses(store) == ["ended", "deleted"]


async def test_what_was_sent_too_long_ago_to_come_is_not_sent_again(store: Any) -> None:
    """After the horizon what was committed counts as out."""
    play = on_stage(store)
    await notes(play, 3)
    play.cold()
    play.clock.advance(Limits().horizon + 1)

    found = await play.runtime.prune()

    assert (found.processes, len(play.sent())) == (3, 3)


async def test_a_damaged_record_does_not_stop_the_rest(store: Any) -> None:
    """It is told of, and left as it is."""
    play = on_stage(store)
    await notes(play, 3)
    key = storage_key("t.note", "n-1")
    stored = await store.load(key)
    bad = stored.body.replace(b'"ended"', b'"ENDED"')
    summary = Summary("t.note/1.0.0/n-1", "t.note", "1.0.0", "ended", "", 1, 0.0)
    await store.save(key, bad, expect=stored.tag, summary=summary)
    play.cold()

    found = await play.runtime.prune(older_than=timedelta(0))

    [(what, cause)] = found.failed.items()
    assert (found.processes, what) in ((2, key), (2, "t.note/1.0.0/n-1"))
    assert "checksum" in cause
    assert (await store.load(key)).body == bad


async def test_what_a_fleet_remembers_goes_when_it_is_due(store: Any) -> None:
    """Not before; and not where one orchestrator is asked for."""
    play = on_stage(store)
    fleet = Fleet(source="/srvc/notes", store=store, clock=play.clock, remember=WEEK)

    @fleet.serves("cmd.note.take")
    async def take(note: Text) -> Text:
        return note

    for number in range(3):
        await fleet.handle(
            event("cmd.note.take", Text("x"), subject="s", id=f"c-{number}").to_json()
        )
    await notes(play, 2)

    early = await play.runtime.prune()
    play.clock.advance(WEEK.total_seconds() + 1)
    named = await play.runtime.prune(name="t.forever")
    late = await play.runtime.prune()

    assert (early.memories, named.memories, late.memories) == (0, 0, 3)
    assert (await store.list(Query(prefix="_fleet/"))).items == ()


async def test_more_than_a_page(store: Any) -> None:
    """Every page is looked through, though what is found goes away meanwhile."""
    play = on_stage(store)
    count = PAGE + AT_ONCE + 5
    await notes(play, count)

    found = await play.runtime.prune(older_than=timedelta(0))

    assert found.processes == count
    assert set(await statuses(store)) == {"deleted"}


async def test_two_at_once_remove_everything_once(store: Any) -> None:
    """Each process is counted by one of them, and has one tombstone."""
    play = on_stage(store)
    await notes(play, 60)
    other = play.worker()

    first, second = await asyncio.gather(
        play.runtime.prune(older_than=timedelta(0)), other.prune(older_than=timedelta(0))
    )

    assert first.processes + second.processes == 60
    assert not {**first.failed, **second.failed}
    page = await store.list(Query(prefix="t.note/"), limit=100)
    bodies = [await store.load(item.key) for item in page.items]
    assert {unseal(one.body).revision for one in bodies} == {2}


async def test_two_at_once_remove_tombstones_once(store: Any) -> None:
    """Nothing is left, and nothing failed."""
    play = on_stage(store)
    await notes(play, 60)
    await play.runtime.prune(older_than=timedelta(0))
    play.clock.advance(Limits().horizon + 1)
    other = play.worker()

    first, second = await asyncio.gather(play.runtime.prune(), other.prune())

    assert first.tombstones + second.tombstones == 60
    assert not {**first.failed, **second.failed}
    assert (await store.list(Query())).items == ()


class Overtaken(MemoryStore):
    """A store in which something happens between a listing and what comes of it."""

    meanwhile: Any = None

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List, and let it happen."""
        page = await super().list(query, after=after, limit=limit)
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            await happen()
        return page


@pytest.mark.parametrize("gone", ["process", "tombstone"])
async def test_what_was_begun_anew_after_the_listing_is_left_alone(gone: str) -> None:
    """What is stored under the key decides, not what was listed."""
    play = stage(Errand, store=Overtaken())
    await play.give(order())
    await finish(play)
    if gone == "tombstone":
        await play.runtime.delete(SUBJECT)
        play.clock.advance(Limits().horizon + 1)

    async def begin_anew() -> None:
        other = play.worker()
        if gone == "process":
            await other.delete(SUBJECT)
        await other.handle(order("eggs", id="second"))

    play.store.meanwhile = begin_anew
    found = await play.runtime.prune(older_than=timedelta(0))

    assert (found.processes, found.tombstones, dict(found.failed)) == (0, 0, {})
    record = await play.record()
    assert (record.status, record.state) == ("active", "visiting")


async def test_what_is_remembered_anew_after_the_listing_is_left_alone() -> None:
    """As with processes: what is stored says until when."""
    play = stage(Note, store=Overtaken())
    now = play.clock.now().timestamp()
    due = Summary("s", "_fleet", "", "answered", "", 1, now, due=now - 1)
    old = await play.store.save("_fleet/x/y", b'{"keep_until":1}', expect=None, summary=due)

    async def remember_anew() -> None:
        later = b'{"keep_until":%d}' % (now + 1000)
        await play.store.save("_fleet/x/y", later, expect=old)

    play.store.meanwhile = remember_anew
    found = await play.runtime.prune()

    assert (found.memories, dict(found.failed)) == (0, {})
    assert await play.store.load("_fleet/x/y") is not None


class Begun(MemoryStore):
    """A store in which something happens between a load and the deletion that follows."""

    meanwhile: Any = None

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Let it happen, then delete."""
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            await happen()
        await super().delete(key, expect=expect)


async def test_a_life_that_begins_at_the_last_moment_is_not_deleted() -> None:
    """A tombstone is removed on the condition that it is still that."""
    play = stage(Errand, store=Begun())
    await play.give(order())
    await finish(play)
    await play.runtime.delete(SUBJECT)
    play.clock.advance(Limits().horizon + 1)
    other = play.worker()
    play.store.meanwhile = lambda: other.handle(order("eggs", id="second"))

    found = await play.runtime.prune()

    assert (found.tombstones, dict(found.failed)) == (0, {})
    assert (await play.record()).status == "active"


class Counted(MemoryStore):
    """A store that counts how many loads are under way at once, and how long its pages are."""

    now, most, page = 0, 0, 0

    async def load(self, key: str) -> Stored | None:
        """Load slowly."""
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return await super().load(key)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        self.page = max(self.page, limit)
        return await super().list(query, after=after, limit=limit)


async def test_so_many_at_once_and_no_more() -> None:
    """Memory is bounded by the page, and the store is not flooded."""
    play = stage(Note, store=Counted())
    await notes(play, 200)
    play.store.most = 0

    await play.runtime.prune(older_than=timedelta(0))

    assert play.store.most == AT_ONCE
    assert play.store.page == PAGE


@pytest.mark.parametrize("older_than", [timedelta(days=-1), 30, "30d"])
async def test_what_is_no_length_of_time_is_refused(older_than: Any) -> None:
    """Nothing is looked at."""
    play = stage(Note)
    await notes(play, 1)

    with pytest.raises(ConfigurationError, match="no length of time"):
        await play.runtime.prune(older_than=older_than)


class Away(MemoryStore):
    """A store that cannot be listed."""

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Fail."""
        raise Unavailable("the store is away")


async def test_a_store_that_is_away_is_told() -> None:
    """By the error of the port."""
    play = stage(Note, store=Away())

    with pytest.raises(Unavailable, match="away"):
        await play.runtime.prune()


async def test_late_events_to_pruned_processes_are_ignored(store: Any) -> None:
    """Both a start and an answer."""
    play = on_stage(store)
    await notes(play, 2)
    await play.runtime.prune(older_than=timedelta(0))
    late = starting(Note, Text("x"), "n-0", id="s-0")
    reply = event("evt.x.y.success", subject="t.note/1.0.0/n-1")

    outcomes = await play.runtime.handle(late, reply)

    assert [told(one) for one in outcomes] == [("ignored", "deleted")] * 2
