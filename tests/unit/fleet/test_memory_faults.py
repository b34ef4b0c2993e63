"""A store that is away, lies, or breaks off: nothing is lost and nothing is done blindly."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.unit.fleet.library import Faulty, Library, bytes_of
from tests.unit.fleet.stage import SUBJECT, command
from xorca import Outcome
from xorca.errors import Conflict, PortError, PublishFailed, RecordError, Unavailable
from xorca.events import Event
from xorca.fleet import memory
from xorca.ports import Query, Store
from xorca.providers.memory import MemoryStore

AWAY = Unavailable("the store is away")
TRIES = len(memory.PAUSES)


def book(book_id: str = "a") -> Event:
    """Ask for a book."""
    return command(data={"book_id": book_id}, id=f"c-{book_id}")


async def served(library: Library, book_id: str = "a") -> Outcome:
    """Give what becomes of one delivery."""
    [outcome] = await library.fleet.handle(book(book_id))
    return outcome


async def damage(store: MemoryStore, find: bytes, put: bytes) -> None:
    """Change the one entry that is remembered."""
    [item] = (await store.list(Query(prefix="_fleet/"))).items
    stored = await store.load(item.key)
    assert stored is not None
    changed = re.sub(find, put, stored.body, count=1)
    assert changed != stored.body
    await store.save(item.key, changed, expect=stored.tag, summary=item.summary)


# -- before the effect --------------------------------------------------------------


@pytest.mark.parametrize("fault", [AWAY, PortError("no access")])
async def test_nothing_is_executed_while_the_memory_cannot_be_read(fault: PortError) -> None:
    """It might have been answered: the command waits, with the cause in hand."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["load"] = [fault]

    outcome = await served(library)
    later = await served(library)

    assert (outcome.status, outcome.reason, outcome.error) == ("retry", "store", fault)
    assert outcome.sent == ()
    assert (later.status, library.ran) == ("applied", ["a"])


async def test_a_store_with_a_bug_costs_nothing_else() -> None:
    """Whatever it raises, the command waits, and its neighbours are worked on."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["load"] = [RuntimeError("a bug")]

    outcomes = await library.fleet.handle(book("a"), book("b"))

    assert [outcome.reason for outcome in outcomes] == ["internal", ""]
    assert library.ran == ["b"]


# -- after the effect ---------------------------------------------------------------


async def test_an_answer_that_cannot_be_remembered_is_not_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The command comes again; the log says that it was worked on."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["save"] = [AWAY] * TRIES

    outcome = await served(library)

    assert (outcome.status, outcome.reason) == ("retry", "not-remembered")
    assert (outcome.error, outcome.sent) == (AWAY, ())
    assert library.bus.published == []
    assert f"{SUBJECT}: cmd.books.fetch was worked on" in caplog.text


async def test_the_process_that_worked_knows_it_still() -> None:
    """A redelivery to the same process writes the answer down, and does not execute again."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["save"] = [AWAY] * TRIES * 2

    found = [await served(library) for _ in range(4)]

    assert [outcome.reason for outcome in found] == ["not-remembered"] * 2 + ["remembered"] * 2
    assert library.ran == ["a"]
    assert bytes_of(found[2].sent) == bytes_of(found[3].sent) != []


async def test_another_process_may_execute_again() -> None:
    """That is the limit: nothing was written, so nobody else can know."""
    store = Faulty(MemoryStore())
    one, two = Library(store), Library(store, name="two")
    store.faults["save"] = [AWAY] * TRIES

    lost, found = await served(one), await served(two)
    late = await served(one)

    assert (lost.status, found.status, two.ran) == ("retry", "applied", ["a"])
    assert bytes_of(late.sent) == bytes_of(found.sent)
    assert one.ran == ["a"]


async def test_only_so_much_is_known_without_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of what could not be written is dropped; memory is bounded."""
    monkeypatch.setattr(memory, "UNSAVED", 2_000)
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["save"] = [AWAY] * TRIES * 8
    for number in range(8):
        assert (await served(library, f"b{number}")).reason == "not-remembered"

    newest, oldest = await served(library, "b7"), await served(library, "b0")

    assert (newest.reason, oldest.status) == ("remembered", "applied")
    assert library.ran.count("b7") == 1


async def test_a_short_fault_is_not_noticed() -> None:
    """The effect is done, so remembering it is worth some attempts."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["save"] = [AWAY] * (TRIES - 1)

    outcome = await served(library)

    assert (outcome.status, library.ran) == ("applied", ["a"])


@pytest.mark.parametrize("fault", [AWAY, Conflict("says a proxy")])
async def test_a_lost_response_is_no_failure(fault: PortError) -> None:
    """It was written after all: our own bytes are found, and the outcome is ours."""
    store = Faulty(MemoryStore())
    store.late = {"save"}
    library = Library(store)
    store.faults["save"] = [fault]

    outcome = await served(library)
    again = await served(library)

    assert (outcome.status, library.ran) == ("applied", ["a"])
    assert bytes_of(again.sent) == bytes_of(outcome.sent)


