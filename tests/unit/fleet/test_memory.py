"""A fleet with a store answers again what it has answered, and does not execute it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fleet.library import STORES, Library, bytes_of, new_store
from tests.unit.fleet.stage import SUBJECT, FetchBook, command, data_of
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.fleet import Call, Fleet
from xorca.ports import Query, Store
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime.reading import processes


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give a store of each kind."""
    async with new_store(request.param, tmp_path) as opened:
        yield opened


def book(book_id: str = "a", **attributes: Any) -> Event:
    """Ask for a book, with an id of its own."""
    return command(data={"book_id": book_id}, **{"id": f"c-{book_id}", **attributes})


def told(text: str) -> Event:
    """Make a notification."""
    return command("notif.books.ready", {"text": text}, id=f"n-{text}")


async def entries(store: Store) -> list[Any]:
    """Give what the fleets remember, as plain values."""
    page = await store.list(Query(prefix="_fleet/"))
    found = [await store.load(item.key) for item in page.items]
    return [json.loads(stored.body) for stored in found if stored is not None]


# -- again --------------------------------------------------------------------------


async def test_a_command_is_executed_once_and_answered_twice(store: Store) -> None:
    """The second answer is the first, byte for byte, notifications included."""
    library = Library(store)

    [first] = await library.fleet.handle(book())
    library.clock.advance(3600)
    [second] = await library.fleet.handle(book())

    assert library.ran == ["a"]
    assert [event.type for event in first.sent] == ["notif.books.opened", "evt.books.fetch.success"]
    assert bytes_of(second.sent) == bytes_of(first.sent)
    assert bytes_of(tuple(library.bus.published)) == bytes_of(first.sent + second.sent)


async def test_the_outcomes_tell_the_two_apart(store: Store) -> None:
    """What was worked on is applied; what was answered from memory is a duplicate."""
    library = Library(store)

    outcomes = [*await library.fleet.handle(book()), *await library.fleet.handle(book())]

    assert [(each.status, each.reason) for each in outcomes] == [
        ("applied", ""),
        ("duplicate", "remembered"),
    ]
    assert outcomes[1].subject == SUBJECT
    assert outcomes[1].ok


async def test_another_worker_answers_from_the_same_memory(tmp_path: Path) -> None:
    """A redelivery may come to another process, long after."""
    async with new_store("sqlite", tmp_path) as here, new_store("sqlite", tmp_path) as there:
        one, two = Library(here), Library(there, name="two")

        [first] = await one.fleet.handle(book())
        [second] = await two.fleet.handle(book())

    assert (one.ran, two.ran) == (["a"], [])
    assert bytes_of(second.sent) == bytes_of(first.sent)


@pytest.mark.parametrize("book_id", ["broken", "refused"])
async def test_an_error_is_an_answer(store: Store, book_id: str) -> None:
    """The process has heard of it and moved on; another run could tell nobody."""
    library = Library(store)

    [first] = await library.fleet.handle(book(book_id))
    [second] = await library.fleet.handle(book(book_id))

    assert library.ran == [book_id]
    assert first.sent[-1].type == "evt.books.fetch.error"
    assert bytes_of(second.sent) == bytes_of(first.sent)


async def test_a_timeout_is_an_answer() -> None:
    """A service that was cancelled half-way is not run again for a process that moved on."""
    store, ran = MemoryStore(), list[str]()
    fleet = Fleet("/srvc/books", store=store)

    @fleet.serves("cmd.books.fetch", timeout=timedelta(milliseconds=10))
    async def sleep(command: FetchBook) -> None:
        ran.append(command.book_id)
        await asyncio.sleep(60)

    [first] = await fleet.handle(book())
    [second] = await fleet.handle(book())

    assert ran == ["a"]
    assert first.sent[-1].type == "evt.books.fetch.timeout"
    assert bytes_of(second.sent) == bytes_of(first.sent)


async def test_a_payload_that_did_not_fit_is_answered_the_same_after_a_fix() -> None:
    """All deliveries of one command carry one answer, whichever version takes them."""
    store = MemoryStore()
    old, new = Fleet("/srvc/books", store=store), Fleet("/srvc/books", store=store)

    @old.serves("cmd.books.fetch")
    async def strict(number: int) -> None:
        """Take a number."""

    @new.serves("cmd.books.fetch")
    async def lenient(command: FetchBook) -> None:
        """Take a book."""

    [first], [second] = await old.handle(book()), await new.handle(book())

    assert second.sent[-1].type == "evt.books.fetch.error"
    assert bytes_of(second.sent) == bytes_of(first.sent)


