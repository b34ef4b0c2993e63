"""Markers tell a sweep where to look, and are gone when there is nothing to see."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.aws.grounds import GROUNDS
from tests.aws.race_words import Count, start_event
from tests.emulators.aws_answers import s3_fault
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca import Runtime
from xorca.engine.ids import storage_key
from xorca.errors import Conflict, Unavailable
from xorca.events import Event
from xorca.ports import Query, Summary
from xorca.providers.aws import S3Store
from xorca.providers.aws.s3_marks import Marks
from xorca.providers.aws.s3_names import mark_for
from xorca.providers.clock import SystemClock
from xorca.sealing import HmacSeal, reseal, sealed
from xorca_contrib.conformance.samples import summary

pytestmark = pytest.mark.usefixtures("aws_environment")

ROOT = Path(__file__).parents[2]
AT_ONCE = timedelta(0)
KILLED = """
import asyncio, os, signal, sys
from tests.aws.race_words import Count, start_event
from xorca import Runtime, open_store

class Killer:
    async def publish(self, events):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_store(sys.argv[1]) as store:
        await Runtime([Count], store=store, bus=Killer()).handle(start_event("left"))

asyncio.run(main())
"""


class Heard:
    """A bus that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish(self, events: Sequence[Event]) -> None:
        self.events += events


@pytest.fixture
async def bucket(moto: str) -> str:
    return await GROUNDS.bucket(moto)


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as found:
        yield found


@pytest.fixture
async def store(bucket: str, fresh_name: str, proxy: FaultProxy) -> AsyncIterator[S3Store]:
    place: dict[str, Any] = {"prefix": fresh_name, "endpoint": proxy.url}
    async with S3Store(bucket, markers=True, **place) as found:
        yield found


async def marked(store: S3Store, query: Query | None = None) -> list[str]:
    """Give the keys that are found as pending."""
    page = await store.list(query or Query(pending=True))
    return [item.key for item in page.items]


async def marks(store: S3Store) -> list[str]:
    """Give the names of all markers."""
    return [found.name async for found in store._objects.names("~marks/", after="", most=100)]


def is_record(request: Request) -> bool:
    return request.method == "PUT" and "marks" not in request.path