async def test_a_conflict_with_nothing_is_tried_again() -> None:
    """Some stores say so of a request that failed in the end."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["save"] = [Conflict("another request was in progress")]

    outcome = await served(library)

    assert (outcome.status, (await served(library)).reason) == ("applied", "remembered")


async def test_a_fault_while_looking_who_was_quicker_is_tried_again() -> None:
    """Neither the save nor the look at what is there is given up at once."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults = {"save": [AWAY], "load": [None, AWAY]}

    outcome = await served(library)

    assert (outcome.status, library.ran) == ("applied", ["a"])


async def test_being_cancelled_while_it_is_written_runs_nothing_twice() -> None:
    """The effect is done; a redelivery to this process writes the answer down."""
    began, hold = asyncio.Event(), asyncio.Event()

    class Slow(Faulty):
        async def save(self, key: str, body: bytes, **options: object) -> str:  # type: ignore[override]
            began.set()
            await hold.wait()
            return await super().save(key, body, **options)  # type: ignore[arg-type]

    store = Slow(MemoryStore())
    library = Library(store)
    task = asyncio.create_task(library.fleet.handle(book()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hold.set()

    outcome = await served(library)

    assert (outcome.reason, library.ran) == ("remembered", ["a"])


# -- after the memory ---------------------------------------------------------------


async def test_an_answer_that_was_not_sent_is_sent_by_the_next_delivery() -> None:
    """The bus fails after the memory: executed once, and answered."""

    class Deaf:
        def __init__(self) -> None:
            self.published: list[Event] = []

        async def publish(self, events: list[Event]) -> None:
            if not self.published:
                self.published.append(book("nobody"))
                raise PublishFailed("full")
            self.published.extend(events)

    library, bus = Library(MemoryStore()), Deaf()
    library.fleet.bus = bus  # type: ignore[assignment]

    lost, found = await served(library), await served(library)

    assert (lost.status, lost.reason) == ("retry", "publish")
    assert (found.reason, library.ran) == ("remembered", ["a"])
    assert bytes_of(tuple(bus.published[1:])) == bytes_of(found.sent) != []


async def test_duplicates_at_once_share_the_fate_of_the_first() -> None:
    """What could not be remembered is not answered by its twin either."""
    store = Faulty(MemoryStore())
    library = Library(store)
    store.faults["save"] = [AWAY] * TRIES

    outcomes = await library.fleet.handle(book(), book())

    assert [outcome.status for outcome in outcomes] == ["retry", "retry"]
    assert all(outcome.sent == () for outcome in outcomes)


# -- damaged ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        (rb"run 1", b"run 2", "damaged"),
        (rb'"\}$', b"", "cut short"),
        (rb"^.*$", b"", "cut short"),
        (rb"^.*$", b"{}", "cut short"),
        (rb'"format":1', b'"format":2', "damaged"),
    ],
)
async def test_a_damaged_memory_holds_its_command_back(find: bytes, put: bytes, said: str) -> None:
    """Nobody can tell what was answered: nothing is executed and nothing is sent."""
    store = MemoryStore()
    library = Library(store)
    await served(library)
    await damage(store, find, put)

    outcome = await served(library)

    assert (outcome.status, outcome.reason, outcome.sent) == ("retry", "record", ())
    assert isinstance(outcome.error, RecordError)
    assert said in str(outcome.error)
    assert "_fleet/srvc-books-" in str(outcome.error)
    assert library.ran == ["a"]


async def test_a_damaged_memory_is_left_as_it_is() -> None:
    """A backup, or a person, decides."""
    store = MemoryStore()
    library = Library(store)
    await served(library)
    await damage(store, rb"run 1", b"run 2")
    [item] = (await store.list(Query(prefix="_fleet/"))).items
    before = await store.load(item.key)

    await served(library)

    assert await store.load(item.key) == before


async def test_the_cure_of_a_damaged_memory_is_to_delete_it() -> None:
    """As the error says: the command is served anew."""
    store = MemoryStore()
    library = Library(store)
    await served(library)
    await damage(store, rb"run 1", b"run 2")
    [item] = (await store.list(Query(prefix="_fleet/"))).items
    await store.delete(item.key)

    assert (await served(library)).status == "applied"
    assert library.ran == ["a", "a"]


async def test_the_memory_of_another_command_is_not_given() -> None:
    """A file that was copied under another name is no answer."""
    store: Store = MemoryStore()
    library = Library(store)
    await served(library)
    [item] = (await store.list(Query(prefix="_fleet/"))).items
    stored = await store.load(item.key)
    await served(library, "b")
    [other] = [i for i in (await store.list(Query(prefix="_fleet/"))).items if i != item]
    old = await store.load(other.key)
    assert stored is not None
    assert old is not None
    await store.save(other.key, stored.body, expect=old.tag)

    outcome = await served(library, "b")

    assert (outcome.status, outcome.reason) == ("retry", "record")
    assert "another event" in str(outcome.error)


async def test_a_damaged_memory_that_was_written_meanwhile_is_not_overwritten() -> None:
    """Another worker wrote first, and its bytes were damaged: no answer is better than two."""
    store = MemoryStore()
    library, ready = Library(store), asyncio.Event()

    async def intrude() -> None:
        other = Library(store, name="two")
        await served(other)
        await damage(store, rb"by two", b"by too")
        ready.set()

    library.before = intrude
    outcome = await served(library)

    assert ready.is_set()
    assert (outcome.status, outcome.reason, outcome.sent) == ("retry", "record", ())
