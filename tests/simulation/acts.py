"""What is asked of a worker without an event: cancel, delete, prune, sweep, redrive, a block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.checks import check_outcome
from tests.simulation.deadlines import check_swept
from tests.simulation.lives import Life
from tests.simulation.schedule import Act
from tests.simulation.sight import Sight
from xorca.engine.ids import parse_subject, storage_key
from xorca.errors import (
    LetterNotFound,
    PortError,
    ProcessActive,
    ProcessNotFound,
    RecordTooLarge,
    UndeliveredError,
)
from xorca.runtime import Outcome
from xorca.runtime.changing import ATTEMPTS
from xorca.runtime.swept import Swept

if TYPE_CHECKING:
    from tests.simulation.worker import Worker
    from tests.simulation.world import World

AGAIN = (PortError, UndeliveredError)
"""Ask again."""

NO = (ProcessNotFound, ProcessActive, LetterNotFound, RecordTooLarge)
"""An answer, and one that has to be right: see ``_refused``."""

PATIENCE = 45.0
TRIES = 5
ROUNDS = 12


@dataclass(eq=False, slots=True)
class Wish:
    """An act that somebody wants done, by whichever worker is there."""

    world: World
    act: Act
    tries: int = 0
    done: bool = False

    def ask(self) -> None:
        """Ask a worker; again after a while, unless it was done."""
        if self.done or self.tries == TRIES:
            return
        self.tries += 1
        worker = self.world.any_worker()
        if worker is not None:
            self.world.loop.spawn(worker.number, self._work(worker))
        self.world.loop.after(PATIENCE, self.ask)

    async def _work(self, worker: Worker) -> None:
        world, act = self.world, self.act
        before = _stored(world, act)
        try:
            answer: object = await perform(worker, act)
            self.done = True
        except AGAIN as exc:
            answer = exc
        except NO as exc:
            answer, self.done = exc, True
            _refused(world, act, exc, before)
        except Exception as exc:
            answer, self.done = exc, True
            world.ledger.wrong("E", f"{act.verb} {act.subject} raised {exc!r}")
        world.note(worker.number, act.verb, act.subject, answer)


def _stored(world: World, act: Act) -> Sight | None:
    life = world.ledger.by_subject.get(act.subject)
    last = None if life is None else life.last
    return last if last is not None and last.subject == act.subject else None


def _refused(world: World, act: Act, said: Exception, before: Sight | None) -> None:
    """Compare a refusal with what was stored all the time that it took."""
    if _stored(world, act) is not before:
        return  # it depends on when it was read
    status = "deleted" if before is None else before.status
    right = {ProcessNotFound: status == "deleted", ProcessActive: status == "active"}
    if not right.get(type(said), True):
        world.ledger.wrong("I6", f"{act.verb} {act.subject}: {said!r}, and it is {status}")


async def perform(worker: Worker, act: Act) -> object:
    """Do it, and check what it says against what is stored."""
    runtime, age = worker.runtime, timedelta(seconds=act.seconds)
    if act.verb == "sweep":
        began = worker.world.loop.now
        swept = await runtime.sweep(older_than=age)
        check_swept(worker.world, swept, began)
        return swept
    if act.verb == "prune":
        return await runtime.prune(older_than=age)
    if act.verb == "cancel":
        before = _stored(worker.world, act)
        return _cancelled(worker, act, await runtime.cancel(act.subject, "simulated"), before)
    if act.verb == "delete":
        await runtime.delete(act.subject, force=act.force)
        return "deleted"
    return await (_redrive if act.verb == "redrive" else _live)(worker, act)


def _cancelled(worker: Worker, act: Act, status: str, before: Sight | None) -> str:
    life = worker.world.ledger.by_subject[act.subject]
    same = before is not None and life.last is before
    if status not in life.statuses or (same and status != before.status):
        worker.world.ledger.wrong("I6", f"cancel {act.subject} says {status}, and it never was")
    return status


async def _redrive(worker: Worker, act: Act) -> list[Outcome]:
    parts = parse_subject(act.subject)
    assert parts is not None  # it is one of ours
    key, ledger = storage_key(parts.name, parts.process_id), worker.world.ledger
    # What fails again after a lost response is tried, and told, again. The process may begin
    # while this is on its way.
    ledger.redriven[key] += ATTEMPTS
    outcomes = await worker.runtime.redrive(act.subject)
    life = ledger.lives.get(key)
    if life is not None:
        _check_letters(worker, life, outcomes)
    return outcomes


def _check_letters(worker: Worker, life: Life, outcomes: list[Outcome]) -> None:
    """What a redrive leaves dead still has its letter (I6)."""
    last = life.last
    kept = {event.id for dead in last.dead for event in dead.events} if last else set[str]()
    for outcome in outcomes:
        event = outcome.raw
        is_left = (outcome.status, outcome.reason) == ("duplicate", "dead")
        if outcome.status == "ignored" and last is not None:  # it is over, and only deleted after
            is_left = outcome.reason == last.status != "deleted"
        if is_left and event is not None and event.id not in kept:
            worker.world.ledger.wrong("I6", f"redrive of {event.id} lost its letter")


async def _live(worker: Worker, act: Act) -> tuple[Outcome, ...]:
    began, event = worker.world.loop.now, act.event
    assert event is not None  # that is what it is for
    async with worker.runtime.process(act.subject) as process:
        await process.send(event.to_json())
    (outcome,) = process.outcomes
    check_outcome(worker, event, outcome, began)
    return process.outcomes


# -- at the end ---------------------------------------------------------------------


async def mend(worker: Worker, *, redrive: bool) -> None:
    """Sweep, and redrive what a fix can save; nothing goes wrong any more, and nothing may."""
    world, ledger = worker.world, worker.world.ledger
    swept = await worker.runtime.sweep(older_than=timedelta(0))
    world.note(worker.number, "sweep", "", swept)
    for fault in swept.failed:
        ledger.wrong("E", f"sweep of {fault.subject}: {fault.cause}")
    world.mended = not _is_news(swept)
    for life in list(ledger.lives.values()) if redrive else ():
        if life.last is None or life.last.status != "active" or not life.last.dead:
            continue
        outcomes = await _redrive(worker, Act(0.0, "redrive", life.last.subject))
        world.note(worker.number, "redrive", life.last.subject, outcomes)
        world.mended = world.mended and all(one.status == "dead" for one in outcomes)
        for outcome in outcomes:
            if outcome.status == "retry" or outcome.reason == "handler-raised":
                ledger.wrong("stuck", f"redrive of {life.last.subject}: {outcome!r}")


def _is_news(swept: Swept) -> bool:
    return bool(swept.published or swept.armed or swept.expired)