def kill_a_publisher(bucket: str, prefix: str, endpoint: str, *, markers: bool) -> None:
    """Commit a start in a process that dies before it sends what it committed."""
    url = f"s3://{bucket}/{prefix}?endpoint={endpoint}&markers={int(markers)}"
    done = subprocess.run([sys.executable, "-c", KILLED, url], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -9


async def test_another_key_leaves_a_marker_where_it_is(store: S3Store) -> None:
    """A bucket lists no summaries, so who closes a record anew cannot say what it waits for."""
    older, newer = HmacSeal(f"a:{'11' * 32}"), HmacSeal(f"b:{'22' * 32},a:{'11' * 32}")
    busy = Runtime([Count], store=sealed(store, older), bus=Heard())
    await busy.handle(start_event("left"), publish=False)
    before = await marked(store)

    done = await reseal(store, newer)

    heard = Heard()
    swept = await Runtime([Count], store=sealed(store, newer), bus=heard).sweep(older_than=AT_ONCE)
    assert (done.closed, before) == (1, [storage_key("race.count", "left")])
    assert (swept.published, len(heard.events), await marks(store)) == (1, 1, [])


@pytest.mark.parametrize("markers", [True, False])
async def test_sweep_sends_what_a_killed_publisher_left(
    bucket: str, fresh_name: str, moto: str, proxy: FaultProxy, markers: bool
) -> None:
    """What was committed by a process that was killed leaves with a sweep, once."""
    place: dict[str, Any] = {"prefix": fresh_name, "markers": markers, "endpoint": proxy.url}
    async with S3Store(bucket, **place) as store:
        busy = Runtime([Count], store=store, bus=Heard())
        for number in range(4):
            await busy.handle(start_event(f"quiet-{number}"))
        await Runtime([Count], store=store, bus=Heard()).sweep(older_than=AT_ONCE)
        kill_a_publisher(bucket, fresh_name, moto, markers=markers)
        heard = Heard()
        proxy.forget()

        swept = await Runtime([Count], store=store, bus=heard).sweep(older_than=AT_ONCE)

        assert [event.subject for event in heard.events] == ["race.count/1.0.0/left"]
        assert (swept.published, swept.looked) == (1, 1 if markers else 5)
        again = await Runtime([Count], store=store, bus=heard).sweep(older_than=AT_ONCE)
        assert (again.published, again.looked) == (0, 0 if markers else 5)
        assert not markers or await marks(store) == []


async def test_marker_is_kept_while_something_is_pending(store: S3Store) -> None:
    """Saves that follow one another share a marker, and what is at rest has none."""
    tag = await store.save("a/b", b"one", expect=None, summary=summary(pending=True))
    first = await marks(store)
    tag = await store.save("a/b", b"two", expect=tag, summary=summary(pending=True))
    assert await marks(store) == first
    assert await marked(store) == ["a/b"]

    await store.save("a/b", b"three", expect=tag, summary=summary())

    assert await marks(store) == []


async def test_marker_tells_when_something_is_due(store: S3Store) -> None:
    """What is due by then is found, what is due later is not."""
    await store.save("a/early", b"one", expect=None, summary=summary(due=100.5))
    await store.save("a/late", b"one", expect=None, summary=summary(due=2e9))

    assert await marked(store, Query(due_before=101.0)) == ["a/early"]
    assert await marked(store, Query(due_before=3e9)) == ["a/early", "a/late"]
    assert await marked(store) == []


async def test_marked_keys_come_in_order_and_pages(store: S3Store) -> None:
    """Each marked key is listed once, in the order of keys, page by page."""
    keys = ["a", "a-b", "a.b", "a/b", "ab", "b"]
    for key in reversed(keys):
        await store.save(key, b"one", expect=None, summary=summary(pending=True))
    found, after = list[str](), ""

    while True:
        page = await store.list(Query(pending=True), after=after, limit=2)
        found += [item.key for item in page.items]
        if page.after is None:
            break
        after = page.after

    assert found == keys
    assert await marked(store, Query(pending=True, prefix="a/")) == ["a/b"]
    assert [item.key for item in (await store.list(Query())).items] == keys


async def test_marker_precedes_its_record(store: S3Store, proxy: FaultProxy) -> None:
    """Where the save is lost there may be a marker too many, never one too few."""
    proxy.plan(Fault.lost_answer(), only=is_record)

    with pytest.raises(Unavailable):
        await store.save("a/b", b"one", expect=None, summary=summary(pending=True))

    assert await marked(store) == ["a/b"]


async def test_nothing_is_saved_without_its_marker(store: S3Store, proxy: FaultProxy) -> None:
    """A save whose marker cannot be written does not take place."""
    proxy.seed(1, 1.0, s3_fault(503, "SlowDown"), only=lambda found: "marks" in found.path)

    with pytest.raises(Unavailable):
        await store.save("a/b", b"one", expect=None, summary=summary(pending=True))

    assert await store.load("a/b") is None


async def test_loser_of_a_race_cleans_up(store: S3Store) -> None:
    """The marker of a save that was refused goes with the read that follows."""
    await store.save("a/b", b"one", expect=None, summary=summary())
    with pytest.raises(Conflict):
        await store.save("a/b", b"two", expect=None, summary=summary(pending=True))
    assert len(await marks(store)) == 1

    await store.load("a/b")

    assert await marks(store) == []


async def test_late_deletion_takes_nobody_elses_marker(
    bucket: str, fresh_name: str, store: S3Store, moto: str
) -> None:
    """Whoever deletes an old marker late leaves that of the newer version alone."""
    pending, resting = summary(pending=True), summary()
    first = await store.save("a/b", b"one", expect=None, summary=pending)
    old = first.partition(" ")[2]
    second = await store.save("a/b", b"two", expect=first, summary=resting)
    async with S3Store(bucket, prefix=fresh_name, markers=True, endpoint=moto) as other:
        await other.save("a/b", b"three", expect=second, summary=pending)

    await Marks(store._objects).drop("a/b", old)

    assert await marked(store) == ["a/b"]


async def test_marker_without_record_goes_when_it_is_old(store: S3Store) -> None:
    """A marker whose save never came is left for an hour, and then removed by a look."""
    await store._objects.put_empty("~marks/a/b!p!0123456789ab")
    assert await marked(store) == ["a/b"]
    await store.load("a/b")
    assert len(await marks(store)) == 1

    store._marks = Marks(store._objects, old=-1.0)
    await marked(store)
    await store.load("a/b")

    assert await marks(store) == []


async def test_old_marker_in_use_stays(store: S3Store) -> None:
    """A marker that its record names is not removed, however old it is."""
    await store.save("a/b", b"one", expect=None, summary=summary(pending=True))

    store._marks = Marks(store._objects, old=-1.0)
    await marked(store)
    await store.load("a/b")

    assert await marked(store) == ["a/b"]


@pytest.mark.parametrize("due", [float("inf"), float("nan"), -5.0, 1e18])
async def test_any_time_is_taken(store: S3Store, due: float) -> None:
    """A time that no calendar knows breaks no save and no listing."""
    await store.save("a/b", b"one", expect=None, summary=summary(due=due))

    assert await marked(store, Query(due_before=1e19)) in ([], ["a/b"])


async def test_deleted_record_takes_its_marker_along(store: S3Store) -> None:
    """A conditional deletion leaves no marker behind."""
    tag = await store.save("a/b", b"one", expect=None, summary=summary(pending=True))

    await store.delete("a/b", expect=tag)

    assert await marks(store) == []


class NextYear(SystemClock):
    """The time when nobody wants to know any more."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=400)


async def test_pruning_finds_what_is_over(store: S3Store) -> None:
    """What was deleted is pruned when its time comes, found by its marker."""
    runtime = Runtime([Count], store=store, bus=Heard())
    await runtime.handle(start_event("gone"))
    await runtime.delete("race.count/1.0.0/gone", force=True)

    pruned = await Runtime([Count], store=store, clock=NextYear()).prune()

    assert pruned.tombstones == 1
    assert await store.load(storage_key("race.count", "gone")) is None
    assert await marks(store) == []


def test_summary_of_a_side_object_is_none() -> None:
    """Side objects have no summary, and so no marker: the names of both are apart."""
    assert mark_for(None, "p!0123456789ab") == ""
    assert mark_for(Summary("s", "n", "v", "active", "st", 1, 1.0), "") == ""
