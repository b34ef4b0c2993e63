"""The services of some schedules: the real Fleet with its memory, under the same faults.

A service never answers twice alike: its data says how often it was worked on, and whether it
fails is decided anew each time. So whatever is the same was remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from tests.simulation.broker import Message
from tests.simulation.ports import SimClock, SimStore, Wire
from tests.simulation.schedule import Setup
from tests.simulation.writing import Reply, Work
from xorca.errors import PortError, PublishFailed
from xorca.events import Event
from xorca.fleet import Call, Fleet, Refusal, TryAgain
from xorca.fleet.remembered import Place
from xorca.runtime import Outcome

if TYPE_CHECKING:
    from tests.simulation.world import World

SOURCE = "/service"
PLACE = Place(SOURCE, SOURCE)
LONG = timedelta(days=1)
SERVED = tuple(
    f"cmd.{name}"
    for name in (
        *("left.do", "right.do", "close.do", "page.scan", "page.count", "aid.do", "near.do"),
        *("far.do", "rest.do", "one.do", "two.do", "three.do", "book.open", "book.shut"),
        *("check.do", "old.do", "new.do", "guard.do"),
    )
)


class Served:
    """What the services really did: how often each command was worked on, and by whom."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.runs: Counter[str] = Counter()
        self._mine: Counter[tuple[int, str]] = Counter()
        self._loaded: dict[tuple[int, str], bool] = {}

    def loaded(self, worker: int, key: str, *, found: bool) -> None:
        """Note whether a worker that asked its memory found an entry."""
        self._loaded[worker, key] = found

    def begins(self, worker: int, event: Event) -> int:
        """Note that a command is worked on; give how often it was by now (F1, F2)."""
        ledger, mine = self.world.ledger, (worker, event.key)
        asked = self._loaded.pop((worker, PLACE.key(event)), None)
        if asked is not False:
            why = "is remembered" if asked else "was not asked for in the memory"
            ledger.wrong("F1", f"{event.type} {event.id} is worked on, and {why}")
        self._mine[mine] += 1
        if self._mine[mine] > 1:
            ledger.wrong("F2", f"{event.type} {event.id} is worked on again by one process")
        self.runs[event.key] += 1
        return self.runs[event.key]

    def asks_again(self, worker: int, event: Event) -> None:
        """Note that a command is to come again, and to be worked on then."""
        self._mine[worker, event.key] -= 1

    def answers(self, command: Event, answer: Event) -> None:
        """Check that an answer that is sent is the one that is remembered (F3)."""
        row = self.world.disk.rows.get(PLACE.key(command))
        if row is None or answer.to_json() not in row[0].body:
            self.world.ledger.wrong("F3", f"{answer.type} {answer.id} is sent, not remembered")


class SimAnswers:
    """The Bus of a fleet."""

    def __init__(self, wire: Wire, server: Server) -> None:
        self.wire, self.server = wire, server

    async def publish(self, events: Sequence[Event]) -> None:
        """Send answers; those that a fault spares."""

        def partly(message: str) -> PublishFailed:
            return PublishFailed(message, failed=tuple(event.id for event in events))

        about = events[0].subject or ""
        await self.wire.call("publish", about, lambda: self.server.send(events), partly)


class Server:
    """One life of a worker that serves commands."""

    def __init__(self, world: World, number: int, setup: Setup) -> None:
        self.world, self.number, self.setup = world, number, setup
        self.wire = Wire(world, number)
        self.bus = SimAnswers(self.wire, self)
        self.fleet = Fleet(
            SOURCE,
            bus=self.bus,
            store=SimStore(self.wire),
            clock=SimClock(world, skew=setup.skew),
            remember=timedelta(days=14),
        )
        self._commands: dict[str, Event] = {}
        for name in SERVED:
            self.fleet.serves(name, timeout=LONG)(self._serve)

    async def _serve(self, given: Work, call: Call) -> Reply:
        world, id = self.world, call.command.get_id()
        times = world.served.begins(self.number, self._commands[id])
        if times == 1 and crc32(f"coy {id}".encode()) % 1000 < 1000 * world.schedule.coy:
            world.served.asks_again(self.number, self._commands[id])
            raise TryAgain
        reply = Reply(id, 2 * times - 1)  # odd, as everybody else answers
        await world.loop.wait(world.latency())
        if (
            crc32(f"{world.schedule.seed}{id}{times}".encode()) % 1000
            < 1000 * world.schedule.errors
        ):
            raise Refusal(reply)
        return reply

    def begin(self) -> None:
        """Begin to take commands."""
        for _ in range(self.setup.consumers):
            self.world.loop.spawn(self.number, self._consume())

    async def prune(self) -> None:
        """Forget what is over."""
        with suppress(PortError):
            await self.fleet.prune()

    async def _consume(self) -> None:
        while True:
            batch = await self.world.commands.receive(self.number, self.setup.batch)
            await self._work(batch, [message.receipt for message in batch])

    async def _work(self, batch: list[Message], receipts: list[int]) -> None:
        self._commands |= {message.event.id: message.event for message in batch}
        bodies, began = [message.body for message in batch], self.world.loop.now
        outcomes = await self.fleet.handle(*bodies, publish=self.setup.publishes)
        for message, receipt, outcome in zip(batch, receipts, outcomes, strict=True):
            self.world.note(self.number, "served", message.event.id, outcome)
            self._check(message.event, outcome, began)
            await self._settle(message, receipt, outcome)

    def _check(self, command: Event, outcome: Outcome, began: float) -> None:
        """A command is answered, or comes again because something went wrong."""
        upset = any(at >= began for at in self.wire.upset.values())
        upset = upset or outcome.reason == "try-again"
        upset = upset or outcome.reason == "in-flight"  # that of the delivery before it
        if outcome.status not in ("applied", "duplicate") and not upset:
            self.world.ledger.wrong("F4", f"{command.type} {command.id}: {outcome!r}")

    async def _settle(self, message: Message, receipt: int, outcome: Outcome) -> None:
        done = outcome.ok
        try:
            if done and not self.setup.publishes and outcome.sent:
                await self.bus.publish(outcome.sent)
        except PortError:
            done = False
        broker, about = self.world.commands, message.event.id
        with suppress(PortError):  # it comes again when its visibility is over
            if done:
                await self.wire.call("ack", about, lambda: broker.ack(message), PortError)
            else:
                await self.wire.call(
                    "nack", about, lambda: broker.nack(message, receipt), PortError
                )

    def send(self, events: Sequence[Event]) -> None:
        """Bring answers to whoever asked."""
        world = self.world
        for event in events:
            command = self._commands[str(event.extensions["causationid"])]
            world.ledger.answered(event)
            world.served.answers(command, event)
            world.note(self.number, "answered", f"{event.type} {event.id}")
            world.broker.put(event, 0.0 if world.schedule.in_order else world.slowly())
