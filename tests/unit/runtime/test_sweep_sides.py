"""Side objects that nobody wants: removed when that is certain, and never otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.mending import broken, work
from tests.unit.support import Number, Stage, answer, stage, told
from xorca import Final, Orchestrator, State, emit, on, start
from xorca.engine.ids import side_key
from xorca.engine.inbox import Sides, settle_inbox
from xorca.engine.record import Page, seal
from xorca.engine.sweep import Collection
from xorca.ports import Query, Summary
from xorca.providers.memory import MemoryStore
from xorca.runtime import Limits
from xorca.runtime.summary import summary_of
from xorca.runtime.swept import Swept

DAY = 86_400.0
LIMITS = Limits(window=5, backlog=200)


class Wide(Orchestrator, name="t.wide"):
    """It asks for many numbers at once, so that most of them wait in side objects."""

    total: int = 0

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.number.get")
    def begin(self) -> list[Number]:
        work("begin")
        return [Number(value) for value in range(60)]

    @on("evt.number.get.success", at=asking, to=done)
    @emit("notif.total")
    def counted(self, numbers: list[Number]) -> Number:
        return Number(sum(number.value for number in numbers))


@pytest.fixture(autouse=True)
def sound() -> Iterator[None]:
    """Begin and end with nothing broken."""
    broken.clear()
    yield
    broken.clear()


async def swept(play: Stage, **options: Any) -> Swept:
    """Sweep as another process would."""
    return await play.worker().sweep(**options)


async def sides(play: Stage) -> list[str]:
    """Give the keys of the side objects that are stored."""
    found = (await play.store.list(Query(prefix="_side/"), limit=1000)).items
    return [item.key for item in found]


async def litter(play: Stage, pid: str = "p") -> str:
    """Leave a side object behind, as a worker that died before its commit; give its key."""
    key = side_key(play.key(pid), "0123456789abcdef0123456789")
    await play.store.save(key, b"[]", expect=None)
    return key


async def restored(play: Stage, **fields: Any) -> None:
    """Change what is stored of the process by hand."""
    record = await play.record()
    for name, value in fields.items():
        setattr(record, name, value)
    stored = await play.store.load(play.key())
    body, summary = seal(record), summary_of(record)
    await play.store.save(play.key(), body, expect=stored.tag, summary=summary)


async def to_the_end(play: Stage) -> None:
    """Answer every command that is sent, until there is none left."""
    answered: set[str] = set()
    while waiting := [c for c in play.sent("cmd.number.get") if c.id not in answered]:
        for command in {one.id: one for one in waiting}.values():
            answered.add(command.id)
            await play.give(answer(command, {"value": 1}))


async def test_what_a_living_process_refers_to_stays() -> None:
    """However old it is."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    before = await sides(play)
    play.clock.advance(100 * DAY)

    done = await swept(play)
    await to_the_end(play)

    assert before
    assert done.sides == 0
    assert (await play.record()).status == "ended"
    assert len({one.id for one in play.sent("cmd.number.get")}) == 60


async def test_litter_of_a_living_process_stays() -> None:
    """Somebody may be about to commit a record that refers to it."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    key = await litter(play)
    play.clock.advance(100 * DAY)

    done = await swept(play)

    assert done.sides == 0
    assert key in await sides(play)


@pytest.mark.parametrize("status", ["ended", "cancelled", "failed"])
async def test_litter_of_a_process_that_is_long_over_goes(status: str) -> None:
    """After the horizon; the record says the same as before."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    await to_the_end(play)
    await restored(play, status=status)
    key = await litter(play)
    play.clock.advance(13 * DAY)
    early = await swept(play)
    play.clock.advance(2 * DAY)
    before = await play.record()

    late = await swept(play)

    after = await play.record()
    assert (early.sides, late.sides, await sides(play)) == (0, 1, [])
    assert key not in await sides(play)
    assert (after.revision, after.updated) == (before.revision + 1, before.updated)
    assert (after.memory, after.seen, after.status) == (before.memory, before.seen, status)


