"""The workers, and their deaths."""

from __future__ import annotations

from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from signal import SIGKILL

from tests.stress.plan import Plan
from tests.stress.worker import STARTED, Job, work_until_killed


@dataclass(slots=True)
class Crew:
    """The workers: always as many as were asked for, whoever of them is killed."""

    plan: Plan
    place: Path
    random: Random
    running: list[tuple[ForkServerProcess, Path]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    hired: int = 0

    def fill(self) -> None:
        """Start workers until there are enough; one that ended by itself is complained of."""
        for pair in [pair for pair in self.running if pair[0].exitcode is not None]:
            self._kill(pair)
        context = get_context("forkserver")
        while len(self.running) < self.plan.workers:
            self.hired += 1
            log = self.place / f"{self.hired:04}.log"
            job = Job(
                self.place / "hammer.db",
                log,
                seed=self.random.getrandbits(32),
                lost=self.plan.lost,
                sabotage=self.plan.sabotage,
                store=self.plan.store,
            )
            process = context.Process(target=work_until_killed, args=(job,), daemon=True)
            process.start()
            self.running.append((process, log))

    @property
    def hopeless(self) -> bool:
        """Whether so many ended by themselves that there is nothing left to kill."""
        return len(self.complaints) > 2 * self.plan.workers

    def kill_one(self) -> bool:
        """Kill a worker that has begun to work; False while none has."""
        at_work = [pair for pair in self.running if _has_started(pair[1])]
        if not at_work:
            return False
        self._kill(self.random.choice(at_work))
        return True

    def kill_all(self) -> None:
        """Kill what is left."""
        for pair in list(self.running):
            self._kill(pair)

    def _kill(self, pair: tuple[ForkServerProcess, Path]) -> None:
        process, log = pair
        self.running.remove(pair)
        process.kill()
        process.join()
        if process.exitcode != -SIGKILL:
            self.complaints.append(f"worker {log.stem} ended by itself: {process.exitcode}")


def _has_started(log: Path) -> bool:
    return log.exists() and STARTED.encode() in log.read_bytes()[: len(STARTED) + 1]
