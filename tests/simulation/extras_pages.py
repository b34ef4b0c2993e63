"""Pages of old inbox keys so small that a short life fills, joins and forgets many of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.faults import draw_plan
from tests.simulation.schedule import Schedule
from tests.simulation.setups import not_behind
from tests.simulation.stories import begins, outside
from xorca.runtime import Limits


def with_pages(drawn: Schedule) -> Schedule:
    """Have one process hear many plain events, and the pages of its inbox change all the time."""
    random = Random(f"pages {drawn.seed}")
    if random.random() < 0.97:
        return drawn
    pid, subject, count = "paged", "sim.notes/1.0.0/paged", random.randint(10, 60)
    given = [begins("xorca.sim.notes.start", pid, n=count)]
    for number in range(count):
        at, id = random.random() * random.choice((3.0, 60.0)), f"{pid}-note{number}"
        given.append(outside("evt.note.said", id, at=at, subject=subject, n=1))
    return replace(
        drawn,
        given=tuple(given),
        stories=("notes",),
        acts=(),
        plan=draw_plan(random, rate=random.choice((0.02, 0.1)), calls=200),
        workers=not_behind(drawn.workers),
        limits=Limits(),
        pages=random.choice(((1, 2, 4, 2), (2, 5, 12, 2), (3, 64, 200, 3))),
        copies=max(drawn.copies, 0.3),
        store_limit=1_000_000,
        stale=90.0,
        deploy=None,
        fixed=None,
    )
