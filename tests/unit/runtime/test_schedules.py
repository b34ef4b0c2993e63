"""Random schedules of duplicates, disorder, crashes and lost calls over workers that come and go."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.support import Number, Stage, Text, answer, data_of, event, stage, starting
from xorca import Final, Orchestrator, State, after, all_of, emit, on, start
from xorca.events import Event
from xorca.runtime import Limits


class Round(Orchestrator, name="t.round"):
    """Fan out, join, go round again on errors and deadlines; every step is noted and told."""

    asking = State()
    closing = State()
    done = Final()

    steps: list[str] = []
    rounds: int = 0

    @start(to=asking)
    @emit("cmd.a.get", "cmd.b.get", "notif.step")
    def begin(self) -> tuple[list[Text], Text, Text]:
        return self._ask("begin")

    @on("evt.*.error", at=asking, to=asking)
    @emit("cmd.a.get", "cmd.b.get", "notif.step")
    def again(self) -> tuple[list[Text], Text, Text]:
        return self._ask(f"again {self.event.get_id()}")

    @after(timedelta(minutes=5), at=asking, to=asking)
    @emit("cmd.a.get", "cmd.b.get", "notif.step")
    def slow(self) -> tuple[list[Text], Text, Text]:
        return self._ask("slow")

    @on("evt.note.said", at=asking)
    @emit("notif.step")
    def note(self, what: Text) -> Text:
        if what.text == "bad":
            raise ValueError("bad")
        return self._step(f"note {self.event.get_id()}")

    @on(all_of("evt.a.get.success", "evt.b.get.success"), at=asking, to=closing)
    @emit("cmd.c.get", "notif.step")
    def gathered(self, a: list[Number], b: Number) -> tuple[Text, Text]:
        shown = [one.value for one in a]
        assert shown == sorted(shown)
        assert len(shown) == 7
        return Text(""), self._step("gathered")

    @on("evt.c.get.success", at=closing, to=done)
    @emit("notif.step")
    def close(self) -> Text:
        return self._step("close")

    @on("evt.late.said", at=closing)
    @emit("notif.step")
    def late(self) -> Text:
        return self._step(f"late {self.event.get_id()}")

    def _ask(self, what: str) -> tuple[list[Text], Text, Text]:
        self.rounds += 1
        return [Text(str(at)) for at in range(7)], Text("b"), self._step(what)

    def _step(self, what: str) -> Text:
        self.steps.append(what)
        return Text(what)


class World:
    """A broker that loses nothing, delivers too often, and in any order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        faults = ["lost-request", "lost-response", "conflict", "crash-before", "crash-after"]
        plan = {at: self.random.choice(faults) for at in range(900) if self.random.random() < 0.1}
        self.play: Stage = stage(
            Round,
            store=FaultyStore(plan),
            bus=FaultyBus(taken=1),
            limits=Limits(window=3, gathered=300, backlog=100),
        )
        self.crew = [self.play.worker() for _ in range(3)]
        self.queue: list[Event] = [starting(Round, id="s")]
        self.queue += [self._said("note", "good", at) for at in range(4)]
        self.queue += [self._said("note", "bad", 9), self._said("late", "", 0)]
        self.errors = 2
        self.seen: set[str] = set()
        self.dead: set[str] = set()

    def _said(self, name: str, text: str, at: int) -> Event:
        return event(f"evt.{name}.said", Text(text), subject=self.play.subject(), id=f"{name}{at}")

    async def run(self) -> None:
        """Deliver until the queue is empty; time passes when nothing else moves."""
        for _ in range(4000):
            self._serve()
            if not self.queue:
                self.queue += self.play.store.alarm.due(self.play.clock.now())
            if not self.queue:
                if self.play.store.alarm.pending == 0:
                    return
                self.play.clock.advance(100)
                continue
            await self._deliver()
        raise AssertionError(f"never at rest: {self.queue[:3]}")

    def _serve(self) -> None:
        for command in [e for e in self.play.sent() if e.type.startswith("cmd.")]:
            if command.id in self.seen:
                continue
            self.seen.add(command.id)
            failing = self.errors and self.random.random() < 0.2
            self.errors -= bool(failing)
            number = data_of(command)["text"]
            value = Number(int(number)) if number.isdigit() else Number(0)
            verdict = "error" if failing and command.type != "cmd.c.get" else "success"
            self.queue.append(answer(command, value, verdict, id=f"r-{command.id}"))

    async def _deliver(self) -> None:
        self.random.shuffle(self.queue)
        batch = [self.queue.pop() for _ in range(min(len(self.queue), self.random.randint(1, 4)))]
        worker = self.random.randrange(3)
        self.play.bus.times = self.random.random() < 0.1
        self.play.bus.crash = self.random.random() < 0.5
        try:
            outcomes = await self.crew[worker].handle(*batch)
        except Crash:
            self.crew[worker] = self.play.worker()
            self.queue += batch
            return
        for one, outcome in zip(batch, outcomes, strict=True):
            assert outcome.reason != "internal", outcome
            if not outcome.ok or self.random.random() < 0.1:
                self.queue.append(one)


@pytest.mark.parametrize("seed", range(60))
async def test_a_random_schedule(seed: int) -> None:
    """It ends; each event counted once; what was decided was told, with the same bytes."""
    world = World(seed)

    await world.run()

    world.play.store.plan = {}
    record, memory = await world.play.record(), await world.play.memory()
    told: dict[str, str] = {}
    for one in world.play.sent("notif.step"):
        assert told.setdefault(one.id, data_of(one)["text"]) == data_of(one)["text"]
    assert record.status == "ended"
    assert sorted(told.values()) == sorted(memory["steps"])
    named = [step for step in memory["steps"] if step.startswith(("note", "again", "late"))]
    assert len(named) == len(set(named))
    assert not any("9" in step for step in memory["steps"] if step.startswith("note"))
    assert memory["steps"][-1] == "close"
    _check_bytes(world.play.sent())


def _check_bytes(sent: list[Event]) -> None:
    bytes_of: dict[str, Any] = {}
    for one in sent:
        assert bytes_of.setdefault(one.id, one.to_json()) == one.to_json()


class Blind(FaultyStore):
    """A store that saves whatever somebody else has saved since."""

    async def save(self, key: str, body: bytes, *, expect: str | None, **options: Any) -> str:
        """Save without comparing."""
        stored = await self.inner.load(key)
        tag = None if stored is None else stored.tag
        return await super().save(key, body, expect=tag, **options)


async def test_the_schedules_find_a_store_that_does_not_compare() -> None:
    """The check bites: without the comparison events are lost or doubled."""
    failed = 0
    for seed in range(20):
        world = World(seed)
        world.play.store = Blind(world.play.store.plan)
        world.play.clock.advance(0)
        world.crew = [world.play.worker() for _ in range(3)]
        try:
            await world.run()
            world.play.store.plan = {}
            told = {data_of(e)["text"] for e in world.play.sent("notif.step")}
            assert sorted(told) == sorted((await world.play.memory())["steps"])
        except (AssertionError, IndexError):
            failed += 1

    assert failed > 5
