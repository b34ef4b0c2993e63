"""Too much is refused before it is read, and costs little (T3)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.security.programs import Purchase
from tests.unit.support import HandClock, told
from xorca import Runtime
from xorca.errors import InvalidEvent
from xorca.events import read_batch
from xorca.events.limits import MAX_ATTRIBUTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from xorca.providers.memory import MemoryStore

START = {
    "specversion": "1.0",
    "id": "1",
    "source": "/app",
    "type": "xorca.sec.purchase.start",
    "processid": "a",
}


def runtime() -> Runtime:
    """Give a worker over memory."""
    return Runtime([Purchase], store=MemoryStore(), clock=HandClock())


def sized(size: int) -> bytes:
    """Give a start event of so many bytes."""
    empty = json.dumps({**START, "data": {"item": ""}}).encode()
    return json.dumps({**START, "data": {"item": "x" * (size - len(empty))}}).encode()


@pytest.mark.parametrize(
    ("over", "verdict"), [(-1, "return-type"), (0, "return-type"), (1, "too-large")]
)
async def test_an_event_has_a_largest_size(over: int, verdict: str) -> None:
    """One byte more is not read; at the limit the handler has it, and may not send it on."""
    body = sized(MAX_EVENT_BYTES + over)
    assert len(body) == MAX_EVENT_BYTES + over

    (outcome,) = await runtime().handle(body)

    assert told(outcome) == ("dead", verdict)


async def test_an_event_of_a_quarter_megabyte_is_taken() -> None:
    """As most transports carry it."""
    (outcome,) = await runtime().handle(sized(262_144))

    assert told(outcome) == ("applied", "begin")


def batch_of(count: int) -> bytes:
    """Give a batch of so many events."""
    return json.dumps([{**START, "id": str(n)} for n in range(count)]).encode()


def test_a_batch_has_a_largest_count() -> None:
    """At the limit it is read; with one more it is refused as a whole."""
    assert len(read_batch(batch_of(MAX_BATCH_EVENTS))) == MAX_BATCH_EVENTS
    with pytest.raises(InvalidEvent) as caught:
        read_batch(batch_of(MAX_BATCH_EVENTS + 1))
    assert caught.value.reason == "too-large"


@pytest.mark.parametrize(("more", "fits"), [(-1, True), (0, True), (1, False)])
async def test_an_event_has_so_many_attributes(more: int, *, fits: bool) -> None:
    """At the limit it is read, with one more it is a dead letter."""
    extra = {f"x{n}": "y" for n in range(MAX_ATTRIBUTES - len(START) + more)}

    (outcome,) = await runtime().handle(json.dumps({**START, **extra, "data": {"item": "x"}}))

    assert told(outcome) == (("applied", "begin") if fits else ("dead", "too-large"))


HUGE = """
import asyncio, resource, sys
from tests.security.test_sizes import runtime
from xorca.errors import InvalidEvent
from xorca.events import read_batch

work = runtime()
asyncio.run(work.handle(b"{}"))
body = open(sys.argv[1], "rb").read()
body = body.decode() if sys.argv[2] == "text" else body
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(outcome,) = asyncio.run(work.handle(body))
try:
    read_batch(body if isinstance(body, bytes) else b'')
except InvalidEvent:
    pass
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(outcome.status, outcome.reason, grown // 1024)
"""


BODIES = {
    "string": (b'{"specversion":"1.0","id":"', b"x", b'"}'),
    "depth": (b"", b"[", b""),
    "objects": (b"", b'{"a":', b""),
    "numbers": (b'{"specversion":"1.0","data":[', b"1,", b"1]}"),
    "spaces": (b"", b" ", b""),
}


@pytest.mark.parametrize("form", ["bytes", "text"])
@pytest.mark.parametrize("kind", BODIES)
def test_a_hundred_megabytes_cost_no_memory(tmp_path: Path, kind: str, form: str) -> None:
    """The body is refused by its length: less than 50 MB are taken beside it."""
    begin, middle, end = BODIES[kind]
    body = tmp_path / "body"
    with body.open("wb") as file:
        file.write(begin)
        for _ in range(100):
            file.write(middle * (1024 * 1024 // len(middle)))
        file.write(end)

    done: Any = subprocess.run(
        [sys.executable, "-c", HUGE, body, form], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    status, reason, grown = done.stdout.split()
    assert (status, reason) == ("dead", "too-large")
    assert int(grown) < 50
