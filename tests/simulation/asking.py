"""Some schedules have an operator too: acts, restarts after them, and careless callers.

All of it is drawn from a source of its own, so that the other schedules stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.simulation.schedule import LATE, Act, Given, Schedule, Setup, Verb
from tests.simulation.stories import START_OF, begins, outside

AGAIN = ("pair", "fan", "first", "boss", "waits")
"""Stories that need nothing from outside but their start."""

ENDS: tuple[Verb, ...] = ("cancel", "delete")


def with_acts(drawn: Schedule) -> Schedule:
    """Add what an operator does, to some schedules."""
    random = Random(f"acts {drawn.seed}")
    kind = random.random()
    if kind < 0.1:
        return replace(drawn, workers=tuple(_careless(random, one) for one in drawn.workers))
    if kind < 0.4:
        return _operated(random, drawn)
    return drawn


def _careless(random: Random, setup: Setup) -> Setup:
    hasty = random.random() < 0.7
    return replace(setup, publishes=False, careless=True) if hasty else setup


def _operated(random: Random, drawn: Schedule) -> Schedule:
    acts, given, fixed = [*_sweeps(random)], list(drawn.given), None
    for at, story in enumerate(drawn.stories):
        pid = f"{story}{at}"
        begun, asked = _about(random, story, pid)
        given += begun
        acts += asked
    if "notes" in drawn.stories and random.random() < 0.7:
        fixed = random.random() * 60
        acts += [
            Act(fixed + random.random() * 60, "redrive", _subject("notes", at))
            for at, story in enumerate(drawn.stories)
            if story == "notes"
        ]
    workers = tuple(_careless(random, one) for one in drawn.workers)
    return replace(
        drawn,
        given=tuple(given),
        acts=tuple(acts),
        fixed=fixed,
        workers=workers if random.random() < 0.3 else drawn.workers,
    )


def _sweeps(random: Random) -> list[Act]:
    if random.random() < 0.5:
        return []
    times = random.randint(1, 3)
    return [
        Act(random.random() * 90, "sweep", seconds=random.choice((0.0, 5.0, 120.0)))
        for _ in range(times)
    ]


def _about(random: Random, story: str, pid: str) -> tuple[list[Given], list[Act]]:
    """Draw what happens to one process, and the starts that follow."""
    subject = f"sim.{story}/1.0.0/{pid}"
    acts: list[Act] = []
    given: list[Given] = []
    at = random.choice((0.05, 1.0, 5.0, 20.0, 400.0)) * random.random()
    if random.random() < 0.6:
        verb = random.choice(ENDS)
        acts.append(Act(at, verb, subject, force=random.random() < 0.7))
    if random.random() < 0.5:
        acts.append(Act(at + random.random() * 60, "prune", seconds=random.choice((0.0, 5.0))))
    if story in ("early", "notes") and random.random() < 0.5:
        acts += _blocks(random, pid, subject)
    if story in AGAIN and acts and random.random() < 0.7:
        given.append(_restart(random, story, pid, at + random.random() * 90, "-r"))
        if random.random() < 0.3:
            acts.append(Act(at + random.random() * 120, random.choice(ENDS), subject, force=True))
    if acts and random.random() < 0.3:
        late = LATE + 7200.0 + random.random() * 7200
        acts.append(Act(late, "prune", seconds=0.0))
        if story in AGAIN:
            given.append(_restart(random, story, pid, late + random.random() * 900, "-z"))
    return given, acts


def _restart(random: Random, story: str, pid: str, at: float, again: str) -> Given:
    return begins(
        START_OF[story], pid, at=at, n=random.randint(1, 3), subject=f"caller/{pid}", again=again
    )


def _blocks(random: Random, pid: str, subject: str) -> Sequence[Act]:
    found: list[Act] = []
    for number in range(random.randint(1, 3)):
        at = random.random() * 30
        said = outside("evt.note.said", f"{pid}-live{number}", at=at, subject=subject, n=1).event
        found.append(Act(at, "live", subject, event=said))
    return found


def _subject(story: str, at: int) -> str:
    return f"sim.{story}/1.0.0/{story}{at}"
