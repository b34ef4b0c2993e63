"""A worker: an unchanged Runtime, and the loop of an adapter around it."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.broker import Message
from tests.simulation.checks import check_outcome
from tests.simulation.lease import SimLease
from tests.simulation.machines import cast_of
from tests.simulation.ports import SimAlarm, SimArmingStore, SimBus, SimClock, SimStore, Wire
from tests.simulation.schedule import Setup
from xorca import Runtime
from xorca.errors import PortError
from xorca.events import Event
from xorca.runtime import Outcome, TokenKeys

if TYPE_CHECKING:
    from tests.simulation.world import World


TOKENS = TokenKeys(bytes(range(32)))


class Worker:
    """One life of a worker: it ends with a crash, and another with the same setup follows."""

    ack_first = False
    """Only a mutant sets this."""

    def __init__(self, world: World, number: int, setup: Setup) -> None:
        self.world, self.number, self.setup = world, number, setup
        self.wire = Wire(world, number)
        self.bus, alarm = SimBus(self.wire), SimAlarm(self.wire)
        schedule = world.schedule
        limit = schedule.store_limit
        store = SimStore(self.wire, limit=limit)
        if schedule.arming:
            store = SimArmingStore(self.wire, alarm, limit=limit)
        self.runtime = Runtime(
            cast_of(schedule.stories, deployed=world.is_deployed, fixed=world.is_fixed),
            store=store,
            bus=self.bus,
            alarm=alarm,
            lease=SimLease(self.wire, world.leases) if world.leases else None,
            clock=SimClock(world, skew=setup.skew),
            limits=schedule.limits,
            random=Random(schedule.seed),
            tokens=TOKENS,
        )

    def begin(self) -> None:
        """Begin to take messages."""
        for _ in range(self.setup.consumers):
            self.world.loop.spawn(self.number, self._consume())

    async def _consume(self) -> None:
        broker, setup = self.world.broker, self.setup
        while True:
            batch = await broker.receive(self.number, setup.batch)
            receipts = [message.receipt for message in batch]
            if self.ack_first:
                for message in batch:
                    broker.ack(message)
            await self._work(batch, receipts)

    async def deal(self, events: tuple[Event, ...]) -> None:
        """Handle some events now; the broker gets those that must come again."""
        broker = self.world.broker
        messages = [broker.pick(event) for event in events]
        await self._work(messages, [message.receipt for message in messages])

    async def _work(self, batch: list[Message], receipts: list[int]) -> None:
        world = self.world
        began = world.loop.now
        try:
            outcomes = await self.runtime.handle(
                *[message.body for message in batch], publish=self.setup.publishes
            )
        except Exception as exc:
            world.ledger.wrong("E", f"handle raised {exc!r}")
            outcomes = []
        if len(outcomes) != len(batch):
            world.ledger.wrong("E", f"{len(outcomes)} outcomes for {len(batch)} events")
        for message, receipt, outcome in zip(batch, receipts, outcomes, strict=False):
            world.note(self.number, "outcome", f"{message.event.type} {message.event.id}", outcome)
            check_outcome(self, message.event, outcome, began)
            await self._settle(message, receipt, outcome)

    async def _settle(self, message: Message, receipt: int, outcome: Outcome) -> None:
        done = outcome.ok
        hurried = self.setup.careless and done and outcome.state is not None
        if hurried:
            await self._acknowledge(message, receipt, done=True)
        try:
            if done and not self.setup.publishes and outcome.sent:
                await self.bus.publish(outcome.sent)
                await self.runtime.confirm(outcome)
        except PortError:
            done = False
        if not hurried:
            await self._acknowledge(message, receipt, done=done)

    async def _acknowledge(self, message: Message, receipt: int, *, done: bool) -> None:
        broker, about = self.world.broker, message.event.id
        with suppress(PortError):  # it comes again when its visibility is over
            if done:
                await self.wire.call("ack", about, lambda: broker.ack(message), PortError)
            else:
                await self.wire.call(
                    "nack", about, lambda: broker.nack(message, receipt), PortError
                )
