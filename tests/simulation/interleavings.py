"""Layer C: every order in which the port calls of two or three workers can follow each other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.schedule import Schedule, Setup
from tests.simulation.worker import Worker
from tests.simulation.world import World
from xorca.events import Event

Batches = tuple[tuple[str, ...], ...]
"""The events that one worker is given: by id, a batch for each call of ``handle``."""


@dataclass(frozen=True, slots=True)
class Duel:
    """Events that lead up to it, and what each worker is given at the same time.

    An id ``reply:<type>`` stands for the answer to the last command of that type. A worker
    that is ``warm`` handled the events that lead up to it, the others remember nothing.
    """

    story: str
    before: tuple[Event, ...]
    events: tuple[Event, ...]
    workers: tuple[Batches, ...]
    warm: tuple[int, ...] = ()
    act: Callable[[Worker], Coroutine[Any, Any, Any]] | None = None
    advance: float = 0.0


class Path:
    """A way through the tree of choices; the next one differs as late as possible."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self._sizes: list[int] = []
        self._at = 0
        self.active = False

    def choose(self, tags: list[int]) -> int:
        """Choose the worker that goes on; calls of one worker stand in order."""
        ways = sorted(set(tags))
        if not self.active or len(ways) == 1:
            return 0
        if self._at == len(self.taken):
            self.taken.append(0)
            self._sizes.append(len(ways))
        self._sizes[self._at] = len(ways)
        chosen = ways[self.taken[self._at]]
        self._at += 1
        return tags.index(chosen)

    def advance(self) -> bool:
        """Go to the next way; False if there is none."""
        del self.taken[self._at :], self._sizes[self._at :]
        while self.taken and self.taken[-1] + 1 >= self._sizes[-1]:
            self.taken.pop()
            self._sizes.pop()
        if not self.taken:
            return False
        self.taken[-1] += 1
        self._at = 0
        return True


@dataclass(slots=True)
class Explored:
    """How many orders there were, and those that went wrong."""

    orders: int = 0
    complete: bool = True
    failures: list[tuple[list[int], list[str]]] = field(
        default_factory=list[tuple[list[int], list[str]]]
    )


def explore(duel: Duel, *, limit: int | None = None) -> Explored:
    """Run a duel in every order, or in the first so many."""
    path, found = Path(), Explored()
    while True:
        wrong = fight(duel, path)
        found.orders += 1
        if wrong:
            found.failures.append((list(path.taken), wrong))
        if not path.advance():
            return found
        if limit is not None and found.orders >= limit:
            found.complete = False
            return found


def fight(duel: Duel, path: Path) -> list[str]:
    """Run a duel in one order, then let a fresh worker finish what is left."""
    schedule = Schedule(1, (), (duel.story,), workers=(), latency=0.0, in_order=True, sleeps=False)
    world = World(schedule, choose=path.choose)
    crew = [Worker(world, number, Setup()) for number in range(1, len(duel.workers) + 2)]
    path.active = False
    for event in duel.before:
        for at in duel.warm or (len(duel.workers),):
            _spawn(world, crew[at], ((event,),))
            world.loop.run()
    world.loop.now += duel.advance
    path.active = True
    for worker, batches in zip(crew, duel.workers, strict=False):
        _spawn(world, worker, tuple(tuple(_find(world, duel, id) for id in ids) for ids in batches))
    if duel.act is not None:
        world.loop.spawn(len(crew), duel.act(crew[-1]))
    world.loop.run()
    path.active = False
    return world.finish()


def _spawn(world: World, worker: Worker, batches: tuple[tuple[Event, ...], ...]) -> None:
    async def work() -> None:
        for batch in batches:
            await worker.deal(batch)

    world.loop.spawn(worker.number, work())


def _find(world: World, duel: Duel, id: str) -> Event:
    if not id.startswith("reply:"):
        return next(event for event in duel.events if event.id == id)
    wanted = id.removeprefix("reply:")
    for message in world.broker.visible:
        if message.event.type.startswith(wanted) or message.event.id == wanted:
            return message.event
    raise LookupError(f"nobody answers {wanted}")