async def test_what_a_process_that_is_over_refers_to_stays() -> None:
    """The pages of its inbox, say, without which a repetition could not be told."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    await to_the_end(play)
    await litter(play)
    kept = side_key(play.key(), "page")
    await play.store.save(kept, b"", expect=None)
    await restored(play, pages=[Page("page", play.clock.now().timestamp() + 90 * DAY, 64)])
    play.clock.advance(15 * DAY)

    done = await swept(play)

    assert (done.sides, await sides(play)) == (1, [kept])


async def test_litter_of_a_deleted_process_goes_soon() -> None:
    """Its tombstone refers to nothing, and is itself removed after the horizon."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    await to_the_end(play)
    await play.runtime.delete(play.subject())
    await litter(play)
    play.clock.advance(121)

    done = await swept(play)

    assert (done.sides, await sides(play)) == (1, [])
    assert (await play.record()).status == "deleted"


async def test_a_process_that_began_anew_since_it_was_listed_is_left_alone() -> None:
    """What is stored decides, not the list."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    record, now = await play.record(), play.clock.now()
    later = now.timestamp() + 100 * DAY
    active = Collection(record, now, LIMITS, before=later)
    young = Collection(await play.record(), now, LIMITS, before=now.timestamp() - DAY)
    young.record.status = "failed"

    for commit in (active, young):
        commit.drop({"litter"})

    assert [commit.changed for commit in (active, young)] == [False, False]
    assert active.sides.dropped == young.sides.dropped == []


async def test_no_commit_writes_a_page_under_the_name_that_another_gave_it() -> None:
    """The same keys in another revision: what a worker that died had written is not theirs."""
    play = stage(Wide, limits=LIMITS)
    await play.start()
    names: list[str] = []

    for revision in (5, 6):
        record = await play.record()
        record.revision, record.seen = revision, "".join(f"{key:016}" for key in range(64))
        record.seen_until = now = play.clock.now().timestamp()
        settle_inbox(record, Sides(), now=now, horizon=DAY)
        names += [page.name for page in record.pages]

    assert len(set(names)) == len(names) == 2


async def test_side_objects_without_a_record_stay() -> None:
    """A start writes them before the record is there."""
    play = stage(Wide, limits=LIMITS)
    key = await litter(play)
    play.clock.advance(100 * DAY)

    done = await swept(play)

    assert (done.sides, await sides(play)) == (0, [key])


class Interrupted(MemoryStore):
    """A store that lets something happen between side objects and their record."""

    meanwhile: Any = None

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Let it happen, then save; a start that is tried in the dark is refused anyway."""
        if self.meanwhile is not None and expect is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return await super().save(key, body, expect=expect, summary=summary)


@pytest.mark.parametrize("before", ["failed", "deleted"])
async def test_a_start_that_has_written_its_side_objects_and_not_its_record(before: str) -> None:
    """The sweep between the two makes it save anew, and nothing of it is lost."""
    store = Interrupted()
    play = stage(Wide, limits=LIMITS, store=store)
    if before == "failed":
        broken.add("begin")
        await play.start(id="first")
        broken.clear()
    else:
        await play.start(id="first")
        await to_the_end(play)
        await play.runtime.delete(play.subject())
    await swept(play, older_than=timedelta(0))  # so that the next has only side objects to see to
    play.bus.published.clear()
    play.clock.advance(15 * DAY)
    play.cold()
    reports: list[Swept] = []
    written: list[list[str]] = []

    async def meanwhile() -> None:
        written.append(await sides(play))
        reports.append(await swept(play))

    store.meanwhile = meanwhile
    outcome = await play.start(id="second")

    assert told(outcome) == ("applied", "begin")
    assert written[0]
    assert reports[0].sides == len(written[0])
    await to_the_end(play)
    assert (await play.record()).status == "ended"
    assert len({one.id for one in play.sent("cmd.number.get")}) == 60


async def test_litter_of_many_processes_over_many_pages() -> None:
    """Every key is looked at, with the name of another process between."""
    play = stage(Wide, limits=LIMITS)
    for number in range(7):
        pid = f"p-{number}"
        await play.start(pid=pid)
        await play.runtime.cancel(play.subject(pid), "enough")
        for piece in range(100):
            key = side_key(play.key(pid), f"{piece:026}")
            await play.store.save(key, b"[]", expect=None)
    play.clock.advance(15 * DAY)

    done = await swept(play, older_than=timedelta(0))

    assert done.sides >= 700
    assert await sides(play) == []
