"""Making a schedule that fails small: drop whatever it fails without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.simulation.campaign import invariant_of
from tests.simulation.schedule import Schedule, Setup
from tests.simulation.world import World

MOST = 2_000
"""So many schedules are tried."""


def fails(schedule: Schedule, invariant: str) -> bool:
    """Tell whether a schedule breaks that invariant."""
    return any(invariant_of(one) == invariant for one in World(schedule).run())


def shrink(
    schedule: Schedule, invariant: str, *, failing: Callable[[Schedule, str], bool] = fails
) -> Schedule:
    """Drop acts, events, workers and faults, and switch off what is not needed.

    Gives a schedule that breaks the same invariant and from which nothing can go any more.
    """
    tried = 0
    progress = True
    while progress and tried < MOST:
        progress = False
        for smaller in _smaller(schedule):
            tried += 1
            if failing(smaller, invariant):
                schedule, progress = smaller, True
                break
            if tried == MOST:
                break
    return schedule


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Give schedules with less in them, those with much less first."""
    faults = list(schedule.plan)
    size = len(faults) // 2
    while size > 1:
        for at in range(0, len(faults), size):
            yield _without(schedule, faults[at : at + size])
        size //= 2
    for at in range(len(schedule.given)):
        yield replace(schedule, given=schedule.given[:at] + schedule.given[at + 1 :])
    for at in range(len(schedule.acts)):
        yield replace(schedule, acts=schedule.acts[:at] + schedule.acts[at + 1 :])
    if len(schedule.workers) > 1:
        for at in range(len(schedule.workers)):
            yield replace(schedule, workers=schedule.workers[:at] + schedule.workers[at + 1 :])
    for fault in faults:
        yield _without(schedule, [fault])
    yield from _simpler(schedule)


def _simpler(schedule: Schedule) -> Iterator[Schedule]:
    plain = Schedule(schedule.seed, schedule.given, schedule.stories)
    for name in (
        "copies",
        "errors",
        "forgetful",
        "fleet_prunes",
        "coy",
        "deaf",
        "other_ids",
        "deploy",
        "fixed",
        "limits",
        "store_limit",
    ):
        if getattr(schedule, name) != getattr(plain, name):
            yield replace(schedule, **{name: getattr(plain, name)})
    if schedule.fleets:
        yield replace(schedule, fleets=())
        if schedule.fleets != (Setup(),):
            yield replace(schedule, fleets=(Setup(),))
    for at, setup in enumerate(schedule.workers):
        for simpler in (
            replace(setup, batch=1),
            replace(setup, consumers=1),
            replace(setup, skew=0.0),
            replace(setup, careless=False),
        ):
            if simpler != setup:
                workers = (*schedule.workers[:at], simpler, *schedule.workers[at + 1 :])
                yield replace(schedule, workers=workers)


def _without(schedule: Schedule, faults: list[int]) -> Schedule:
    gone = set(faults)
    plan = {at: fault for at, fault in schedule.plan.items() if at not in gone}
    return replace(schedule, plan=plan)
