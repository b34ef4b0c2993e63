"""A broker that loses nothing, delivers too often and in any order, and hides what is taken."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xorca.events import Event

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(eq=False, slots=True)
class Message:
    """One delivery; ``receipt`` counts how often it was taken."""

    event: Event
    body: bytes
    receipt: int = 0
    done: bool = False


@dataclass(eq=False, slots=True)
class Broker:
    """The queue of all workers."""

    world: World
    visible: list[Message] = field(default_factory=list[Message])
    waiting: list[tuple[int, asyncio.Future[None]]] = field(
        default_factory=list[tuple[int, asyncio.Future[None]]]
    )
    delivered: dict[str, Event] = field(default_factory=dict[str, Event])
    flying: list[Message] = field(default_factory=list[Message])
    open: int = 0
    taken: Counter[str] = field(default_factory=Counter[str])

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Take an event; sometimes deliver it twice."""
        self.delivered.setdefault(event.id, event)
        self._queue(event, delay)
        if self.world.chance(self.world.schedule.copies):
            self._queue(event, delay + self.world.random.random() * 60)

    def _queue(self, event: Event, delay: float) -> None:
        message = Message(event, event.to_json())
        self.open += 1
        self.world.loop.after(delay, lambda: self._show(message))

    def _show(self, message: Message) -> None:
        self.visible.append(message)
        self._rouse()

    def _rouse(self) -> None:
        dead = self.world.loop.dead
        while self.waiting:
            worker, future = self.waiting.pop(0)
            if worker not in dead and not future.done():
                future.set_result(None)
                return

    def pick(self, event: Event) -> Message:
        """Take a message of an event out of the queue, or make one that was never in it."""
        self.delivered.setdefault(event.id, event)
        for message in self.visible:
            if message.event.id == event.id:
                self.visible.remove(message)
                message.receipt += 1
                self.taken[event.id] += 1
                return message
        self.open += 1
        self.taken[event.id] += 1
        return Message(event, event.to_json(), receipt=1)

    async def receive(self, worker: int, limit: int) -> list[Message]:
        """Take some messages, hidden from others for a while."""
        loop = self.world.loop
        while True:
            while not self.visible:
                future: asyncio.Future[None] = loop.create_future()
                self.waiting.append((worker, future))
                await future
            await loop.wait(self.world.latency())
            if self.visible:
                return [self._take() for _ in range(self._size(limit))]

    def _size(self, limit: int) -> int:
        most = min(limit, len(self.visible))
        return most if self.world.schedule.in_order else self.world.random.randint(1, most)

    def _take(self) -> Message:
        ordered = self.world.schedule.in_order
        at = 0 if ordered else self.world.random.randrange(len(self.visible))
        message = self.visible.pop(at)
        message.receipt += 1
        self.taken[message.event.id] += 1
        receipt = message.receipt
        if ordered:
            self.flying.append(message)
        self.world.loop.after(
            self.world.schedule.visibility, lambda: self._expire(message, receipt)
        )
        return message

    def _expire(self, message: Message, receipt: int) -> None:
        if not message.done and message.receipt == receipt:
            message.receipt += 1
            self._show(message)

    def ack(self, message: Message) -> None:
        """Never deliver a message again; except that copies happen."""
        if message.done:
            return
        message.done = True
        self.open -= 1
        if message in self.flying:
            self.flying.remove(message)
        world = self.world
        if world.chance(world.schedule.copies / 2):
            self._queue(message.event, world.random.random() * world.schedule.stale)

    def nack(self, message: Message, receipt: int) -> None:
        """Deliver it again soon, later each time."""
        if message.receipt == receipt:
            message.receipt += 1
            if self.world.schedule.in_order:
                self.give_back([message])
                return
            delay = min(300.0, 2.0**receipt)
            self.world.loop.after(delay, lambda: self._unless_done(message))

    def give_back(self, messages: list[Message]) -> None:
        """Put messages where they were taken: at the head of the line."""
        waiting = [message for message in messages if not message.done]
        for message in waiting:
            message.receipt += 1
        self.flying = [message for message in self.flying if message not in messages]
        self.visible[:0] = waiting
        self._rouse()

    def _unless_done(self, message: Message) -> None:
        if not message.done:
            self._show(message)
