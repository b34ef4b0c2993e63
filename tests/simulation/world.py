"""The simulated world: a disk, a broker, services, an alarm, and workers that die."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from zlib import crc32

from tests.simulation.acts import ROUNDS, Wish, mend
from tests.simulation.broker import Broker
from tests.simulation.causes import check_loose
from tests.simulation.checks import check_end
from tests.simulation.faults import Fault
from tests.simulation.lease import LeaseTable
from tests.simulation.ledger import Ledger
from tests.simulation.loop import Parked, Restless, SimLoop
from tests.simulation.paging import page_sizes
from tests.simulation.people import People
from tests.simulation.ports import BEGIN, BEGIN_SECONDS, Disk
from tests.simulation.schedule import LATE, Schedule, Setup
from tests.simulation.services import Served, Server
from tests.simulation.worker import Worker
from xorca.events import Event
from xorca.providers.memory import MemoryLease

CHILDREN = frozenset({"cmd.help.give"})
LONGEST = 90.0
ALWAYS_CAUSED = ("cmd.page.", "cmd.help.")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trace."""

    at: float
    worker: int
    verb: str
    about: str
    more: Any = ""

    def __str__(self) -> str:
        return f"{self.at:9.2f}  w{self.worker:<3} {self.verb:<9} {self.about}  {self.more}"


