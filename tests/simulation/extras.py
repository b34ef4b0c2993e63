"""What some schedules have besides: fleets, people, crowds, and operators in a hurry.

All of it is drawn from sources of its own, so that the other schedules stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.extras_pages import with_pages
from tests.simulation.extras_rare import with_rare
from tests.simulation.schedule import Act, Schedule
from tests.simulation.setups import draw_setup, not_behind
from tests.simulation.stories import begins, crowd, mended
from xorca.runtime import Limits


def with_extras(drawn: Schedule) -> Schedule:
    """Add something to some schedules, or put something else in their place."""
    for add in (with_doors, with_fleets, with_haste, with_prunes, with_redrives, with_stale):
        drawn = add(drawn)
    return with_care(with_pages(with_rare(drawn)))


def with_care(drawn: Schedule) -> Schedule:
    """Have no careless workers where a process goes on for longer than anything is remembered.

    What they leave unsent, and no sweep finds until then, is given up.
    """
    if drawn.limits.horizon > 1000 or "waits" not in drawn.stories:
        return drawn
    return replace(drawn, workers=tuple(replace(one, careless=False) for one in drawn.workers))


def with_haste(drawn: Schedule) -> Schedule:
    """Give early events little time to wait for their state, in some schedules."""
    random = Random(f"haste {drawn.seed}")
    if "early" not in drawn.stories or random.random() < 0.8:
        return drawn
    return replace(drawn, limits=replace(drawn.limits, defer_for=random.choice((2.0, 8.0))))


def with_redrives(drawn: Schedule) -> Schedule:
    """Have some processes end only by what is redriven after a fix."""
    random = Random(f"redrives {drawn.seed}")
    if random.random() < 0.96:
        return drawn
    pid, fixed = "mended", random.random() * 60
    redrives = [
        Act(fixed + random.random() * 90, "redrive", f"sim.notes/1.0.0/{pid}")
        for _ in range(random.randint(1, 5))
    ]
    return replace(
        drawn,
        given=tuple(mended(random, pid)),
        stories=("notes",),
        acts=tuple(redrives),
        workers=not_behind(drawn.workers),
        store_limit=1_000_000,
        fixed=fixed,
    )


def with_stale(drawn: Schedule) -> Schedule:
    """Have one process hear many events in some schedules, and copies when none is remembered.

    Nothing else goes wrong there: what is unsent for longer than anything is remembered is lost.
    """
    random = Random(f"stale {drawn.seed}")
    if random.random() < 0.97:
        return drawn
    return replace(
        drawn,
        given=tuple(crowd(random, "crowd")),
        stories=("notes",),
        acts=(),
        plan={},
        fleets=(),
        workers=tuple(replace(one, careless=False) for one in not_behind(drawn.workers)),
        limits=Limits(horizon=300.0),
        copies=0.3,
        stale=700.0,
        latency=random.choice((drawn.latency, 0.0)),  # heard when it is made
    )


def with_prunes(drawn: Schedule) -> Schedule:
    """Have some processes pruned, deleted and started anew all at once."""
    random = Random(f"prunes {drawn.seed}")
    if random.random() < 0.97 or drawn.acts:
        return drawn
    name, pid = "xorca.sim.first.start", "again"
    given, subject = [begins(name, pid)], f"sim.first/1.0.0/{pid}"
    acts = [Act(8.0, "cancel", subject)]
    for number in range(1, 5):
        at = 30.0 * number
        acts += [Act(at + random.random() * 6, "prune", seconds=0.0) for _ in range(4)]
        acts += [Act(at + random.random() * 3, "delete", subject, force=True)]
        given += [begins(name, pid, at=at + random.random() * 6, again=f"-{number}")]
    return replace(
        drawn, given=tuple(given), stories=("first",), acts=tuple(acts), plan={}, latency=3.0
    )


def with_doors(drawn: Schedule) -> Schedule:
    """Have processes that wait for people in some schedules; at times they are cancelled."""
    random = Random(f"doors {drawn.seed}")
    if random.random() < 0.85:
        return drawn
    name, pid, acts = "xorca.sim.door.start", "door", list(drawn.acts)
    given = [*drawn.given, begins(name, pid, n=random.randint(1, 3))]
    if random.random() < 0.4:
        at, subject = random.random() * 60, f"sim.door/1.0.0/{pid}"
        acts.append(Act(at, random.choice(("cancel", "delete")), subject, force=True))
        if random.random() < 0.6:
            given.append(begins(name, pid, at=at + random.random() * 60, n=2, again="-r"))
    stories = (*drawn.stories, "door")
    return replace(drawn, given=tuple(given), acts=tuple(acts), stories=stories)


def with_fleets(drawn: Schedule) -> Schedule:
    """Have real fleets serve the commands of some schedules."""
    random = Random(f"fleets {drawn.seed}")
    if random.random() < 0.75:
        return drawn
    fleets = tuple(draw_setup(random) for _ in range(random.choice((1, 2, 2))))
    since, lasts = random.random() * 10, random.choice((0.0, 0.0, 20.0, 90.0))
    return replace(
        drawn,
        fleets=fleets,
        forgetful=(since, since + lasts),
        causation=True,
        other_ids=False,
    )