async def test_what_must_come_again_is_not_remembered(store: Store) -> None:
    """TryAgain is no answer: the next delivery is worked on."""
    library = Library(store)

    for _ in range(2):
        [outcome] = await library.fleet.handle(book("later"))
        assert (outcome.status, outcome.reason) == ("retry", "try-again")

    assert library.ran == ["later", "later"]
    assert await entries(store) == []


async def test_an_interrupted_command_is_not_remembered() -> None:
    """Who is cancelled before the end has answered nothing."""
    store, began = MemoryStore(), asyncio.Event()
    library = Library(store)

    async def wait() -> None:
        began.set()
        await asyncio.sleep(60 if len(library.ran) == 1 else 0)

    library.before = wait
    task = asyncio.create_task(library.fleet.handle(book()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    [outcome] = await library.fleet.handle(book())
    assert (outcome.status, library.ran) == ("applied", ["a", "a"])


async def test_an_observed_event_is_handled_once(store: Store) -> None:
    """What the observer sent is sent again."""
    library = Library(store)

    [first] = await library.fleet.handle(told("ready"))
    [second] = await library.fleet.handle(told("ready"))

    assert library.heard == ["ready"]
    assert [event.type for event in first.sent] == ["notif.mail.sent"]
    assert (second.status, bytes_of(second.sent)) == ("duplicate", bytes_of(first.sent))


async def test_an_observer_that_failed_is_not_run_again(store: Store) -> None:
    """Its dead letter is what is left of it, and is sent again."""
    library = Library(store)

    [first] = await library.fleet.handle(told("broken"))
    [second] = await library.fleet.handle(told("broken"))

    assert library.heard == ["broken"]
    assert (first.status, second.status) == ("dead", "duplicate")
    assert [event.type for event in second.sent] == ["sys.xorca.deadletter"]
    assert bytes_of(second.sent) == bytes_of(first.sent)


async def test_an_observer_that_asks_again_is_run_again() -> None:
    """As of a command."""
    library = Library(MemoryStore())

    await library.fleet.handle(told("later"))
    await library.fleet.handle(told("later"))

    assert library.heard == ["later", "later"]


class Reading(Orchestrator, name="reading"):
    """A process that a service starts."""

    @start
    @emit("cmd.reading.open")
    def opening(self, about: FetchBook) -> FetchBook:
        return about

    @on("evt.reading.open.success", to=end)
    def done(self) -> None:
        """End it."""


async def test_a_start_is_remembered_with_the_answer() -> None:
    """A duplicate sends the same start again, and the process begins once."""
    fleet = Fleet("/srvc/books", store=MemoryStore())
    ids: list[str] = []

    @fleet.serves("cmd.books.fetch")
    async def begin(command: FetchBook, call: Call) -> None:
        ids.append(call.start(Reading, command))

    [first], [second] = await fleet.handle(book()), await fleet.handle(book())
    runtime = Runtime([Reading], store=MemoryStore(), bus=MemoryBus())
    outcomes = await runtime.handle(first.sent[0], second.sent[0])

    assert first.sent[0].type == "xorca.reading.start"
    assert bytes_of(second.sent) == bytes_of(first.sent)
    assert [outcome.status for outcome in outcomes] == ["applied", "duplicate"]
    assert len(ids) == 1


# -- at once ------------------------------------------------------------------------


@pytest.mark.parametrize("publish", [True, False])
async def test_duplicates_in_one_batch_are_executed_once(store: Store, *, publish: bool) -> None:
    """Each of them carries the answer, whoever publishes it."""
    library = Library(store)

    outcomes = await library.fleet.handle(book(), book(), book(), publish=publish)

    assert library.ran == ["a"]
    assert [outcome.status for outcome in outcomes] == ["applied", "duplicate", "duplicate"]
    assert len({tuple(bytes_of(outcome.sent)) for outcome in outcomes}) == 1
    assert outcomes[0].sent
    assert len(library.bus.published) == (6 if publish else 0)


async def test_duplicates_in_two_tasks_are_executed_once(store: Store) -> None:
    """A delivery that comes while the first is worked on waits for its answer."""
    library, began, hold = Library(store), asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        began.set()
        await hold.wait()

    library.before = wait
    tasks = [asyncio.create_task(library.fleet.handle(book())) for _ in range(2)]
    await began.wait()
    hold.set()
    [first], [second] = await asyncio.gather(*tasks)

    assert library.ran == ["a"]
    assert bytes_of(second.sent) == bytes_of(first.sent) != []


async def test_a_duplicate_of_what_must_come_again_comes_again() -> None:
    """Nobody acknowledges what has no answer, and nobody runs it at once again."""
    library = Library(MemoryStore())

    outcomes = await library.fleet.handle(book("later"), book("later"))

    assert [outcome.status for outcome in outcomes] == ["retry", "retry"]
    assert library.ran == ["later"]


@pytest.mark.parametrize("kind", STORES)
async def test_of_two_workers_at_once_one_answers(kind: str, tmp_path: Path) -> None:
    """Both may execute, and then the first to write is right: there is one answer."""
    store = new_store(kind, tmp_path)
    other = store if kind == "memory" else new_store(kind, tmp_path)
    async with store, other, asyncio.timeout(30):
        assert await entries(store) == await entries(other) == []  # both are open
        one, two = Library(store), Library(other, name="two")
        both = asyncio.Barrier(2)
        one.before = two.before = both.wait

        [first], [second] = await asyncio.gather(one.fleet.handle(book()), two.fleet.handle(book()))
        [third] = await one.fleet.handle(book())

    assert (one.ran, two.ran) == (["a"], ["a"])
    assert sorted([first.status, second.status]) == ["applied", "duplicate"]
    assert bytes_of(first.sent) == bytes_of(second.sent) == bytes_of(third.sent)
    assert bytes_of(tuple(one.bus.published[:2])) == bytes_of(tuple(two.bus.published))


# -- whose it is --------------------------------------------------------------------


async def test_two_fleets_of_one_store_remember_apart() -> None:
    """A command that two services hear is the business of each."""
    store = MemoryStore()
    fleets = [Library(store), Library(store, source="/srvc/Books"), Library(store, source="/")]

    for library in fleets:
        await library.fleet.handle(book())

    assert [library.ran for library in fleets] == [["a"]] * 3


async def test_two_groups_of_one_source_remember_apart() -> None:
    """Groups with names of their own are given every event each."""
    store, groups = MemoryStore(), list[Library]()
    for name in ("mail", "statistics"):
        library = Library(store, source="/srvc/books")
        library.fleet = Fleet("/srvc/books", name=name, store=store)
        library.fleet.observes("notif.*")(library.hear)
        groups.append(library)

    for library in groups:
        await library.fleet.handle(told("ready"))

    assert [library.heard for library in groups] == [["ready"], ["ready"]]


@pytest.mark.parametrize(
    "other",
    [
        {"id": "c-b"},
        {"source": "/elsewhere"},
        {"subject": "books.summary/1.0.0/book-8"},
        {"subject": None},
        {"name": "cmd.books.lend"},
    ],
)
async def test_another_command_is_another(other: dict[str, Any]) -> None:
    """A sender that reuses an id for something else is not given the first answer."""
    library = Library(MemoryStore())
    library.fleet.serves("cmd.books.lend")(library.fetch)

    await library.fleet.handle(command(**{"id": "c-a", **other}))
    [outcome] = await library.fleet.handle(command(id="c-a"))

    assert outcome.status == "applied"
    assert len(library.ran) == 2


async def test_a_command_that_came_by_another_way_is_the_same() -> None:
    """Other bytes, another trace and another order of members are a redelivery all the same."""
    library = Library(MemoryStore())
    again = command(data=b'{ "book_id" : "a" }', id="c-a", extensions={"tenant": "x"})

    await library.fleet.handle(book().to_cloudevent())
    [outcome] = await library.fleet.handle(again)

    assert (outcome.status, library.ran) == ("duplicate", ["a"])


# -- what is stored -----------------------------------------------------------------


async def test_what_is_remembered_can_be_read(store: Store) -> None:
    """One JSON object: which event, how it ended, when, until when, and what was sent."""
    library = Library(store)
    [outcome] = await library.fleet.handle(book("refused"))

    [found] = await entries(store)

    assert found.pop("seal")
    at = library.clock.now().timestamp()
    assert found == {
        "format": 1,
        "fleet": "/srvc/books",
        "group": "/srvc/books",
        "id": "c-refused",
        "source": "/xorca/books.summary/1.0.0",
        "type": "cmd.books.fetch",
        "subject": SUBJECT,
        "status": "applied",
        "reason": "refused",
        "at": at,
        "keep_until": at + 14 * 86400,
        "sent": [json.loads(event.to_json()) for event in outcome.sent],
    }


async def test_a_summary_says_when_it_may_be_forgotten() -> None:
    """Whoever prunes a store needs to know no more."""
    store = MemoryStore()
    library = Library(store, remember=timedelta(hours=1))
    await library.fleet.handle(book())

    [item] = (await store.list(Query(name="_fleet"))).items

    assert item.key.startswith("_fleet/srvc-books-")
    assert item.summary is not None
    assert (item.summary.status, item.summary.subject) == ("answered", SUBJECT)
    assert item.summary.due == library.clock.now().timestamp() + 3600


async def test_what_is_remembered_is_no_process(store: Store) -> None:
    """Listings show processes alone."""
    runtime = Runtime([Reading], store=store)
    await runtime.handle(Reading.start_event(FetchBook("b-1"), process_id="one"))
    await Library(store).fleet.handle(book(), told("ready"))

    found = [summary.subject async for summary in processes(store)]

    assert found == ["reading/1.0.0/one"]


async def test_what_is_not_for_the_fleet_costs_nothing() -> None:
    """Strangers and what is no event are not looked up, and not remembered."""
    store = MemoryStore()
    library = Library(store)

    outcomes = await library.fleet.handle(command("cmd.summary.create"), b"{")

    assert [outcome.status for outcome in outcomes] == ["foreign", "dead"]
    assert await entries(store) == []


# -- too large ----------------------------------------------------------------------


async def test_an_answer_that_is_too_large_is_sent_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is not remembered, and the log says so: a duplicate is worked on again."""
    library = Library(MemoryStore(limit=4_096))

    [first] = await library.fleet.handle(book("long"))
    [second] = await library.fleet.handle(book("long"))

    assert [first.status, second.status] == ["applied", "applied"]
    assert len(library.bus.published) == 4
    assert library.ran == ["long", "long"]
    assert "is sent and not remembered" in caplog.text
    assert SUBJECT in caplog.text


async def test_duplicates_at_once_of_a_large_answer_are_executed_once() -> None:
    """The line within the process needs no store."""
    library = Library(MemoryStore(limit=4_096))

    first, second = await library.fleet.handle(book("long"), book("long"), publish=False)

    assert library.ran == ["long"]
    assert bytes_of(second.sent) == bytes_of(first.sent) != []


async def test_an_answer_that_no_reader_takes_is_sent_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What could not be read back is not remembered; nothing else is to be seen of it."""
    fleet, deep = Fleet("/srvc/books", store=MemoryStore()), list[Any]()
    for _ in range(100):
        deep = [deep]

    @fleet.serves("cmd.books.fetch")
    async def nest(command: FetchBook) -> list[Any]:
        return deep

    [outcome] = await fleet.handle(book())

    assert outcome.status == "applied"
    assert "no reader takes" in caplog.text


# -- arguments ----------------------------------------------------------------------


@pytest.mark.parametrize("remember", [timedelta(0), timedelta(days=-1), 14, None])
def test_no_time_to_remember_is_refused(remember: Any) -> None:
    """A memory that forgets at once would be none."""
    with pytest.raises(ConfigurationError, match=r"remember=timedelta\(days=14\)"):
        Fleet("/srvc/books", store=MemoryStore(), remember=remember)


def test_a_url_is_no_store() -> None:
    """The error says how to open it."""
    with pytest.raises(ConfigurationError, match="open_store"):
        Fleet("/srvc/books", store="sqlite:///./state.db")  # type: ignore[arg-type]


async def test_the_longest_time_is_a_time() -> None:
    """Whoever wants to remember for ever may."""
    library = Library(MemoryStore(), remember=timedelta.max)

    [outcome] = await library.fleet.handle(book())

    assert outcome.status == "applied"


# -- the key for others -------------------------------------------------------------


async def test_the_idempotency_key_is_stable() -> None:
    """It is the same at each delivery, and another for another command or fleet."""
    keys: list[str] = []

    async def note(command: FetchBook, call: Call) -> None:
        keys.append(call.idempotency_key)

    for source in ("/srvc/books", "/srvc/books", "/srvc/mail"):
        fleet = Fleet(source)
        fleet.serves("cmd.books.fetch")(note)
        await fleet.handle(book("a"), book("b"))

    assert keys[:2] == keys[2:4]
    assert len(set(keys)) == 4
    assert data_of(book("a")) == {"book_id": "a"}