class World:
    """Run one schedule."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        traced: bool = False,
        choose: Callable[[list[Parked]], int] | None = None,
    ) -> None:
        self.schedule = schedule
        self.random = Random(schedule.seed)
        self.loop = SimLoop(choose)  # type: ignore[abstract] # there are no sockets and threads
        self.ledger = Ledger(schedule, forgetful=schedule.stale > LONGEST)
        self.disk = Disk()
        self.broker, self.commands = Broker(self), Broker(self)
        self.served, self.people = Served(self), People(self)
        self.ledger.people = self.people
        self.calls = 0
        self.faults = 0
        self.crashes = 0
        self.trace: list[Line] = []
        self.traced = traced
        self.sleeps = schedule.sleeps
        now = lambda: BEGIN_SECONDS + self.loop.now  # noqa: E731 - a clock
        self.leases = LeaseTable(MemoryLease(now=now)) if schedule.leases else None
        self._workers: dict[int, Worker] = {}
        self._servers: dict[int, Server] = {}
        self._number = 0
        self._pending: dict[str, int] = {}
        self._served: dict[str, int] = {}
        self.calm = False
        self.mended = False
        self.injected: Counter[str] = Counter()

    # -- running ------------------------------------------------------------------

    def run(self) -> list[str]:
        """Run to rest and give what was wrong."""
        with page_sizes(self.schedule.pages):
            return self._run()

    def _run(self) -> list[str]:
        loop, schedule = self.loop, self.schedule
        self._begin(late=False)
        for setup in schedule.workers:
            self._employ(setup)
        self._open_services()
        for moment in (schedule.deploy, schedule.fixed):
            if moment is not None:
                loop.after(moment, self._deploy)
        return self._rest()

    def finish(self) -> list[str]:
        """Let a fresh worker do what is left, and give what was wrong."""
        self._number = 100
        self._employ(Setup())
        self._open_services()
        return self._rest()

    def _rest(self) -> list[str]:
        loop = self.loop
        try:
            loop.run()
            if self.schedule.is_mended or self.gave_up:
                self._mend()
            if self._begin(late=True):
                loop.run()
                self._mend()
        except Restless as exc:
            self.ledger.wrong("stuck", str(exc))
        else:
            check_end(self)
        for error in loop.errors:
            self.ledger.wrong("E", f"{error.get('message')}: {error.get('exception')!r}")
        found = list(self.ledger.violations)
        loop.close()
        self.ledger.violations[:] = found
        return found

    def _begin(self, *, late: bool) -> bool:
        """Have things happen; what is late waits until the rest was swept. True if there are any.

        For nothing is kept longer than a fortnight, the unsent included.
        """
        loop, schedule = self.loop, self.schedule
        given = [one for one in schedule.given if (one.at >= LATE) == late]
        acts = [one for one in schedule.acts if (one.at >= LATE) == late]
        for one in given:
            self.broker.put(one.event, max(0.0, one.at - loop.now))
        for act in acts:
            loop.after(max(0.0, act.at - loop.now), Wish(self, act).ask)
        return bool(given or acts)

    @property
    def kills(self) -> int:
        """How often a worker died."""
        return self.ledger.kills

    @property
    def gave_up(self) -> bool:
        """Whether an event was acknowledged of which no record has a trace.

        There was no room for it, say, or no process yet. A second delivery may find one, and its
        worker die; the first was acknowledged. Or somebody brought a token again, and its time
        was over.
        """
        acknowledged = {"record-too-large", "no-record"}.intersection(self.ledger.loose.values())
        return bool(acknowledged) or self.people.came_late

    def _mend(self) -> None:
        """Let an operator sweep in peace until that finds nothing to do."""
        self.calm = True
        self._number += 1
        janitor = Worker(self, self._number, Setup())
        for number in range(ROUNDS):
            # What comes too early, and expires, would be redriven for ever.
            again = self.is_fixed and number < ROUNDS // 2
            self.loop.spawn(janitor.number, mend(janitor, redrive=again))
            self.loop.run()
            if self.mended:
                self.calm = False
                return
        self.ledger.wrong("stuck", f"a sweep finds something to do for the {ROUNDS}th time")

    # -- workers -------------------------------------------------------------------

    @property
    def is_deployed(self) -> bool:
        """Whether a worker that begins now has the newest versions too."""
        deploy = self.schedule.deploy
        replaced = self.schedule.in_order and self._number > 1
        return deploy is None or replaced or self.loop.now >= deploy

    @property
    def is_fixed(self) -> bool:
        """Whether a worker that begins now has handlers that were mended."""
        fixed = self.schedule.fixed
        return fixed is not None and self.loop.now >= fixed

    def any_worker(self) -> Worker | None:
        """Give a worker that is alive, if there is one."""
        return self.random.choice(list(self._workers.values())) if self._workers else None

    def _employ(self, setup: Setup) -> None:
        self._number += 1
        worker = self._workers[self._number] = Worker(self, self._number, setup)
        self.note(self._number, "begin", "", setup)
        if self.schedule.in_order:
            self.broker.give_back(list(self.broker.flying))
        worker.begin()

    def _open_services(self) -> None:
        for setup in self.schedule.fleets:
            self._serve_with(setup)
        for at in self.schedule.fleet_prunes:
            self.loop.after(at, self._prune_memory)

    def _serve_with(self, setup: Setup) -> None:
        self._number += 1
        server = self._servers[self._number] = Server(self, self._number, setup)
        self.note(self._number, "serves", "", setup)
        if self.schedule.in_order:
            self.commands.give_back(list(self.commands.flying))
        server.begin()

    def _prune_memory(self) -> None:
        for number, server in self._servers.items():
            self.loop.spawn(number, server.prune())

    def kill(self, number: int) -> None:
        """Let a worker die; another begins a while later."""
        if number in self.loop.dead:
            return
        self.loop.dead.add(number)
        self.crashes += 1
        self.ledger.kills += 1
        self.note(number, "dies", "")
        delay = 0.0 if self.schedule.in_order else self.random.random() * 20
        if number in self._servers:
            serving = self._servers.pop(number).setup
            self.loop.after(delay, lambda: self._serve_with(serving))
            return
        setup = self._workers.pop(number).setup
        self.loop.after(delay, lambda: self._employ(setup))

    def _deploy(self) -> None:
        for number in list(self._workers):
            self.loop.after(self.random.random() * 5, lambda number=number: self._retire(number))  # type: ignore[misc]

    def _retire(self, number: int) -> None:
        if number in self._workers:
            self.kill(number)

    # -- luck -----------------------------------------------------------------------

    def chance(self, rate: float) -> bool:
        """Draw, but only where there is something to draw."""
        return bool(rate) and self.random.random() < rate

    def latency(self) -> float:
        """Draw how long a call takes."""
        return self.random.random() * self.schedule.latency

    def next_fault(self, worker: int, verb: str, about: str) -> Fault | None:
        """Number a call, and say what goes wrong with it."""
        fault = None if self.calm else self.schedule.plan.get(self.calls)
        if fault is None and verb == "save" and worker in self._servers and self._is_forgetful:
            fault = "throttle"
        if fault is not None:
            self.injected[fault] += 1
            self.ledger.troubled = BEGIN_SECONDS + self.loop.now
        if self.traced:
            self.note(worker, verb, about, f"#{self.calls} {fault or ''}")
        self.calls += 1
        return fault

    @property
    def _is_forgetful(self) -> bool:
        since, until = self.schedule.forgetful
        return since <= self.loop.now < until

    def note(self, worker: int, verb: str, about: str, more: Any = "") -> None:
        """Add a line to the trace."""
        if self.traced:
            self.trace.append(Line(self.loop.now, worker, verb, about, more))

    # -- where events go ----------------------------------------------------------------

    def take(self, worker: int, event: Event) -> None:
        """Take an event that a worker published, and bring it to whoever wants it."""
        living = self._workers.get(worker)
        self.ledger.sent(worker, event, in_order=living is not None and living.setup.publishes)
        check_loose(self, event)
        self.note(worker, "sent", f"{event.type} {event.id}")
        self.people.hear(event)
        if event.type in CHILDREN or event.type.startswith("evt.help."):
            self.broker.put(event, self.latency())
        elif event.type.startswith("cmd."):
            self._serve(event)

    def _serve(self, command: Event) -> None:
        schedule = self.schedule
        if schedule.fleets:
            self.commands.put(command, self.latency())
            return
        times = self._served[command.id] = self._served.get(command.id, 0) + 1
        if times > schedule.patience:
            return
        caused = schedule.causation or command.type.startswith(ALWAYS_CAUSED)
        luck = crc32(f"{schedule.seed}{command.id}".encode()) % 1000 / 1000
        verdict = "error" if luck < schedule.errors else "success"
        again = f"~{times}" if times > 1 and schedule.other_ids and caused else ""
        reply = Event(
            id=f"r-{command.id}{again}",
            source="/service",
            type=f"evt.{command.type[4:]}.{verdict}",
            subject=command.subject,
            time=stamp(self.loop.now),
            data=_reply(command.id),
            datacontenttype="application/json",
            extensions={"causationid": command.id} if caused else {},
        )
        self.broker.put(reply, 0.0 if schedule.in_order else self.slowly())

    def slowly(self) -> float:
        """Give how long an answer takes: mostly a little, at times long."""
        return self.random.random() ** 4 * 12  # type: ignore[no-any-return]

    def arm(self, event: Event, at: float) -> None:
        """Set a wake-up; the same id again replaces nothing."""
        self.ledger.armed(event, self.loop.now)
        if event.id in self._pending:
            return
        number = self._pending[event.id] = self.calls
        late = 0.0 if self.schedule.in_order else self.random.random() * 2
        self.loop.after(max(0.0, at - self.loop.now) + late, lambda: self._wake(event, number))

    def _wake(self, event: Event, number: int) -> None:
        if self._pending.get(event.id) != number:
            return
        del self._pending[event.id]
        if not self.calm and self.chance(self.schedule.deaf):
            self.ledger.unheard[event.id] = self.loop.now
            return
        self.broker.put(event)

    def disarm(self, event_id: str) -> None:
        """Forget a wake-up."""
        self._pending.pop(event_id, None)


def _reply(token: str) -> bytes:
    return b'{"token":"%b","n":1}' % token.encode()


def stamp(at: float) -> str:
    """Give a moment of virtual time as events carry it."""
    moment = BEGIN + timedelta(seconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
