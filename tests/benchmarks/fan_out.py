"""What an answer costs in a fan-out, by its width.

``python -m tests.benchmarks.fan_out``: CPU time on a durable SQLite file, one answer at a
time, of 10, 100, 1,000 and 10,000 items, joined in the end or folded one by one.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.books import Wire
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import Samples, Stopwatch, interleave
from xorca import Orchestrator, Runtime, emit, end, on, start, stay
from xorca.events import Event, from_cloudevent
from xorca.providers.local import SqliteStore

SELDOM = 3
"""What takes long, for it is so wide, has its turn in every third round only."""


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


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure every width, joined and folded, side by side."""
    widths: tuple[int, ...] = size.of((2, 3), (10, 100, 1_000), (10, 100, 1_000, 10_000))
    wide_from = size.of(1_000, 1_000, 10_000)
    rounds, answers = size.of((1, 3), (1, 200), (4, 1_000))
    classes: dict[str, type[Orchestrator]] = {"joined": Joined, "folded": Folded}
    points = [(kind, width) for kind in classes for width in widths]
    names = {(kind, width): f"CPU an answer of {width:,}, {kind}" for kind, width in points}
    with tempfile.TemporaryDirectory() as place:
        contestants = {
            names[kind, width]: wide(Path(place), classes[kind], width, answers=answers)
            for kind, width in points
        }
        seldom = {names[kind, width]: SELDOM for kind, width in points if width >= wide_from}
        samples = interleave(contestants, rounds, every=seldom)
    return [_figure(samples[names[point]], names[point], *point) for point in points]


def _figure(samples: Samples, name: str, kind: str, width: int) -> Figure:
    values = tuple(samples.values)
    return Figure(name, samples.least, "ms", samples=values, what="CPU", series=kind, at=width)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("fan_out", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
