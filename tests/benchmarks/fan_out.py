"""What an answer costs in a fan-out, by its width.

``python -m tests.benchmarks.fan_out``: CPU time on a durable SQLite file, one answer at a
time, of 10, 100 and 1,000 items, joined in the end or folded one by one.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.books import Wire
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.timing import Stopwatch, interleave
from xorca import Orchestrator, Runtime, emit, end, on, start, stay
from xorca.events import Event, from_cloudevent
from xorca.providers.local import SqliteStore

WIDTHS = (10, 100, 1_000)
ROUNDS, ANSWERS = 5, 1_000


@dataclass
class Width:
    """How many items to ask for."""

    width: int


@dataclass
class Item:
    """One of the items."""

    number: int


@dataclass
class Found:
    """The answer for an item: about 200 bytes."""

    text: str


class Joined(Orchestrator, name="wide.joined"):
    """Ask for many, and take the answers together."""

    @start
    @emit("cmd.item.find")
    def asking(self, asked: Width) -> list[Item]:
        return [Item(number) for number in range(asked.width)]

    @on("evt.item.find.success", to=end)
    def done(self, found: list[Found]) -> None:
        """End it."""


class Folded(Orchestrator, name="wide.folded"):
    """Ask for many, and take the answers one by one."""

    size: int = 0

    @start
    @emit("cmd.item.find")
    def asking(self, asked: Width) -> list[Item]:
        return [Item(number) for number in range(asked.width)]

    @on("evt.item.find.success", to=stay, each=True)
    def fold(self, found: Found) -> None:
        self.size += len(found.text)

    @on("evt.item.find.success", to=end)
    def done(self) -> None:
        """End it."""


def _answer(command: Event) -> bytes:
    return Event(
        id=f"r-{command.id}",
        source="/items",
        type="evt.item.find.success",
        subject=command.subject,
        data=b'{"text":"%b"}' % (b"a word " * 28),
        datacontenttype="application/json",
        extensions={"causationid": command.id},
    ).to_json()


async def run_wide(runtime: Runtime, cls: type[Orchestrator], name: str, width: int) -> float:
    """Take one process to its end; give the CPU seconds of its answers."""
    made = cls.start_event(Width(width), process_id=name)
    (outcome,) = await runtime.handle(from_cloudevent(made))
    waiting = deque(_answer(command) for command in outcome.sent)
    spent = 0.0
    for _ in range(width):
        body, watch = waiting.popleft(), Stopwatch()
        (outcome,) = await runtime.handle(body)
        spent += watch.cpu
        waiting += [_answer(event) for event in outcome.sent if event.type.startswith("cmd.")]
    assert outcome.state == "done", outcome
    return spent


def wide(
    place: Path, cls: type[Orchestrator], width: int, *, answers: int
) -> Callable[[int], float]:
    """Measure a width: CPU milliseconds an answer, over whole processes."""

    async def work(number: int) -> float:
        path = place / f"{cls.__name__}-{width}-{number}.db"
        async with SqliteStore(path) as store:
            runtime = Runtime([cls], store=store, bus=Wire())
            count = max(1, answers // width)
            spent = [await run_wide(runtime, cls, f"p-{n}", width) for n in range(count)]
            return sum(spent) * 1000 / (count * width)

    return lambda number: asyncio.run(work(number))


def measure(smoke: bool = False) -> list[Figure]:
    """Measure, narrow where it is only to be seen that it runs."""
    widths: Sequence[int] = (2, 3) if smoke else WIDTHS
    rounds, answers = (1, 3) if smoke else (ROUNDS, ANSWERS)
    classes: dict[str, type[Orchestrator]] = {"joined": Joined, "folded": Folded}
    with tempfile.TemporaryDirectory() as place:
        contestants = {
            f"CPU an answer of {width:,}, {kind}": wide(Path(place), cls, width, answers=answers)
            for kind, cls in classes.items()
            for width in widths
        }
        samples = interleave(contestants, rounds)
    return [Figure(name, found.least, "ms") for name, found in samples.items()]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run(measure, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main())
