"""Reading what is stored, without a Runtime and without changing anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from xorca import Orchestrator, Runtime, after, emit, end, on, start
from xorca.errors import RecordError
from xorca.events import Event
from xorca.ports import Listed, Page, Query, Summary
from xorca.providers.memory import MemoryStore
from xorca.runtime.reading import describe, processes

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class Album:
    photos: list[str]


class Publish(Orchestrator, name="album.publish"):
    count: int = 0

    @start
    @emit("cmd.photo.resize")
    def resizing(self, album: Album) -> list[str]:
        self.count = len(album.photos)
        return album.photos

    @on("evt.photo.resize.success", to=end)
    def done(self, photos: list[str]) -> None: ...

    @on("evt.never.mind", at=resizing, to=end)
    def broken(self) -> None:
        raise ValueError("secret")

    @after(timedelta(hours=1), to=end)
    def late(self) -> None: ...


class FixedClock:
    def now(self) -> datetime:
        return NOW

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


class BareStore(MemoryStore):
    """A store that keeps no summaries, as object stores do."""

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List keys two at a time, and leave the query to the caller."""
        page = await super().list(Query(prefix=query.prefix), after=after, limit=2)
        return Page(tuple(Listed(item.key, None) for item in page.items), page.after)


async def fill(store: MemoryStore, *ids: str) -> Runtime:
    """Start a process with two photos under each id."""
    runtime = Runtime([Publish], store=store, alarm=store.alarm, clock=FixedClock())
    for process_id in ids:
        await runtime.handle(Publish.start_event(Album(["a", "b"]), process_id=process_id))
    return runtime


async def subjects(store: MemoryStore, query: Query | None = None) -> list[str]:
    """Give the subjects that a query finds, sorted."""
    return sorted([summary.subject async for summary in processes(store, query)])


async def test_a_process_is_described_from_its_record() -> None:
    """State, memory, timeline, commands, timers and outbox, in types people can use."""
    store = MemoryStore()
    await fill(store, "p")

    found = await describe(store, "album.publish/1.0.0/p")

    assert found is not None
    assert (found.status, found.state, found.revision) == ("active", "resizing", 1)
    assert found.memory == {"count": 2}
    assert [(m.revision, m.event, m.state) for m in found.timeline] == [
        (1, "xorca.album.publish.start", "resizing")
    ]
    assert [(c.command, c.open, c.count) for c in found.commands] == [("cmd.photo.resize", 2, 2)]
    assert [unsent.id for unsent in found.outbox] == list(found.commands[0].ids)
    assert [(timer.name, timer.due) for timer in found.timers] == [
        ("after:late:0", NOW + timedelta(hours=1))
    ]


async def test_an_answered_item_is_open_no_more() -> None:
    """What a join has gathered is counted, and only open commands keep their ids."""
    store = MemoryStore()
    runtime = await fill(store, "p")
    subject = "album.publish/1.0.0/p"
    before = await describe(store, subject)
    assert before is not None
    answer = Event(
        id="a",
        source="/s",
        type="evt.photo.resize.success",
        subject=subject,
        data=b'"small"',
        datacontenttype="application/json",
        extensions={"causationid": before.commands[0].ids[0]},
    )

    await runtime.handle(answer)

    found = await describe(store, subject)
    assert found is not None
    assert found.gathered == {"evt.photo.resize.success": 1}
    assert found.commands[0].ids == before.commands[0].ids[1:]


async def test_a_dead_letter_is_described_with_its_cause() -> None:
    """The cause names what was raised and not what it said."""
    store = MemoryStore()
    runtime = await fill(store, "p")
    subject = "album.publish/1.0.0/p"

    await runtime.handle(Event(id="x", source="/s", type="evt.never.mind", subject=subject))

    found = await describe(store, subject)
    assert found is not None
    (letter,) = found.dead
    assert (letter.id, letter.reason, letter.kept) == ("x", "handler-raised", True)
    assert "ValueError" in letter.cause
    assert "secret" not in letter.cause


@pytest.mark.parametrize("subject", ["album.publish/1.0.0/q", "album.publish/2.0.0/p", "", "x"])
async def test_what_is_not_there_is_none(subject: str) -> None:
    """Neither another id, nor another version, nor something that is no subject."""
    store = MemoryStore()
    await fill(store, "p")

    assert await describe(store, subject) is None


async def test_a_damaged_record_is_refused() -> None:
    """A body whose seal does not fit is not described."""
    store = MemoryStore()
    await fill(store, "p")
    (listed,) = (await store.list(Query())).items
    stored = await store.load(listed.key)
    assert stored is not None
    await store.save(listed.key, stored.body.replace(b"resizing", b"resized!"), expect=stored.tag)

    with pytest.raises(RecordError, match="damaged"):
        await describe(store, "album.publish/1.0.0/p")


@pytest.mark.parametrize("store", [MemoryStore(), BareStore()], ids=["summaries", "none"])
async def test_processes_are_listed_with_and_without_summaries(store: MemoryStore) -> None:
    """Where the store keeps no summary the records are read; every page is asked for."""
    ids = ("a", "b", "c", "d", "e")
    await fill(store, *ids)

    assert await subjects(store) == [f"album.publish/1.0.0/{one}" for one in ids]
    assert await subjects(store, Query(status="ended")) == []
    assert await subjects(store, Query(name="album.publish", status="active")) != []


async def test_both_kinds_of_store_give_the_same_summary() -> None:
    """A summary read from a record is the one that was saved with it."""
    plain, bare = MemoryStore(), BareStore()
    await fill(plain, "p")
    await fill(bare, "p")

    saved = [summary async for summary in processes(plain)]
    read = [summary async for summary in processes(bare)]

    assert saved == read


async def test_side_objects_are_no_processes() -> None:
    """Keys that begin with an underscore are passed over."""
    store = BareStore()
    await fill(store, "p")
    await store.save("_side/some/page", b"no record", expect=None)

    assert await subjects(store) == ["album.publish/1.0.0/p"]


async def test_reading_changes_nothing() -> None:
    """The same bytes under the same tag afterwards."""
    store = MemoryStore()
    await fill(store, "p")
    (listed,) = (await store.list(Query())).items
    before = await store.load(listed.key)

    await describe(store, "album.publish/1.0.0/p")

    assert await store.load(listed.key) == before


async def test_a_summary_can_be_written_as_json() -> None:
    """What is read is plain data."""
    import msgspec

    store = MemoryStore()
    await fill(store, "p")
    found = await describe(store, "album.publish/1.0.0/p")
    (summary,) = [summary async for summary in processes(store)]

    assert isinstance(summary, Summary)
    assert json.loads(msgspec.json.encode(found))["started"] == "2030-01-01T12:00:00Z"
