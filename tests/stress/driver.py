"""Whoever asks: it starts processes, sends them ticks, and hears that they are done."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from random import Random

from tests.stress.plan import Plan
from tests.stress.shift import NAME, Orders, Shift
from tests.stress.verdict import Asked
from xorca.events import Event, from_cloudevent
from xorca.providers.local import SqliteStore


@dataclass(slots=True)
class Driver:
    """Start processes one after the other, on so many lanes at once."""

    plan: Plan
    store: SqliteStore
    random: Random
    asked: dict[str, Asked] = field(default_factory=dict)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    _done: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def drive(self) -> None:
        """Keep every lane busy until it is enough."""
        await asyncio.gather(*(self._lane(number) for number in range(self.plan.subjects)))

    async def listen(self) -> None:
        """Hear of processes that are done."""
        channel = self.store.channel
        while True:
            for delivery in (heard := await channel.receive("driver", limit=100)):
                waiting = self._done.get(delivery.event.subject or "")
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
            await channel.ack(heard)
            await channel.wait(1.0, group="driver")

    async def process(self, name: str) -> None:
        """Start a process, send its ticks, and wait until it is done."""
        plan, subject = self.plan, f"{NAME}/1.0.0/{name}"
        ticks = [f"tick-{name}-{number}" for number in range(plan.ticks)]
        self.asked[subject] = Asked(f"start-{name}", ticks)
        done = self._done[subject] = asyncio.get_running_loop().create_future()
        await self.store.channel.publish([_start(name, plan)])
        for tick in ticks:
            await asyncio.sleep(self.random.random() * 0.2)
            await self.store.channel.publish([_tick(tick, subject)])
        await done

    @property
    def ended(self) -> int:
        """How many processes are done."""
        return sum(done.done() for done in self._done.values())

    async def _lane(self, number: int) -> None:
        turn = 0
        while not self.enough.is_set():
            await self.process(f"{number}-{turn}")
            turn += 1


def _start(name: str, plan: Plan) -> Event:
    orders = Orders(plan.rounds, plan.ticks)
    return from_cloudevent(
        Shift.start_event(orders, process_id=name, id=f"start-{name}", source="/hammer")
    )


def _tick(tick: str, subject: str) -> Event:
    return Event(
        id=tick,
        source="/hammer",
        type="evt.hammer.tick",
        subject=subject,
        data=json.dumps({"token": tick}).encode(),
        datacontenttype="application/json",
    )
