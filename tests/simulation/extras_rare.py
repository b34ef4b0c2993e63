"""What a few schedules have: bugs in deadlines and joins, heirs, floods, lost wake-ups, and such.

All of it is drawn from sources of its own, so that the other schedules stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.faults import draw_plan
from tests.simulation.schedule import Act, Given, Schedule
from tests.simulation.setups import draw_setup, not_behind
from tests.simulation.stories import begins, outside
from xorca.runtime import Limits

DEADLINES = frozenset({"pair", "waits", "slow"})


def with_rare(drawn: Schedule) -> Schedule:
    """Add something rare to some schedules, or put it in their place."""
    for add in (
        *(
            with_frail,
            with_heirs,
            with_pulses,
            with_lapses,
            with_tight,
            with_cuts,
            with_orphans,
            with_floods,
        ),
        *(with_deaf, with_coy, with_quiet),
    ):
        drawn = add(drawn)
    return drawn


def with_frail(drawn: Schedule) -> Schedule:
    """Have a deadline, a join or a start fail until a fix comes; it is redriven before and after."""
    random = Random(f"frail {drawn.seed}")
    if random.random() < 0.97:
        return drawn
    pid, fixed = random.choice(("frail", "frail", "notes")), 25 + random.random() * 60
    at = [fixed + random.random() * 120 - 30 for _ in range(random.randint(1, 6))]
    n = random.randint(1, 3) if pid == "frail" else 13  # it fails to start, that is
    return replace(
        drawn,
        given=(begins(f"xorca.sim.{pid}.start", pid, n=n),),
        stories=(pid,),
        acts=tuple(Act(one, "redrive", f"sim.{pid}/1.0.0/{pid}") for one in at),
        store_limit=1_000_000,
        fixed=fixed,
        deploy=None,
        stale=90.0,
        causation=True,
        other_ids=False,
    )


def with_heirs(drawn: Schedule) -> Schedule:
    """Have a process deleted, and begun anew on another version, while its answers still come."""
    random = Random(f"heirs {drawn.seed}")
    if random.random() < 0.97:
        return drawn
    name, pid, deploy = "xorca.sim.ver.start", "heir", 6 + random.random() * 12
    given, acts = [begins(name, pid)], list[Act]()
    at = deploy
    for number in range(1, random.randint(2, 4)):
        at += 5 + random.random() * 20
        for version in ("1.0.0", "2.0.0"):
            acts.append(Act(at, "delete", f"sim.ver/{version}/{pid}", force=True))
        at += 2 + random.random() * 20
        given.append(begins(name, pid, at=at, again=f"-{number}"))
    given += [_late_answer(pid, number, at * random.random() * 2) for number in range(4)]
    return replace(
        drawn,
        given=tuple(given),
        stories=("ver",),
        acts=tuple(acts),
        workers=not_behind(drawn.workers),
        limits=Limits(),
        store_limit=1_000_000,
        copies=max(drawn.copies, 0.3),
        stale=90.0,
        deploy=deploy,
        fixed=None,
    )


def _late_answer(pid: str, number: int, at: float) -> Given:
    id, subject = f"{pid}-late{number}", f"sim.ver/1.0.0/{pid}"
    return outside("evt.old.do.error", id, at=at, subject=subject, causationid=f"other-{number}")


def with_pulses(drawn: Schedule) -> Schedule:
    """Have what starts a process heard by it later, too, and have it deleted meanwhile."""
    random = Random(f"pulses {drawn.seed}")
    if random.random() < 0.97:
        return drawn
    pid, wanted = "pulse", random.randint(2, 6)
    given = [_beat(random, pid, wanted, number) for number in range(random.randint(3, 9))]
    times = [random.random() * 40 for _ in range(random.randrange(3))]
    acts = [Act(at, "delete", f"sim.pulse/1.0.0/{pid}", force=True) for at in times]
    return replace(
        drawn,
        given=tuple(given),
        stories=("pulse",),
        acts=tuple(acts),
        workers=not_behind(drawn.workers),
        limits=Limits(),
        store_limit=1_000_000,
        copies=max(drawn.copies, 0.3),
        stale=90.0,
        latency=random.choice((drawn.latency, 0.0)),  # heard when it is made
        deploy=None,
        fixed=None,
    )


def _beat(random: Random, pid: str, wanted: int, number: int) -> Given:
    at = random.random() * 40
    return outside("evt.pulse.beat", f"{pid}-{number}", at=at, n=wanted)


def with_lapses(drawn: Schedule) -> Schedule:
    """Have what came too early expire just when deadlines come, and workers die meanwhile."""
    random = Random(f"lapses {drawn.seed}")
    if random.random() < 0.97:
        return drawn
    pid, until = random.choice((("slow", 16.0), ("early", 8.0), ("early", 8.0)))
    subject, given = f"sim.{pid}/1.0.0/{pid}", [begins(f"xorca.sim.{pid}.start", pid)]
    for number in range(random.randint(1, 5)):
        at, id = random.random() * until, f"{pid}-note{number}"
        name = "note"
        if number and pid == "early":
            at, name = at * 5, random.choice(("hint", "hint", "word"))
        given.append(outside(f"evt.{name}.said", id, at=at, subject=subject))
    return replace(
        drawn,
        given=tuple(given),
        stories=(pid,),
        acts=(),
        plan=draw_plan(random, rate=random.choice((0.1, 0.3)), calls=100),
        limits=replace(Limits(), defer_for=random.choice((1.0, 4.0, 8.0))),
        workers=tuple(replace(draw_setup(random), batch=4) for _ in range(2)),
        latency=random.choice((0.05, 0.5)),
        store_limit=1_000_000,
        stale=90.0,
        deploy=None,
        fixed=None,
    )


def with_tight(drawn: Schedule) -> Schedule:
    """Have a process with dead letters hear more than its record has room for."""
    random = Random(f"tight {drawn.seed}")
    if random.random() < 0.985:
        return drawn
    pid, subject, said = "tight", "sim.notes/1.0.0/tight", [13, 13] + [1] * 80
    given = [begins("xorca.sim.notes.start", pid, n=80)]
    for number, n in enumerate(said):
        at, id = random.random() * (20 if n == 13 else 400), f"{pid}-note{number}"
        given.append(outside("evt.note.said", id, at=at, subject=subject, n=n))
    fixed = random.choice((None, 500.0))
    redrives = (Act(600.0, "redrive", subject), Act(700.0, "redrive", subject))
    return replace(
        drawn,
        given=tuple(given),
        stories=("notes",),
        acts=() if fixed is None else redrives,
        plan={},
        workers=not_behind(drawn.workers),
        limits=Limits(horizon=600.0),
        store_limit=random.choice((6_000, 7_000)),
        stale=90.0,
        deploy=None,
        fixed=fixed,
    )


def with_cuts(drawn: Schedule) -> Schedule:
    """Have a fan-out cancelled, ended or sent anew with most of it waiting, under many faults."""
    random = Random(f"cuts {drawn.seed}")
    if random.random() < 0.98:
        return drawn
    pid, at = random.choice(("fan", "hasty")), random.random() * 3
    subject = f"sim.{pid}/1.0.0/cut"
    given = [begins(f"xorca.sim.{pid}.start", "cut", n=random.choice((2, 3, 7)))]
    for number in range(random.randrange(3) if pid == "hasty" else 0):
        id, when = f"cut-note{number}", random.random() * 15
        given.append(outside("evt.note.said", id, at=when, subject=subject))
    acts = (Act(at, "cancel", subject), Act(at + 200, "sweep", seconds=0.0))
    return replace(
        drawn,
        given=tuple(given),
        stories=(pid,),
        acts=acts if pid == "fan" else (),
        plan=draw_plan(random, rate=random.choice((0.02, 0.2)), calls=100),
        limits=Limits(window=random.choice((1, 3)), gathered=100, backlog=60),
        store_limit=1_000_000,
        stale=90.0,
        deploy=None,
        fixed=None,
    )


def with_orphans(drawn: Schedule) -> Schedule:
    """Have events come for a process that nobody starts."""
    random = Random(f"orphans {drawn.seed}")
    if random.random() < 0.985:
        return drawn
    subject = "sim.notes/1.0.0/nobody"
    return replace(
        drawn,
        given=tuple(
            outside("evt.note.said", f"orphan-{number}", at=random.random() * 9, subject=subject)
            for number in range(random.randint(1, 3))
        ),
        stories=("notes",),
        acts=(),
        plan=draw_plan(random, rate=0.3, calls=100),
        workers=tuple(replace(one, careless=False) for one in drawn.workers),
        store_limit=1_000_000,
        stale=90.0,
        deploy=None,
        fixed=None,
    )


def with_floods(drawn: Schedule) -> Schedule:
    """Have a source do no more than a few times what has no effect."""
    random = Random(f"floods {drawn.seed}")
    stories = {"notes", "early", "waits", "fan", "first"}
    if random.random() < 0.9 or not stories.issuperset(drawn.stories):
        return drawn
    return replace(drawn, limits=replace(drawn.limits, noise=random.choice((1, 2, 3))))


def with_deaf(drawn: Schedule) -> Schedule:
    """Have an alarm lose wake-ups; a sweep sets them again."""
    random = Random(f"deaf {drawn.seed}")
    if random.random() < 0.75 or not DEADLINES.intersection(drawn.stories):
        return drawn
    sweeps = [Act(random.random() * 200, "sweep", seconds=5.0) for _ in range(2)]
    return replace(drawn, deaf=random.choice((0.2, 0.6)), acts=(*drawn.acts, *sweeps))


def with_coy(drawn: Schedule) -> Schedule:
    """Have services that ask for a command to come again, and fleets that prune their memory."""
    random = Random(f"coy {drawn.seed}")
    if random.random() < 0.5 or not drawn.fleets:
        return drawn
    prunes = tuple(random.random() * 30 for _ in range(random.randrange(4)))
    return replace(drawn, coy=random.choice((0.0, 0.3)), fleet_prunes=prunes)


def with_quiet(drawn: Schedule) -> Schedule:
    """Have nothing go wrong at all."""
    random = Random(f"quiet {drawn.seed}")
    if random.random() < 0.97 or drawn.acts or drawn.fixed is not None:
        return drawn
    worker = replace(drawn.workers[0], careless=False)
    return replace(
        drawn, plan={}, workers=(worker,), copies=0.0, latency=0.05, leases=False, deploy=None
    )
