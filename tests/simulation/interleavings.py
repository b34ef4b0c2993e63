"""Layer C: every order in which the port calls of two or three workers can follow each other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.paths import Path, Redundant
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


@dataclass(slots=True)
class Explored:
    """How many orders there were, those that went wrong, and how the world may end."""

    orders: int = 0
    redundant: int = 0
    complete: bool = True
    ends: set[str] = field(default_factory=set[str])
    failures: list[tuple[list[int], list[str]]] = field(
        default_factory=list[tuple[list[int], list[str]]]
    )


def explore(duel: Duel, *, limit: int | None = None, reduced: bool = False) -> Explored:
    """Run a duel in every order, or in the first so many.

    With ``reduced``, of orders that differ only in calls that have nothing to do with each
    other one is run.
    """
    path, found = Path(reduced=reduced), Explored()
    while True:
        try:
            wrong = fight(duel, path, found.ends)
            found.orders += 1
        except Redundant:
            wrong = []
            found.redundant += 1
        if wrong:
            found.failures.append((list(path.taken), wrong))
        if not path.advance():
            return found
        if limit is not None and found.orders >= limit:
            found.complete = False
            return found


def fight(duel: Duel, path: Path, ends: set[str]) -> list[str]:
    """Run a duel in one order, then let a fresh worker finish what is left.

    Raises:
        Redundant: another way has this order in all that matters.
    """
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
    try:
        world.loop.run()
    except Redundant:
        world.loop.close()
        raise
    path.active = False
    wrong = world.finish()
    lives, published = world.ledger.lives, world.ledger.published
    ends.add(repr(([life.bodies for life in lives.values()], sorted(published.items()))))
    return wrong


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
