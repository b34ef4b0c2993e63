"""The process that is measured: a book is fetched, summarised, and checked twice.

Five events, structured JSON as bytes in, commands as bytes out. Whoever handles them is a
``Handle``: xorca, or the same work written by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from examples.book_summary.orchestrator import BookSummary
from tests.benchmarks.timing import Stopwatch
from xorca import Runtime
from xorca.events import Event
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryStore

EVENTS = 5
WARM_UP = 60
LocalStore = SqliteStore | MemoryStore


@dataclass(frozen=True, slots=True)
class Sent:
    """A command as whoever handles it sent it."""

    id: str
    type: str
    subject: str


Handle = Callable[[bytes], Awaitable[tuple[str, Sequence[Sent]]]]
"""Take an event; give the state afterwards and the commands, whose bytes went to the bus."""

_ANSWERS = {
    "cmd.books.fetch": b'{"text":"%b"}' % (b"some words of text " * 10),
    "cmd.summary.create": b'{"summary":"a short summary of it"}',
    "cmd.grammar.check": b'{"ok":true}',
    "cmd.regulations.check": b'{"ok":true}',
}
_ANSWER = (
    b'{"specversion":"1.0","id":"r-%b","source":"/srvc/x","type":"evt.%b.success",'
    b'"subject":"%b","time":"2026-01-01T01:21:37.859Z","datacontenttype":"application/json",'
    b'"causationid":"%b","data":%b}'
)
_START = (
    b'{"specversion":"1.0","id":"s-%d","source":"/me","type":"xorca.books.summary.start",'
    b'"datacontenttype":"application/json","processid":"book-%d","data":{"book_id":"b-%d"}}'
)


def answer(command: Sent) -> bytes:
    """Answer a command as a service does."""
    cause, subject = command.id.encode(), command.subject.encode()
    name = command.type[4:].encode()
    return _ANSWER % (cause + subject, name, subject, cause, _ANSWERS[command.type])


def start_of(number: int) -> bytes:
    """Start the process of a number."""
    return _START % (number, number, number)


async def run_process(handle: Handle, number: int) -> None:
    """Take one process from its start to its end."""
    waiting, state = [start_of(number)], ""
    for _ in range(EVENTS):
        state, commands = await handle(waiting.pop(0))
        waiting += [answer(command) for command in commands if command.type in _ANSWERS]
    assert state == "finish", state


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds an event, and processes a second."""

    cpu: float
    rate: float


async def run_processes(handle: Handle, numbers: Sequence[int], *, at_once: int) -> Cost:
    """Take many processes through their lives, so many at once, and give what it cost."""
    waiting: Iterator[int] = iter(numbers)

    async def lane() -> None:
        for number in waiting:
            await run_process(handle, number)

    watch = Stopwatch()
    await asyncio.gather(*(lane() for _ in range(at_once)))
    cpu, wall = watch.cpu, watch.wall
    return Cost(cpu * 1000 / (EVENTS * len(numbers)), len(numbers) / wall)


async def warm_up(handle: Handle, *, at_once: int) -> None:
    """Take so many processes through their lives that nothing begins any more.

    Connections are open then, and the log of the file is as long as it is going to be.
    """
    await run_processes(handle, range(10**9, 10**9 + WARM_UP), at_once=at_once)


class Wire:
    """A bus that makes the bytes of every event and drops them."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Serialise as a real bus would."""
        for event in events:
            event.to_json()


def handle_with(runtime: Runtime) -> Handle:
    """Have xorca handle the events."""

    async def handle(body: bytes) -> tuple[str, Sequence[Sent]]:
        (outcome,) = await runtime.handle(body)
        return outcome.state or "", [Sent(e.id, e.type, e.subject or "") for e in outcome.sent]

    return handle


def runtime_over(store: LocalStore) -> Runtime:
    """Give a Runtime that remembers nothing, over a local store."""
    return Runtime([BookSummary], store=store, bus=Wire(), alarm=store.alarm)


async def xorca_cost(store: LocalStore, processes: int, *, at_once: int) -> Cost:
    """Measure xorca on a fresh store, which is closed afterwards."""
    handle = handle_with(runtime_over(store))
    try:
        await warm_up(handle, at_once=at_once)
        return await run_processes(handle, range(processes), at_once=at_once)
    finally:
        await store.close()
