"""The ways into one Runtime that are compared: a call, and requests in each mode of CloudEvents.

The client of a server is the program that measures; the server is one of its own, with the same
Runtime in it: no bus, so that whoever sends an event is given what it led to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from examples.book_summary.orchestrator import BookSummary
from tests.benchmarks.books import EVENTS, Sent, answer, start_of
from xorca import Runtime
from xorca.events import Event, read_event
from xorca.providers.local import SqliteStore

AT_ONCE = 32
MODES = {"structured": 1, "binary": 1, "batch of 10": 10}
"""The modes, and how many events of as many processes each request has."""

Found = tuple[str, Sequence[Sent]]
HandleAll = Callable[[Sequence[bytes]], Awaitable[Sequence[Found]]]
"""Take events of different processes; give the state of each, and its commands."""


class _Report(msgspec.Struct):
    """What the server says of an event; both are there where they apply."""

    state: str = ""
    emitted: list[Sent] = []

    @property
    def found(self) -> Found:
        return self.state, self.emitted


_decode_one = msgspec.json.Decoder(_Report).decode
_decode_all = msgspec.json.Decoder(list[_Report]).decode
_HEAD = (
    b"POST / HTTP/1.1\r\nhost: x\r\naccept: application/json\r\ncontent-type: %b\r\n%b"
    b"content-length: %d\r\n\r\n%b"
)


@asynccontextmanager
async def inside(place: Path) -> AsyncGenerator[HandleAll]:
    """Handle events by calling a Runtime in this program."""
    async with SqliteStore(place / "inside.db") as store:
        runtime = Runtime([BookSummary], store=store, alarm=store.alarm)

        async def handle(bodies: Sequence[bytes]) -> Sequence[Found]:
            outcomes = await runtime.handle(*bodies)
            return [(o.state or "", [_sent(event) for event in o.sent]) for o in outcomes]

        yield handle


@asynccontextmanager
async def posting(port: int, mode: str) -> AsyncGenerator[HandleAll]:
    """Handle events by posting them, over connections that stay open."""
    free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    free = asyncio.LifoQueue()
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(AT_ONCE)]
    for each in opened:
        free.put_nowait(each)

    async def handle(bodies: Sequence[bytes]) -> Sequence[Found]:
        reader, writer = found = await free.get()
        writer.write(_request(mode, bodies))
        status, said = await _answer(reader)
        free.put_nowait(found)
        assert status == 200, said
        return [r.found for r in (_decode_all(said) if MODES[mode] > 1 else [_decode_one(said)])]

    try:
        yield handle
    finally:
        for _, writer in opened:
            writer.close()


async def run_groups(handle: HandleAll, numbers: Sequence[int], size: int) -> None:
    """Take processes through their lives, in groups of so many, so many groups at once."""
    groups: Iterator[Sequence[int]]
    groups = (numbers[first : first + size] for first in range(0, len(numbers), size))

    async def lane() -> None:
        for group in groups:
            await _run_group(handle, group)

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))


async def _run_group(handle: HandleAll, numbers: Sequence[int]) -> None:
    waiting = [[start_of(number)] for number in numbers]
    states: list[str] = []
    for _ in range(EVENTS):
        found = await handle([events.pop(0) for events in waiting])
        states = [state for state, _ in found]
        for events, (_, commands) in zip(waiting, found, strict=True):
            events += [answer(each) for each in commands if each.type.startswith("cmd.")]
    assert set(states) == {"finish"}, states


def _request(mode: str, bodies: Sequence[bytes]) -> bytes:
    if mode == "binary":
        headers, body = _binary(read_event(bodies[0]))
        return _HEAD % (b"application/json", headers, len(body), body)
    if mode == "structured":
        return _HEAD % (b"application/cloudevents+json", b"", len(bodies[0]), bodies[0])
    body = b"[%b]" % b",".join(bodies)
    return _HEAD % (b"application/cloudevents-batch+json", b"", len(body), body)


def _binary(event: Event) -> tuple[bytes, bytes]:
    attributes = {"id": event.id, "source": event.source, "type": event.type}
    found = {"specversion": "1.0", **attributes, "subject": event.subject, "time": event.time}
    given = {name: value for name, value in found.items() if value} | event.extensions
    headers = "".join(f"ce-{name}: {value}\r\n" for name, value in given.items())
    return headers.encode(), event.data or b""


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


def _sent(event: Event) -> Sent:
    return Sent(event.id, event.type, event.subject or "")
