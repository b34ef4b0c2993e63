"""From a seed to a schedule: processes, workers, faults and the world's bad habits."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.asking import with_acts
from tests.simulation.extras import with_extras
from tests.simulation.faults import draw_plan
from tests.simulation.schedule import Given, Schedule
from tests.simulation.setups import draw_setup, not_behind
from tests.simulation.stories import STORIES
from xorca.runtime import Limits

CALLS = 300


def schedule_of(seed: int) -> Schedule:
    """Draw a schedule; the same for the same seed, in every process and on every machine."""
    return with_extras(plain_schedule_of(seed))


def plain_schedule_of(seed: int) -> Schedule:
    """Draw a schedule whose services never fail."""
    random = Random(f"schedule {seed}")
    names = random.choices(tuple(STORIES), k=random.choice((1, 1, 2, 3)))
    given = [one for at, name in enumerate(names) for one in STORIES[name](random, f"{name}{at}")]
    rate = random.choice((0.0, 0.02, 0.05, 0.1, 0.2))
    many = len(given) > 60
    drawn = Schedule(
        seed=seed,
        given=tuple(given),
        stories=tuple(names),
        plan=draw_plan(random, rate=min(rate, 0.05) if many else rate, calls=CALLS),
        workers=tuple(draw_setup(random) for _ in range(random.choice((1, 2, 2, 3)))),
        latency=random.choice((0.02, 0.05, 0.5, 3.0)),
        copies=random.choice((0.0, 0.1, 0.3)),
        errors=random.choice((0.0, 0.2, 0.4)),
        causation=random.random() < 0.75,
        other_ids=random.random() < 0.3,
        deploy=random.random() * 15 if "ver" in names else None,
        limits=_limits(random, many),
        leases=random.random() < 0.12,
        store_limit=_store_limit(random, names, given, many),
    )
    whole = with_acts(drawn)
    return replace(whole, workers=not_behind(whole.workers)) if many or whole.acts else whole


def _limits(random: Random, many: bool) -> Limits:
    if random.random() < 0.5:
        return Limits(horizon=600.0) if many else Limits()
    return Limits(window=random.choice((1, 2, 3)), gathered=100, backlog=60, defer_for=3600.0)


def _store_limit(random: Random, names: list[str], given: list[Given], many: bool) -> int:
    return 6_000 if many and random.random() < 0.5 else 1_000_000
